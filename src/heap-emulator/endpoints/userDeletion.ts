import { readIdentity, readUserId } from '../checks/identifiers'
import { LIMITS } from '../checks/limits'
import { checkKeys, has, readBody, readEntries } from '../checks/shape'
import type { JsonObject } from '../checks/shape'
import type { DeletedUser } from '../heapCall'
import { HeapError } from '../heapError'

/**
 * `POST /api/public/v0/user_deletion` (Heap, User Deletion): the people to delete.
 *
 * @throws {HeapError} 400 for the first problem found.
 */
export function readUserDeletion(body: unknown): DeletedUser[] {
  const given = readBody(body)
  checkKeys(given, '', ['users'], [])
  return readEntries(given, 'users', readDeletedUser, LIMITS.deletedUsers)
}

function readDeletedUser(entry: JsonObject, at: string): DeletedUser {
  checkKeys(entry, at, [], ['identity', 'user_id'])
  if (has(entry, 'identity') === has(entry, 'user_id')) {
    throw new HeapError(400, `${at} must have exactly one of identity and user_id`)
  }
  return has(entry, 'identity') ? { identity: readIdentity(entry, at) } : { user_id: readUserId(entry, at) }
}
