import type { UserIdentifier } from '../heapCall'
import { HeapError } from '../heapError'
import { LIMITS } from './limits'
import { namesNobody } from './nobody'
import { checkKeys, has, readObject, readString, readText } from './shape'
import type { JsonObject } from './shape'
import { charactersLong, placeOf, quote } from './wording'

/** The App ID of the environment, digits alone. */
export function readAppId(body: JsonObject): string {
  const value = readString(body, 'app_id', '')
  if (!/^\d+$/.test(value)) throw new HeapError(400, `app_id is ${quote(value)}; it must be a string of digits`)
  return value
}

/** Whom an event of integrations/track is about: at least one of four keys. */
export function readUserIdentifier(entry: JsonObject, parent: string): UserIdentifier {
  const at = placeOf(parent, 'user_identifier')
  const given = readObject(entry, 'user_identifier', parent)
  checkKeys(given, at, [], ['identity', 'anonymous_id', 'user_id', 'email'])
  if (Object.keys(given).length === 0) {
    throw new HeapError(400, `${at} is empty; it must hold at least one of identity, anonymous_id, user_id, email`)
  }
  return {
    ...(has(given, 'identity') && { identity: readIdentity(given, at) }),
    ...(has(given, 'anonymous_id') && { anonymous_id: readId(given, 'anonymous_id', at) }),
    ...(has(given, 'user_id') && { user_id: readUserId(given, at) }),
    ...(has(given, 'email') && { email: readId(given, 'email', at) })
  }
}

/** An identity of 1 to 255 characters that names somebody. */
export function readIdentity(object: JsonObject, at: string): string {
  return readId(object, 'identity', at, LIMITS.identity)
}

/** An ID that names one person, visitor or account. */
export function readId(object: JsonObject, key: string, at: string, max?: number): string {
  const value = readText(object, key, at, max)
  checkNamesSomebody(value, placeOf(at, key))
  return value
}

/**
 * Refuses an ID that names nobody: it would be shared by strangers (Heap, Identities that must never be sent).
 *
 * @throws {HeapError} 400
 */
export function checkNamesSomebody(id: string, place: string): void {
  if (!namesNobody(id)) return
  throw new HeapError(
    400,
    `${place} is ${quote(id)}, which names nobody; everyone it is sent for would be merged into one`
  )
}

/** Heap's own ID of a visitor or user. */
export function readUserId(object: JsonObject, at: string): string {
  const value = readString(object, 'user_id', at)
  if (!/^\d{1,32}$/.test(value) || BigInt(value) > LIMITS.userId) {
    const rule = `it must be Heap's own ID, a whole number from 0 to ${LIMITS.userId} written as a string`
    throw new HeapError(400, `${placeOf(at, 'user_id')} is ${quote(value)}; ${rule}`)
  }
  return value
}

/** The key under which Heap stores an event once. */
export function readIdempotencyKey(object: JsonObject, at: string): string {
  const value = readString(object, 'idempotency_key', at)
  if (value.length < LIMITS.idempotencyKeyAtLeast) {
    const place = placeOf(at, 'idempotency_key')
    throw new HeapError(400, `${place} is ${charactersLong(value)}; it must be ${LIMITS.idempotencyKeyAtLeast} or more`)
  }
  return value
}
