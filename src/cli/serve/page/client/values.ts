import type { JSONObject, JSONValue } from '@segment/actions-core'

/** The ways in which the page lets a person say what a field gets. */
export type Kind = 'nothing' | 'path' | 'literal' | 'template' | 'coalesce' | 'object' | 'json'

/** Which of them a mapping's value was written in; whatever has no editor of its own is JSON. */
export function kindOf(value: JSONValue | undefined): Kind {
  if (value === undefined) return 'nothing'
  if (value === null || Array.isArray(value)) return 'json'
  if (typeof value !== 'object') return 'literal'
  if (isPath(value)) return 'path'
  if (isSingle(value, '@template') && typeof value['@template'] === 'string') return 'template'
  if (coalescedPaths(value) !== undefined) return 'coalesce'
  return Object.keys(value).some((key) => key.startsWith('@') || key.startsWith('__')) ? 'json' : 'object'
}

function isSingle(value: JSONObject, key: string): boolean {
  return Object.keys(value).length === 1 && key in value
}

/** Whether a value takes what stands at a place of the event. */
export function isPath(value: JSONValue | undefined): value is { '@path': string } {
  return isObject(value) && isSingle(value, '@path') && typeof value['@path'] === 'string'
}

/** A JSON object that is no list. */
export function isObject(value: unknown): value is JSONObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The paths of a value that takes the first of them which the event has; undefined for any other value. */
export function coalescedPaths(value: JSONValue | undefined): string[] | undefined {
  if (!isObject(value) || !isSingle(value, '@if')) return undefined
  const choice = value['@if']
  if (!isObject(choice) || Object.keys(choice).sort().join() !== 'else,exists,then') return undefined
  const { exists, then, else: otherwise } = choice
  if (!isPath(exists) || !isPath(then) || exists['@path'] !== then['@path']) return undefined
  if (isPath(otherwise)) return [then['@path'], otherwise['@path']]
  const rest = coalescedPaths(otherwise)
  return rest && [then['@path'], ...rest]
}

/** The value that takes the first of the paths, two or more, which the event has. */
export function coalesce([first, ...rest]: string[]): JSONObject {
  const path = { '@path': first }
  const otherwise = rest.length > 1 ? coalesce(rest) : { '@path': rest[0] ?? '' }
  return { '@if': { exists: path, then: path, else: otherwise } }
}

/** A first value of a kind, near to what was there. */
export function startOf(kind: Kind, before: JSONValue | undefined, type: string): JSONValue | undefined {
  const path = firstPath(before)
  switch (kind) {
    case 'nothing':
      return undefined
    case 'path':
      return { '@path': path }
    case 'literal':
      return type === 'boolean' ? true : type === 'number' ? 0 : ''
    case 'template':
      return { '@template': path === '$.' ? '' : `{{${path.replace(/^\$\./, '')}}}` }
    case 'coalesce':
      return coalesce([path, '$.'])
    case 'object':
      return {}
    case 'json':
      return before ?? null
  }
}

function firstPath(value: JSONValue | undefined): string {
  if (isPath(value)) return value['@path']
  return coalescedPaths(value)?.[0] ?? '$.'
}

/** A place in an event, and what stands there. */
export interface Place {
  path: string
  value: JSONValue
  /** No path leads there, as Segment takes a dot or bracket in a name for the next level. */
  isUnreachable: boolean
}

/** No event has so many places that a person would look through. */
const MOST_PLACES = 2000

/** Every place of an event that a path could lead to, objects before what they hold. */
export function placesOf(event: JSONValue): Place[] {
  const places: Place[] = []
  const walk = (value: JSONValue, path: string, isUnreachable: boolean): void => {
    if (typeof value !== 'object' || value === null) return
    for (const [key, entry] of Object.entries(value)) {
      if (places.length >= MOST_PLACES) return
      const isCut = isUnreachable || /[.[\]'"]/.test(key) || key === ''
      const next = `${path}.${key}`
      places.push({ path: next, value: entry ?? null, isUnreachable: isCut })
      walk(entry ?? null, next, isCut)
    }
  }
  walk(event, '$', false)
  return places
}

/** What a mapping's value says that Segment does not do, whatever the event; a sentence, or nothing. */
export function misreadingOf(value: JSONValue | undefined): string | undefined {
  if (typeof value === 'string' && /\{\{.*?\}\}/.test(value)) {
    return `"${value}" is sent as it is, braces included. Choose Template to have it filled in.`
  }
  if (!isObject(value)) return undefined
  const template = value['@template']
  if (typeof template === 'string' && /\{\{\s*\$\./.test(template)) {
    return 'In a template a place is written without "$.": {{properties.plan}}. With it, nothing is filled in.'
  }
  const choice = value['@if']
  if (isObject(choice)) {
    if (!('exists' in choice) && !('blank' in choice))
      return '"@if" needs "exists" or "blank"; without it every event fails.'
    if (choice.else === false) return '"else": false gives nothing, not false.'
  }
  const json = value['@json']
  if (isObject(json) && json.mode !== 'encode' && json.mode !== 'decode') {
    return 'The mode of "@json" is "encode" or "decode", in small letters; any other gives nothing.'
  }
  const change = value['@case']
  if (isObject(change) && change.operator !== 'lower' && change.operator !== 'upper') {
    return 'The operator of "@case" is "lower" or "upper"; with any other every event fails.'
  }
  if (typeof value['@path'] === 'string' && /^\$\.?$/.test(value['@path']))
    return 'The path is empty: it leads to the whole event.'
  for (const [key, entry] of Object.entries(value)) {
    // What is in them is filled in.
    if (key === '@template' || key === '@liquid') continue
    const found = misreadingOf(entry)
    if (found) return found
  }
  return undefined
}
