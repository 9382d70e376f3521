import { readAppId, readUserIdentifier } from '../checks/identifiers'
import { LIMITS } from '../checks/limits'
import { readProperties } from '../checks/properties'
import { checkKeys, has, readEntries, readString, readText } from '../checks/shape'
import type { JsonObject } from '../checks/shape'
import type { HeapEvent } from '../heapCall'
import { readEventOptions } from './track'

/** `POST /api/integrations/track`: events in the form that Segment's own destinations post. */
export function readIntegrationsTrack(body: JsonObject) {
  checkKeys(body, '', ['app_id', 'library', 'events'], [])
  const app_id = readAppId(body)
  const library = readText(body, 'library', '')
  const events = readEntries(body, 'events', (entry, at) => readEvent(entry, at, library))
  return { app_id, events }
}

function readEvent(entry: JsonObject, at: string, library: string): HeapEvent {
  checkKeys(entry, at, ['event', 'user_identifier'], ['custom_properties', 'idempotency_key', 'timestamp'])
  return {
    event: readText(entry, 'event', at, LIMITS.eventName),
    user_identifier: readUserIdentifier(entry, at),
    properties: has(entry, 'custom_properties') ? readProperties(entry, 'custom_properties', at, readString) : {},
    ...readEventOptions(entry, at),
    library
  }
}
