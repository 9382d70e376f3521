import { readBody } from '../checks/shape'
import type { JsonObject } from '../checks/shape'
import type { HeapCall } from '../heapCall'
import { readAccountProperties } from './accountProperties'
import { readIdentify } from './identify'
import { readIntegrationsTrack } from './integrationsTrack'
import { readTrack } from './track'
import { readUserProperties } from './userProperties'

type Reader = (body: JsonObject) => Partial<HeapCall> & { app_id: string }

const readers: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['/api/integrations/track', readIntegrationsTrack],
  ['/api/track', readTrack],
  ['/api/add_user_properties', readUserProperties],
  ['/api/add_account_properties', readAccountProperties],
  ['/api/v1/identify', readIdentify]
])

/**
 * The function that checks a body sent to this path against everything that Heap documents for it. Keys that Heap does
 * not document are refused at every level.
 *
 * @param path Must match an endpoint to the letter, with no query.
 * @returns `undefined` if there is no such endpoint. Else a function that takes the parsed JSON, gives back what is to
 * be stored (arrays already joined by two pipes) and throws a 400 `HeapError` for the first problem it finds.
 */
export function endpointAt(path: string): ((body: unknown) => HeapCall) | undefined {
  const read = readers.get(path)
  return read && ((body) => ({ events: [], users: [], accounts: [], merges: [], ...read(readBody(body)) }))
}
