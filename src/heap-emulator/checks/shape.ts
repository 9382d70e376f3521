import { HeapError } from '../heapError'
import { LIMITS } from './limits'
import { checkStorable } from './text'
import { charactersLong, kindOf, placeOf } from './wording'

/** A JSON object of which nothing else is known. */
export type JsonObject = Record<string, unknown>

/** Whether JSON is an object, not a list. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether an object has a key of its own. */
export function has(object: JsonObject, key: string): boolean {
  return Object.hasOwn(object, key)
}

/** The body as an object. */
export function readBody(body: unknown): JsonObject {
  if (isObject(body)) return body
  throw new HeapError(400, `the body is ${kindOf(body)}; it must be a JSON object`)
}

/** Refuses keys that Heap does not document, so that a typo cannot go unnoticed, and an object that lacks one. */
export function checkKeys(object: JsonObject, at: string, required: string[], optional: string[]): void {
  for (const key of Object.keys(object)) {
    if (required.includes(key) || optional.includes(key)) continue
    const known = [...required, ...optional].join(', ')
    throw new HeapError(400, `${placeOf(at, key)} is not a key that Heap documents; the keys here are ${known}`)
  }
  const missing = required.find((key) => !has(object, key))
  if (missing !== undefined) throw new HeapError(400, `${placeOf(at, missing)} is missing`)
}

/** The entries under a key, 1 to `most` objects, each read by `read`. */
export function readEntries<Entry>(
  body: JsonObject,
  key: string,
  read: (entry: JsonObject, at: string) => Entry,
  most: number = LIMITS.entries
): Entry[] {
  const entries: unknown = body[key]
  if (!Array.isArray(entries)) throw new HeapError(400, `${key} is ${kindOf(entries)}; it must be an array`)
  if (entries.length < 1 || entries.length > most) {
    throw new HeapError(400, `${key} has ${entries.length} entries; it must have 1 to ${most}`)
  }
  return entries.map((entry: unknown, index) => {
    const at = `${key}[${index}]`
    if (!isObject(entry)) throw new HeapError(400, `${at} is ${kindOf(entry)}; it must be an object`)
    return read(entry, at)
  })
}

/** The object under a key. */
export function readObject(object: JsonObject, key: string, at: string): JsonObject {
  const value = object[key]
  if (isObject(value)) return value
  throw new HeapError(400, `${placeOf(at, key)} is ${kindOf(value)}; it must be an object`)
}

/** The string under a key, which can be stored. */
export function readString(object: JsonObject, key: string, at: string): string {
  const value = object[key]
  if (typeof value === 'string') {
    checkStorable(value, placeOf(at, key))
    return value
  }
  throw new HeapError(400, `${placeOf(at, key)} is ${kindOf(value)}; it must be a string`)
}

/** A string that is not empty, of at most `max` characters. */
export function readText(object: JsonObject, key: string, at: string, max = Infinity): string {
  const value = readString(object, key, at)
  if (value.length === 0) throw new HeapError(400, `${placeOf(at, key)} is empty; it must have at least 1 character`)
  if (value.length > max) {
    throw new HeapError(400, `${placeOf(at, key)} is ${charactersLong(value)}; it must be ${max} or fewer`)
  }
  return value
}
