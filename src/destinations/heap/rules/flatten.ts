import { isObject } from './fields'
import { InvalidPayloadError } from './invalidPayload'
import { Path } from './path'
import { cut, MAX_PROPERTY_LENGTH, quoted, reasonOf, storable, storableJson } from './text'

/** Heap's flat properties: every key and value a string of at most {@link MAX_PROPERTY_LENGTH} characters. */
export type FlatProperties = Record<string, string>

/** Like {@link FlatProperties}, with numbers and booleans as they are: Heap's library in the browser takes them. */
export type TypedProperties = Record<string, string | number | boolean>

/**
 * What becomes of objects and lists in properties. Source: Segment, the destination heap-cloud, but for the first.
 *
 * - `flatten_objects`: objects by dotted names (`order.total`), lists as one JSON text
 * - `flatten`: objects and lists by dotted names (`foods.0`)
 * - `stringify`: each object or list as one JSON text
 * - `drop`: nothing
 */
export type NestedMode = 'flatten_objects' | 'flatten' | 'stringify' | 'drop'

/**
 * Turns any Segment object into Heap's flat properties.
 *
 * Keys and values are cut to {@link MAX_PROPERTY_LENGTH} UTF-16 characters; of two keys that meet, the later wins. What a store
 * cannot hold is left out of them; see storable. `null`, `undefined`, `NaN`, infinities, functions, symbols and empty objects
 * become nothing. JSON that is too long keeps as many whole entries from its start as fit, and `<key>.omitted` says how many
 * were left out, unless the object has a property of that name. Time grows with the number of leaves; depth is not limited.
 *
 * @param into properties to add these to
 * @throws InvalidPayloadError for an object that contains itself, and for what cannot be read or written as JSON
 */
export function flatten(
  properties: object,
  mode: NestedMode = 'flatten_objects',
  into: FlatProperties = {}
): FlatProperties {
  return flattenInto(into, properties, mode, stringify)
}

/** Like {@link flatten} in its first mode, but numbers and booleans stay what they are. */
export function flattenTyped(properties: object): TypedProperties {
  return flattenInto<string | number | boolean>({}, properties, 'flatten_objects', scalar)
}

/**
 * Gives a person's flat traits the names that Heap takes for user properties.
 *
 * `id` in any casing and `user_id` travel as `segment_id` and `segment_user_id`; another casing of `email` becomes `email`.
 * A name sent exactly as the new one wins over the renamed. What says how many entries of a list were left out goes with it.
 * Source: Heap, Add User Properties.
 */
export function asUserProperties<Value>(flat: Record<string, Value>): Record<string, Value> {
  let renamed: Record<string, Value> | undefined
  for (const key of Object.keys(flat)) {
    const name = userPropertyName(key)
    if (name === key) continue
    renamed ??= {}
    const count = countKey(flat, key)
    // That of another casing, which this one wins over.
    delete renamed[omittedKey(name)]
    if (count !== undefined) {
      if (!(name in flat)) renamed[omittedKey(name)] = flat[count]
      delete flat[count]
    }
    renamed[name] = flat[key]
    delete flat[key]
  }
  return renamed ? { ...renamed, ...flat } : flat
}

function userPropertyName(key: string): string {
  if (key.length > 7) return key
  if (key === 'user_id') return 'segment_user_id'
  const lower = key.toLowerCase()
  if (lower === 'id') return 'segment_id'
  return lower === 'email' ? lower : key
}

/** Makes of a value that is no object what is sent, or undefined for what Heap stores nothing of. */
type LeafOf<Value> = (value: unknown) => Value | undefined

/** An object being walked: which of its keys comes next, where it stands, and the walk to return to. */
interface Walk {
  source: Record<string, unknown>
  keys: string[]
  next: number
  place: Path
  depth: number
  parent?: Walk
}

/** How many entries of its list, or of its object, did not fit a property, by its name. */
type Omissions = Map<string, number>

/** Ordinary objects end before this depth; below it, each is looked for in itself. */
const SUSPICIOUS_DEPTH = 64

/** Ends the name of a property that says how many entries of another were left out. */
export const OMITTED = '.omitted'

const CIRCULAR = 'contains itself, so it has no end and cannot be sent. Send the values that you need instead.'

/** A loop, not a recursion: an event may nest deeper than the call stack. */
function flattenInto<Value>(
  flat: Record<string, Value | string>,
  source: object,
  mode: NestedMode,
  leafOf: LeafOf<Value>
): Record<string, Value | string> {
  let ancestors: Set<object> | undefined
  const omissions: Omissions = new Map()
  let walk: Walk | undefined = startWalk(source, Path.root)
  while (walk) {
    const nested = flattenLeaves(flat, walk, mode, leafOf, omissions)
    if (nested === undefined) {
      ancestors?.delete(walk.source)
      walk = walk.parent
      continue
    }
    walk = nested
    if (walk.depth < SUSPICIOUS_DEPTH) continue
    ancestors ??= new Set()
    if (ancestors.has(walk.source)) throw unsendable(firstRepeated(walk), CIRCULAR)
    ancestors.add(walk.source)
  }
  if (omissions.size > 0) addCounts(flat, omissions, leafOf)
  return flat
}

/** A property that an event has by the name of a count stays. */
function addCounts<Value>(flat: Record<string, Value | string>, omissions: Omissions, leafOf: LeafOf<Value>): void {
  const counts = new Map([...omissions].map(([name, count]) => [omittedKey(name), leafOf(count)]))
  for (const [key, count] of counts) {
    if (!(key in flat) && count !== undefined) flat[key] = count
  }
}

function startWalk(source: object, place: Path, parent?: Walk): Walk {
  const depth = parent ? parent.depth + 1 : 0
  return { source: source as Record<string, unknown>, keys: Object.keys(source), next: 0, place, depth, parent }
}

/** Writes leaves from where the walk stands, up to the next object to go into; undefined when there is none left. */
function flattenLeaves<Value>(
  flat: Record<string, Value | string>,
  walk: Walk,
  mode: NestedMode,
  leafOf: LeafOf<Value>,
  omissions: Omissions
): Walk | undefined {
  const { source, keys } = walk
  let place = walk.place
  try {
    while (walk.next < keys.length) {
      const key = keys[walk.next++]
      place = walk.place.to(key)
      let value = source[key]
      if (typeof value === 'object' && value !== null) {
        value = withoutToJSON(value, place)
        if (isObject(value)) {
          if (mode === 'drop') continue
          if (mode === 'flatten' || (mode === 'flatten_objects' && !Array.isArray(value))) {
            return startWalk(value, place, walk)
          }
          setProperty(flat, place.name, jsonWithinLimit(value, place, omissions))
          continue
        }
      }
      const leaf = leafOf(value)
      if (leaf === undefined) continue
      setProperty(flat, place.name, leaf)
      omissions.delete(place.name)
    }
  } catch (error) {
    if (error instanceof InvalidPayloadError) throw error
    throw unsendable(place, `cannot be read (${reasonOf(error)}). Send a plain value instead.`)
  }
  return undefined
}

/** Sets a property under any name: `__proto__` is data like any other. */
export function setProperty<Value>(flat: Record<string, Value>, key: string, value: Value): void {
  if (key === '__proto__') {
    Object.defineProperty(flat, key, { value, configurable: true, enumerable: true, writable: true })
  } else {
    flat[key] = value
  }
}

/** Where an object stands that is its own ancestor, as the last of a walk is: as near to the root as it first happens. */
function firstRepeated(last: Walk): Path {
  const ancestors: Walk[] = []
  for (let walk = last.parent; walk; walk = walk.parent) ancestors.unshift(walk)
  const seen = new Set<object>()
  for (const { source, place } of ancestors) {
    if (seen.has(source)) return place
    seen.add(source)
  }
  return last.place
}

/** The property at a place holds a value that no Heap property can express. */
function unsendable({ path }: Path, problem: string): InvalidPayloadError {
  return new InvalidPayloadError(`Property ${quoted(path)} ${problem}`)
}

/** What `toJSON` gives, asked again as long as the result has one of its own. */
function withoutToJSON(value: object, place: Path): unknown {
  let plain: unknown = value
  for (let asked = 0; hasToJSON(plain); asked++) {
    const result = attempt(plain, place)
    if (result === plain) return plain
    if (asked === 100) throw unsendable(place, 'has a toJSON whose answers never end. Send a plain value instead.')
    plain = result
  }
  return plain
}

function attempt(value: { toJSON: () => unknown }, place: Path): unknown {
  try {
    return value.toJSON()
  } catch (error) {
    throw unsendable(place, `has a toJSON that fails (${reasonOf(error)}). Send a plain value instead.`)
  }
}

function hasToJSON(value: unknown): value is { toJSON: () => unknown } {
  return typeof value === 'object' && value !== null && typeof (value as { toJSON?: unknown }).toJSON === 'function'
}

/** The JSON of a list or an object; of one that is too long for a property, that of the whole entries at its start. */
function jsonWithinLimit(nested: object, place: Path, omissions: Omissions): string {
  const whole = toJson(nested, place)
  omissions.delete(place.name)
  if (whole.length <= MAX_PROPERTY_LENGTH) return whole
  const [open, close] = Array.isArray(nested) ? '[]' : '{}'
  const entries = Object.entries(JSON.parse(whole) as object)
  const fitting: string[] = []
  let length = 1
  for (const [key, entry] of entries) {
    const json = open === '[' ? JSON.stringify(entry) : `${JSON.stringify(key)}:${JSON.stringify(entry)}`
    length += json.length + 1
    if (length > MAX_PROPERTY_LENGTH) break
    fitting.push(json)
  }
  omissions.set(place.name, entries.length - fitting.length)
  return open + fitting.join(',') + close
}

function toJson(nested: object, place: Path): string {
  try {
    return storableJson(JSON.stringify(nested))
  } catch (error) {
    const kind = Array.isArray(nested) ? 'an array' : 'an object'
    throw unsendable(place, `is ${kind} that cannot be written as JSON (${reasonOf(error)}). Send plain values.`)
  }
}

/** The name of the property that says how many entries of another were left out, where there is one that is not the customer's own. */
export function countKey(flat: Record<string, unknown>, name: string): string | undefined {
  const key = omittedKey(name)
  return /^\d+$/.test(String(flat[key])) && /^[[{]/.test(String(flat[name])) ? key : undefined
}

/** The name of the property that says how many entries of another were left out; where that leaves no room for it, it gives way. */
function omittedKey(name: string): string {
  return cut(name, MAX_PROPERTY_LENGTH - OMITTED.length) + OMITTED
}

/** The string of a value that is no object, cut to Heap's limit. */
function stringify(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return cut(storable(value))
    case 'number':
      return Number.isFinite(value) ? String(value) : undefined
    case 'boolean':
      return String(value)
    case 'bigint':
      return cut(String(value))
    default:
      return undefined
  }
}

/** A number or boolean as it is, anything else as its string. */
function scalar(value: unknown): string | number | boolean | undefined {
  if (typeof value === 'boolean') return value
  return typeof value === 'number' && Number.isFinite(value) ? value : stringify(value)
}
