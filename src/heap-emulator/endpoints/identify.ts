import { readAppId, readIdentity, readUserId } from '../checks/identifiers'
import { checkKeys, has } from '../checks/shape'
import type { JsonObject } from '../checks/shape'
import { readTimestamp } from '../checks/timestamp'

/** `POST /api/v1/identify` (Heap, Identify): moves the events of a visitor to an identity. */
export function readIdentify(body: JsonObject) {
  checkKeys(body, '', ['app_id', 'user_id', 'identity'], ['timestamp'])
  if (has(body, 'timestamp')) readTimestamp(body, '')
  return { app_id: readAppId(body), merges: [{ user_id: readUserId(body, ''), identity: readIdentity(body, '') }] }
}
