import { readAppId, readIdempotencyKey, readIdentity, readUserId } from '../checks/identifiers'
import { LIMITS } from '../checks/limits'
import { readProperties, readPropertyValue } from '../checks/properties'
import { checkKeys, has, readEntries, readText } from '../checks/shape'
import type { JsonObject } from '../checks/shape'
import { readTimestamp } from '../checks/timestamp'
import type { HeapEvent } from '../heapCall'
import { HeapError } from '../heapError'

const REQUIRED = ['event']
const OPTIONAL = ['identity', 'user_id', 'properties', 'timestamp', 'idempotency_key', 'session_id']

/** `POST /api/track` (Heap, Track; Bulk Track): one event, or a list of them. */
export function readTrack(body: JsonObject) {
  if (has(body, 'events')) {
    checkKeys(body, '', ['app_id', 'events'], [])
    return { app_id: readAppId(body), events: readEntries(body, 'events', readBulkEvent) }
  }
  checkKeys(body, '', ['app_id', ...REQUIRED], OPTIONAL)
  return { app_id: readAppId(body), events: [readEvent(body, '')] }
}

/** What both track endpoints take beside an event. */
export function readEventOptions(entry: JsonObject, at: string): Pick<HeapEvent, 'timestamp' | 'idempotency_key'> {
  return {
    ...(has(entry, 'timestamp') && { timestamp: readTimestamp(entry, at) }),
    ...(has(entry, 'idempotency_key') && { idempotency_key: readIdempotencyKey(entry, at) })
  }
}

function readBulkEvent(entry: JsonObject, at: string): HeapEvent {
  checkKeys(entry, at, REQUIRED, OPTIONAL)
  return readEvent(entry, at)
}

function readEvent(entry: JsonObject, at: string): HeapEvent {
  if (has(entry, 'identity') === has(entry, 'user_id')) {
    const found = has(entry, 'identity') ? 'both identity and user_id' : 'neither identity nor user_id'
    throw new HeapError(400, `${at || 'the body'} has ${found}; it must have exactly one of them`)
  }
  return {
    event: readText(entry, 'event', at, LIMITS.eventName),
    user_identifier: has(entry, 'identity')
      ? { identity: readIdentity(entry, at) }
      : { user_id: readUserId(entry, at) },
    properties: has(entry, 'properties') ? readProperties(entry, 'properties', at, readPropertyValue) : {},
    ...readEventOptions(entry, at),
    ...(has(entry, 'session_id') && { session_id: readText(entry, 'session_id', at) })
  }
}
