import type { PropertyValue } from '../heapCall'
import { HeapError } from '../heapError'
import { checkNamesSomebody } from './identifiers'
import { LIMITS } from './limits'
import { readObject } from './shape'
import type { JsonObject } from './shape'
import { checkStorable } from './text'
import { charactersLong, kindOf, placeOf, quote } from './wording'

/** Reads one value of a kind of properties. */
export type ValueReader = (object: JsonObject, key: string, at: string) => PropertyValue

/** The properties under a key, each value read by `read`; keys and values of fewer than 1024 characters (Heap, Limits). */
export function readProperties(
  object: JsonObject,
  key: string,
  parent: string,
  read: ValueReader
): Record<string, PropertyValue> {
  const given = readObject(object, key, parent)
  const at = placeOf(parent, key)
  // fromEntries keeps a property called __proto__ a property.
  return Object.fromEntries(Object.keys(given).map((name) => [name, readProperty(given, name, at, read)]))
}

function readProperty(given: JsonObject, name: string, at: string, read: ValueReader): PropertyValue {
  if (name.length >= LIMITS.propertyBelow) {
    throw new HeapError(
      400,
      `${at} has a key of ${name.length} characters, ${quote(name)}; it must be fewer than ${LIMITS.propertyBelow}`
    )
  }
  checkStorable(name, `${at} has the key ${quote(name)}, which`)
  const value = read(given, name, at)
  if (typeof value !== 'string') return value
  const place = placeOf(at, name)
  checkStorable(value, place)
  if (value.length >= LIMITS.propertyBelow) {
    throw new HeapError(400, `${place} is ${charactersLong(value)}; it must be fewer than ${LIMITS.propertyBelow}`)
  }
  return value
}

/** A value of an event or account: a string, a number, or an array of those, which Heap stores joined by two pipes. */
export function readPropertyValue(given: JsonObject, name: string, at: string): PropertyValue {
  const value = given[name]
  if (isScalar(value)) return value
  if (!Array.isArray(value)) {
    const rule = 'it must be a string, a number, or an array of those'
    throw new HeapError(400, `${placeOf(at, name)} is ${kindOf(value)}; ${rule}`)
  }
  value.forEach((element: unknown, index) => {
    if (isScalar(element)) return
    throw new HeapError(400, `${placeOf(at, name)}[${index}] is ${kindOf(element)}; it must be a string or a number`)
  })
  return value.join('||')
}

/** By these Heap joins a visitor to a user, and a user to an account (Heap, Add User Properties; Add Account Properties). */
const JOINING = new Set(['anonymous_id', 'account_id'])

/** A value of a user, whose property Heap does not keep for itself (Heap, Add User Properties). */
export function readUserPropertyValue(given: JsonObject, name: string, at: string): PropertyValue {
  if (name.toLowerCase() === 'id' || name === 'user_id') {
    throw new HeapError(
      400,
      `${placeOf(at, name)} has a name that Heap keeps for itself; call the property something else`
    )
  }
  const value = readPropertyValue(given, name, at)
  if (JOINING.has(name)) checkNamesSomebody(String(value), placeOf(at, name))
  return value
}

/** JSON's `1e999` parses to Infinity, which no store can hold. */
function isScalar(value: unknown): value is PropertyValue {
  return typeof value === 'string' || Number.isFinite(value)
}
