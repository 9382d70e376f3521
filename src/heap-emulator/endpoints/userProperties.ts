import { readAppId, readIdentity } from '../checks/identifiers'
import { readProperties, readUserPropertyValue } from '../checks/properties'
import { checkKeys, has, readEntries } from '../checks/shape'
import type { JsonObject } from '../checks/shape'
import type { HeapUserUpdate } from '../heapCall'

const KEYS = ['identity', 'properties']

/** `POST /api/add_user_properties` (Heap, Add User Properties; Bulk Add User Properties): one user, or a list of them. */
export function readUserProperties(body: JsonObject) {
  if (has(body, 'users')) {
    checkKeys(body, '', ['app_id', 'users'], [])
    return { app_id: readAppId(body), users: readEntries(body, 'users', readBulkUser) }
  }
  checkKeys(body, '', ['app_id', ...KEYS], [])
  return { app_id: readAppId(body), users: [readUser(body, '')] }
}

function readBulkUser(entry: JsonObject, at: string): HeapUserUpdate {
  checkKeys(entry, at, KEYS, [])
  return readUser(entry, at)
}

function readUser(entry: JsonObject, at: string): HeapUserUpdate {
  return {
    identity: readIdentity(entry, at),
    properties: readProperties(entry, 'properties', at, readUserPropertyValue)
  }
}
