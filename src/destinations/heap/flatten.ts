/** Heap's flat properties: every key and value a string of at most {@link MAX_PROPERTY_LENGTH} characters. */
export type FlatProperties = Record<string, string>

/** Heap, Bulk Track: property keys and values have fewer than 1024 characters. */
export const MAX_PROPERTY_LENGTH = 1023

/** A value that no Heap property can express. The message names the property, for the person who sent it. */
export class FlattenError extends Error {
  constructor(path: string, trouble: string) {
    super(`Property "${cut(path)}" ${trouble}`)
    this.name = 'FlattenError'
  }
}

/** An object being walked; `parent` is the walk to return to when its keys are done. */
interface Walk {
  source: object
  entries: [string, unknown][]
  next: number
  prefix: string
  parent?: Walk
}

/**
 * Turns any Segment object into Heap's flat properties: nested objects become `parent.key`, arrays JSON, everything else its string.
 *
 * Keys and values are cut to {@link MAX_PROPERTY_LENGTH} UTF-16 characters; of two keys that meet, the later wins.
 * `null`, `undefined`, `NaN`, infinities, functions, symbols and empty objects become nothing.
 *
 * @throws {@link FlattenError} for an object that contains itself and for an array that JSON cannot express.
 */
export function flatten(source: object): FlatProperties {
  const flat: FlatProperties = {}
  const ancestors = new Set<object>()
  // A loop, not a recursion: an event may nest deeper than the call stack.
  let walk: Walk | undefined = enter(source, '')

  while (walk) {
    if (walk.next === 0) ancestors.add(walk.source)
    if (walk.next === walk.entries.length) {
      ancestors.delete(walk.source)
      walk = walk.parent
      continue
    }
    const [key, raw]: [string, unknown] = walk.entries[walk.next++]
    // Past the limit a longer path makes no other key, so it stops growing.
    const path: string = walk.prefix.length > MAX_PROPERTY_LENGTH ? walk.prefix : walk.prefix + key
    const value = typeof raw === 'object' ? withoutToJSON(raw, path) : raw

    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      if (ancestors.has(value)) throw new FlattenError(path, CIRCULAR)
      walk = enter(value, `${path}.`, walk)
      continue
    }
    const text = stringify(value, path)
    if (text !== undefined) set(flat, cut(path), cut(text))
  }
  return flat
}

/**
 * Flattens a person's traits, under names that Heap takes for user properties.
 *
 * `id` in any casing and `user_id` travel as `segment_id` and `segment_user_id`; another casing of `email` becomes `email`.
 * A name sent exactly as the new one wins over the renamed. Source: Heap, Add User Properties.
 *
 * @throws {@link FlattenError} as {@link flatten} does.
 */
export function flattenTraits(traits: object): FlatProperties {
  const flat = flatten(traits)
  const renamed: FlatProperties = {}
  for (const key of Object.keys(flat)) {
    const name = userPropertyName(key)
    if (name === key || !(name in flat)) set(renamed, name, flat[key])
  }
  return renamed
}

/** Copies `from` onto `target` and returns `target`; the copied value wins. Unlike `Object.assign`, keeps `__proto__` as data. */
export function assign(target: FlatProperties, from: FlatProperties): FlatProperties {
  for (const key of Object.keys(from)) set(target, key, from[key])
  return target
}

const CIRCULAR = 'contains itself, so it has no end and cannot be sent. Send the values that you need instead.'

function enter(source: object, prefix: string, parent?: Walk): Walk {
  return { source, entries: Object.entries(source), next: 0, prefix, parent }
}

/** What `toJSON` gives, asked again as long as the answer has one of its own. */
function withoutToJSON(value: unknown, path: string): unknown {
  let plain = value
  for (let asked = 0; hasToJSON(plain); asked++) {
    const answer = attempt(plain, path)
    if (answer === plain) return plain
    if (asked === 100) throw new FlattenError(path, 'has a toJSON whose answers never end. Send a plain value instead.')
    plain = answer
  }
  return plain
}

function attempt(value: { toJSON: () => unknown }, path: string): unknown {
  try {
    return value.toJSON()
  } catch (error) {
    throw new FlattenError(path, `has a toJSON that fails (${message(error)}). Send a plain value instead.`)
  }
}

function hasToJSON(value: unknown): value is { toJSON: () => unknown } {
  return typeof value === 'object' && value !== null && 'toJSON' in value && typeof value.toJSON === 'function'
}

/** The string of a value that is no object, or undefined for what Heap stores nothing of. */
function stringify(value: unknown, path: string): string | undefined {
  switch (typeof value) {
    case 'string':
      return value
    case 'number':
      return Number.isFinite(value) ? String(value) : undefined
    case 'boolean':
    case 'bigint':
      return String(value)
    case 'object':
      return value === null ? undefined : stringifyArray(value, path)
    default:
      return undefined
  }
}

function stringifyArray(array: object, path: string): string {
  try {
    return JSON.stringify(array)
  } catch (error) {
    throw new FlattenError(path, `is an array that cannot be written as JSON (${message(error)}). Send plain values.`)
  }
}

function message(error: unknown): string {
  return error instanceof Error ? error.message.split('\n')[0] : String(error)
}

/** Cuts to Heap's limit; a character outside the basic plane is two UTF-16 units and is never cut in half. */
function cut(text: string): string {
  if (text.length <= MAX_PROPERTY_LENGTH) return text
  const last = text.charCodeAt(MAX_PROPERTY_LENGTH - 1)
  const splits = last >= 0xd800 && last <= 0xdbff
  return text.slice(0, splits ? MAX_PROPERTY_LENGTH - 1 : MAX_PROPERTY_LENGTH)
}

/** Assigning to `__proto__` would set the prototype and lose the value. */
function set(properties: FlatProperties, key: string, value: string): void {
  if (key === '__proto__') {
    Object.defineProperty(properties, key, { value, enumerable: true, configurable: true, writable: true })
  } else {
    properties[key] = value
  }
}

function userPropertyName(key: string): string {
  if (key === 'user_id') return 'segment_user_id'
  const lower = key.length <= 5 ? key.toLowerCase() : key
  if (lower === 'id') return 'segment_id'
  return lower === 'email' ? lower : key
}
