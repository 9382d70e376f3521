import { InvalidPayloadError } from './invalidPayload'
import { cut, MAX_PROPERTY_LENGTH } from './text'

/** Heap's flat properties: every key and value a string of at most {@link MAX_PROPERTY_LENGTH} characters. */
export type FlatProperties = Record<string, string>

/** Like {@link FlatProperties}, with numbers and booleans as they are: Heap's library in the browser takes them. */
export type TypedProperties = Record<string, string | number | boolean>

/**
 * Turns any Segment object into Heap's flat properties: nested objects become `parent.key`, arrays JSON, everything else its string.
 *
 * Keys and values are cut to {@link MAX_PROPERTY_LENGTH} UTF-16 characters; of two keys that meet, the later wins.
 * `null`, `undefined`, `NaN`, infinities, functions, symbols and empty objects become nothing.
 * The time it takes grows with the number of leaves, the depth is not limited.
 *
 * @param sources objects whose properties are taken one after the other, as if they were one object
 * @throws {@link InvalidPayloadError} for an object that contains itself and for an array that JSON cannot express.
 */
export function flatten(...sources: object[]): FlatProperties {
  return flattenAll(sources, false, stringify)
}

/** Like {@link flatten}, but an array becomes its entries under `parent.0`, `parent.1`, …, and an empty one nothing. */
export function flattenByIndex(...sources: object[]): FlatProperties {
  return flattenAll(sources, true, stringify)
}

/** Like {@link flatten}, but numbers and booleans stay what they are. */
export function flattenTyped(...sources: object[]): TypedProperties {
  return flattenAll(sources, false, scalar)
}

/** One of the ways to flatten that make strings of everything. */
export type Flatten = typeof flatten

/** Makes of a value that is no object what is sent, or undefined for what Heap stores nothing of. */
type LeafOf<Value> = (value: unknown, path: string) => Value | undefined

function flattenAll<Value>(sources: object[], indexArrays: boolean, leafOf: LeafOf<Value>): Record<string, Value> {
  // Without a prototype while it is filled: a key such as __proto__ is data like any other.
  const flat = Object.create(null) as Record<string, Value>
  for (const source of sources) flattenInto(flat, source, indexArrays, leafOf)
  return Object.setPrototypeOf(flat, Object.prototype) as Record<string, Value>
}

/**
 * Flattens a person's traits, under names that Heap takes for user properties.
 *
 * `id` in any casing and `user_id` travel as `segment_id` and `segment_user_id`; another casing of `email` becomes `email`.
 * A name sent exactly as the new one wins over the renamed. Source: Heap, Add User Properties.
 *
 * @throws {@link InvalidPayloadError} as {@link flatten} does.
 */
export function flattenTraits(traits: object, flattenWith?: Flatten): FlatProperties
export function flattenTraits(traits: object, flattenWith: typeof flattenTyped): TypedProperties
export function flattenTraits(traits: object, flattenWith: Flatten | typeof flattenTyped = flatten): TypedProperties {
  const flat: TypedProperties = flattenWith(traits)
  const renamed: TypedProperties = {}
  for (const key of Object.keys(flat)) {
    const name = userPropertyName(key)
    if (name === key) continue
    renamed[name] = flat[key]
    delete flat[key]
  }
  return { ...renamed, ...flat }
}

const CIRCULAR = 'contains itself, so it has no end and cannot be sent. Send the values that you need instead.'

/** A loop, not a recursion: an event may nest deeper than the call stack. */
function flattenInto<Value>(
  flat: Record<string, Value>,
  source: object,
  indexArrays: boolean,
  leafOf: LeafOf<Value>
): void {
  const ancestors = new Set<object>([source])
  let walk: Walk | undefined = startWalk(source, '')
  while (walk) {
    const nested = flattenLeaves(flat, walk, indexArrays, leafOf)
    if (nested === undefined) {
      ancestors.delete(walk.source)
      walk = walk.parent
    } else {
      if (ancestors.has(nested.source)) throw unsendable(nested.prefix.slice(0, -1), CIRCULAR)
      ancestors.add(nested.source)
      walk = nested
    }
  }
}

/** An object being walked: which of its keys comes next, what its keys are prefixed with, and the walk to return to. */
interface Walk {
  source: Record<string, unknown>
  keys: string[]
  next: number
  prefix: string
  parent?: Walk
}

function startWalk(source: object, prefix: string, parent?: Walk): Walk {
  return { source: source as Record<string, unknown>, keys: Object.keys(source), next: 0, prefix, parent }
}

/** Writes leaves from where the walk stands, up to the next object to go into; undefined when there is none left. */
function flattenLeaves<Value>(
  flat: Record<string, Value>,
  walk: Walk,
  indexArrays: boolean,
  leafOf: LeafOf<Value>
): Walk | undefined {
  const { source, keys, prefix } = walk
  while (walk.next < keys.length) {
    const key = keys[walk.next++]
    // Past the limit a longer path makes no other key, so it stops growing.
    const path = prefix.length > MAX_PROPERTY_LENGTH ? prefix : prefix + key
    let value = source[key]
    if (typeof value === 'object' && value !== null) {
      value = withoutToJSON(value, path)
      if (isObject(value) || (indexArrays && Array.isArray(value))) return startWalk(value, `${path}.`, walk)
    }
    const leaf = leafOf(value, path)
    if (leaf !== undefined) flat[cut(path)] = leaf
  }
  return undefined
}

/** The property at a path holds a value that no Heap property can express. */
function unsendable(path: string, problem: string): InvalidPayloadError {
  return new InvalidPayloadError(`Property "${cut(path)}" ${problem}`)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What `toJSON` gives, asked again as long as the result has one of its own. */
function withoutToJSON(value: unknown, path: string): unknown {
  let plain = value
  for (let asked = 0; hasToJSON(plain); asked++) {
    const result = attempt(plain, path)
    if (result === plain) return plain
    if (asked === 100) throw unsendable(path, 'has a toJSON whose answers never end. Send a plain value instead.')
    plain = result
  }
  return plain
}

function attempt(value: { toJSON: () => unknown }, path: string): unknown {
  try {
    return value.toJSON()
  } catch (error) {
    throw unsendable(path, `has a toJSON that fails (${message(error)}). Send a plain value instead.`)
  }
}

function hasToJSON(value: unknown): value is { toJSON: () => unknown } {
  return typeof value === 'object' && value !== null && typeof (value as { toJSON?: unknown }).toJSON === 'function'
}

/** The string of a value that is no object, cut to Heap's limit. */
function stringify(value: unknown, path: string): string | undefined {
  switch (typeof value) {
    case 'string':
      return cut(value)
    case 'number':
      return Number.isFinite(value) ? String(value) : undefined
    case 'boolean':
      return String(value)
    case 'bigint':
      return cut(String(value))
    case 'object':
      return value === null ? undefined : cut(stringifyArray(value, path))
    default:
      return undefined
  }
}

/** A number or boolean as it is, anything else as its string. */
function scalar(value: unknown, path: string): string | number | boolean | undefined {
  if (typeof value === 'boolean') return value
  return typeof value === 'number' && Number.isFinite(value) ? value : stringify(value, path)
}

function stringifyArray(array: object, path: string): string {
  try {
    return JSON.stringify(array)
  } catch (error) {
    throw unsendable(path, `is an array that cannot be written as JSON (${message(error)}). Send plain values.`)
  }
}

function message(error: unknown): string {
  return error instanceof Error ? error.message.split('\n')[0] : String(error)
}

function userPropertyName(key: string): string {
  if (key === 'user_id') return 'segment_user_id'
  const lower = key.length <= 5 ? key.toLowerCase() : key
  if (lower === 'id') return 'segment_id'
  return lower === 'email' ? lower : key
}
