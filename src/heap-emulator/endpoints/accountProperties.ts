import { readAppId, readId } from '../checks/identifiers'
import { readProperties, readPropertyValue } from '../checks/properties'
import { checkKeys, has, readEntries } from '../checks/shape'
import type { JsonObject } from '../checks/shape'
import type { HeapAccountUpdate } from '../heapCall'

const KEYS = ['account_id', 'properties']

/** `POST /api/add_account_properties` (Heap, Add Account Properties): one account, or a list of them. */
export function readAccountProperties(body: JsonObject) {
  if (has(body, 'accounts')) {
    checkKeys(body, '', ['app_id', 'accounts'], [])
    return { app_id: readAppId(body), accounts: readEntries(body, 'accounts', readBulkAccount) }
  }
  checkKeys(body, '', ['app_id', ...KEYS], [])
  return { app_id: readAppId(body), accounts: [readAccount(body, '')] }
}

function readBulkAccount(entry: JsonObject, at: string): HeapAccountUpdate {
  checkKeys(entry, at, KEYS, [])
  return readAccount(entry, at)
}

function readAccount(entry: JsonObject, at: string): HeapAccountUpdate {
  return {
    account_id: readId(entry, 'account_id', at),
    properties: readProperties(entry, 'properties', at, readPropertyValue)
  }
}
