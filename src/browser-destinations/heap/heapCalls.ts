import { asUserProperties, flattenTyped } from '../../destinations/heap/rules/flatten'
import type { TypedProperties } from '../../destinations/heap/rules/flatten'
import { checkAnonymousId, checkIdentity, checkTrait, rawTrait, tooLong } from '../../destinations/heap/rules/identity'
import type { CheckedId } from '../../destinations/heap/rules/identity'
import { cut } from '../../destinations/heap/rules/text'
import { messageOf } from './console'
import { MAX_IDENTITY_LENGTH, MAX_KEY_LENGTH, MAX_VALUE_LENGTH } from './limits'

/** A call of Heap's library: the name of the function, and its arguments. */
export type HeapCall =
  | ['identify', identity: string]
  | ['resetIdentity']
  | ['addUserProperties', properties: TypedProperties]
  | ['track', event: string, properties: TypedProperties]

/** What one of Segment's calls asks of Heap's library. */
export interface Delivery {
  /** In the order in which they are made. */
  calls: HeapCall[]
  /** What was left out and why, in sentences for the developer of the page. */
  problems: string[]
}

/**
 * Tells Heap who the visitor is.
 *
 * An ID that would merge strangers means that the visitor is someone else now, so they become anonymous. Heap may know them from an
 * earlier page, so resetIdentity is always called; for an anonymous visitor resetIdentity has no effect (Heap, resetIdentity).
 */
export function identityCalls(given: unknown, problems: string[]): HeapCall[] {
  const { id, problem } = withMaxLength('Identity', MAX_IDENTITY_LENGTH, checkIdentity(given))
  if (problem !== undefined) {
    problems.push(`${problem} The visitor is anonymous to Heap from here on.`)
    return [['resetIdentity']]
  }
  return id === undefined ? [] : [['identify', id]]
}

/**
 * Tells Heap what is known of the visitor. By the user property `anonymous_id` Heap joins the visitor to a person, so it is never
 * a placeholder, and never cut. By `account_id` a person belongs to an account: likewise.
 */
export function userPropertyCalls(traits: unknown, anonymousId: unknown, problems: string[]): HeapCall[] {
  const flat = propertiesOf(traits, 'User Properties', flattenTypedTraits, problems)
  const { anonymous_id: _trait, account_id: _account, ...properties } = flat
  const given = (name: string): unknown => rawTrait(name, objectOf(traits) ?? {}, flat)
  const usable = ({ id, problem }: CheckedId): string | undefined => {
    if (problem !== undefined) problems.push(problem)
    return id
  }
  const usableVisitor = (anonymousId: unknown): string | undefined => {
    return usable(withMaxLength('Anonymous ID', MAX_VALUE_LENGTH, checkAnonymousId(anonymousId)))
  }
  const id = usableVisitor(given('anonymous_id')) ?? usableVisitor(anonymousId)
  if (id !== undefined) properties.anonymous_id = id
  const accountId = usable(checkTrait('account_id', given('account_id')))
  if (accountId !== undefined) properties.account_id = accountId
  return Object.keys(properties).length > 0 ? [['addUserProperties', properties]] : []
}

/** One of the ways to flatten. */
type Flatten = (source: object) => TypedProperties

const flattenTypedTraits: Flatten = (traits) => asUserProperties(flattenTyped(traits))

/** The flat properties of an event, from what a mapping gave; a property that cannot be sent is left out. */
export function eventPropertiesOf(given: unknown, problems: string[]): TypedProperties {
  return propertiesOf(given, 'Event Properties', flattenTyped, problems)
}

function propertiesOf(given: unknown, label: string, flatten: Flatten, problems: string[]): TypedProperties {
  const source = objectOf(given)
  if (source === undefined) {
    const was = Array.isArray(given) ? 'an array' : `a ${typeof given}`
    problems.push(`${label} must be an object but it was ${was}. Nothing of it was sent.`)
    return {}
  }
  const properties = flattenWhatCanBeSent(source, flatten, problems)
  for (const key of Object.keys(properties)) {
    if (key.length <= MAX_KEY_LENGTH) continue
    properties[cut(key, MAX_KEY_LENGTH)] = properties[key]
    delete properties[key]
  }
  return properties
}

/** No schema is applied in the browser. Some languages write an empty object as an empty list. */
function objectOf(given: unknown): Record<string, unknown> | undefined {
  if (given === undefined || given === null || (Array.isArray(given) && given.length === 0)) return {}
  return typeof given === 'object' && !Array.isArray(given) ? (given as Record<string, unknown>) : undefined
}

function flattenWhatCanBeSent(source: Record<string, unknown>, flatten: Flatten, problems: string[]): TypedProperties {
  try {
    return flatten(source)
  } catch {
    const sound: [string, unknown][] = []
    for (const key of Object.keys(source)) {
      try {
        const value = source[key]
        flatten({ [key]: value })
        sound.push([key, value])
      } catch (error) {
        problems.push(messageOf(error))
      }
    }
    return flatten(Object.fromEntries(sound))
  }
}

/** Programs pass numbers where text is expected. */
export function textOf(given: unknown): string | undefined {
  return typeof given === 'string' || typeof given === 'number' ? String(given) : undefined
}

function withMaxLength(label: string, maxLength: number, { id, problem }: CheckedId): CheckedId {
  return id !== undefined && id.length > maxLength ? { problem: tooLong(label, id.length, maxLength) } : { id, problem }
}
