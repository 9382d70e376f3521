import { InvalidPayloadError } from './invalidPayload'
import { MAX_PROPERTY_LENGTH, trimmed } from './text'

/** Heap, Identify: an identity has 1 to 255 characters. */
export const MAX_IDENTITY_LENGTH = 255

/** Heap's own IDs go from 0 to 2^53 − 1. Source: Heap, Identify. */
const MAX_HEAP_USER_ID = BigInt(Number.MAX_SAFE_INTEGER)

/**
 * Values that programs send for people they do not know. Heap would merge everyone who carries one into a single
 * profile, which cannot be undone. Source: Heap, Using Identify; `0`, `-1` and the like come from analytics products' lists.
 */
const PLACEHOLDERS = new Set([
  'undefined',
  'null',
  'nil',
  'none',
  'nan',
  'n/a',
  'unknown',
  'anonymous',
  'guest',
  'user',
  'true',
  'false',
  '0',
  '-1',
  '[object object]',
  '{}',
  '[]',
  '00000000-0000-0000-0000-000000000000'
])

/** A field that holds an identifier. */
interface IdField {
  /** What the field is called in Segment's UI. */
  label: string
  /** The greatest length that Heap takes, in UTF-16 characters. */
  maxLength: number
  /** What a placeholder in this field does, and the way out. */
  placeholderIs: string
}

const MERGES_PEOPLE =
  'a placeholder that names nobody: Heap would merge all people who carry it into one profile, for good. Map an ID of the person instead.'

const IDENTITY: IdField = { label: 'Identity', maxLength: MAX_IDENTITY_LENGTH, placeholderIs: MERGES_PEOPLE }

/** Heap takes an event with any; a longer one does not fit the user property by which Heap joins the visitor to a person. */
const ANONYMOUS_ID: IdField = { label: 'Anonymous ID', maxLength: Infinity, placeholderIs: MERGES_PEOPLE }

const EMAIL: IdField = { label: 'Email', maxLength: Infinity, placeholderIs: MERGES_PEOPLE }

/** It is a user property too, and cut it could be another account's. */
const ACCOUNT_ID: IdField = {
  label: 'Account ID',
  maxLength: MAX_PROPERTY_LENGTH,
  placeholderIs:
    'a placeholder that names no account: Heap would mix the properties of all that carry it. Map the ID of the account.'
}

/** What an identifier turned out to be; where it is missing, neither an ID nor a problem. */
export interface CheckedId {
  /** The ID as it is sent, without surrounding white space. */
  id?: string
  /** Why the given ID must not be sent, as a sentence for a person. */
  problem?: string
  /** It names nobody: where another ID does, this one counts as missing. */
  isPlaceholder?: boolean
}

/** Checks the ID that tells a person from everyone else. */
export function checkIdentity(identity: string | null | undefined): CheckedId {
  return check(identity, IDENTITY)
}

/** Checks the ID of a visitor who is not known yet. */
export function checkAnonymousId(anonymousId: string | null | undefined): CheckedId {
  return check(anonymousId, ANONYMOUS_ID)
}

/** Checks an email address that is used as an ID. */
export function checkEmail(email: string | null | undefined): CheckedId {
  return check(email, EMAIL)
}

/** Checks the ID of an account. */
export function checkAccountId(accountId: string | null | undefined): CheckedId {
  return check(accountId, ACCOUNT_ID)
}

/** Checks Heap's own numeric ID of a visitor. */
export function checkHeapUserId(heapUserId: string | null | undefined): CheckedId {
  const given = trimmed(heapUserId)
  if (given === undefined) return {}
  const id = /^\d+$/.test(given) ? BigInt(given) : undefined
  if (id !== undefined && id <= MAX_HEAP_USER_ID) return { id: String(id) }
  return {
    problem: `Heap User ID "${given}" is not an ID of Heap’s SDK, which is a number from 0 to 9007199254740991. Map heap.getUserId() to it, or nothing.`
  }
}

/**
 * The ID of a payload that can do without it: a placeholder counts as none.
 *
 * @throws InvalidPayloadError for one that Heap would not take
 */
export function optionalId({ id, problem, isPlaceholder }: CheckedId): string | undefined {
  if (problem !== undefined && !isPlaceholder) throw new InvalidPayloadError(problem)
  return id
}

/**
 * The ID of a payload that is nothing without it.
 *
 * @param missing the problem of a payload that has none
 * @throws InvalidPayloadError for one that is missing, a placeholder or what Heap would not take
 */
export function requiredId({ id, problem }: CheckedId, missing: string): string {
  if (id === undefined) throw new InvalidPayloadError(problem ?? missing)
  return id
}

/** Whether a trimmed identifier stands for nobody, in any casing. */
export function isPlaceholder(identifier: string): boolean {
  return PLACEHOLDERS.has(identifier.toLowerCase())
}

function check(value: string | null | undefined, { label, maxLength, placeholderIs }: IdField): CheckedId {
  const id = trimmed(value)
  if (id === undefined) return {}
  if (isPlaceholder(id)) return { problem: `${label} is "${id}", ${placeholderIs}`, isPlaceholder: true }
  if (id.length > maxLength) return { problem: tooLong(label, id.length, maxLength) }
  return { id }
}

/** The problem with an ID that exceeds a limit: cut, it could be somebody else's. */
export function tooLong(label: string, length: number, maxLength: number): string {
  return `${label} is ${length} characters long; Heap accepts at most ${maxLength}. Map a shorter ID to it.`
}
