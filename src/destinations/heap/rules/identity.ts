import { isInexact, isObject, isPrimitive, wrongType } from './fields'
import { InvalidPayloadError } from './invalidPayload'
import { MAX_PROPERTY_LENGTH, quoted, storable, stripped, trimmed } from './text'

/** Heap, Identify: an identity has 1 to 255 characters. */
export const MAX_IDENTITY_LENGTH = 255

/**
 * Values that programs send for people they do not know. Heap would merge everyone who carries one into a single
 * profile, which cannot be undone. Source: Heap, Using Identify; the others come from analytics products' lists.
 */
const PLACEHOLDERS = new Set([
  'undefined',
  'null',
  'nil',
  'none',
  'nan',
  'n/a',
  '#n/a',
  '\\n',
  'unknown',
  'anonymous',
  'not_authenticated',
  'guest',
  'user',
  'true',
  'false',
  '0',
  '-0',
  '0.0',
  '-1',
  '-1.0',
  '00000000-0000-0000-0000-000000000000',
  '00000000000000000000000000000000'
])

/** Such values joined, as `first + ' ' + last` and lists of nothing give; a form has + for a blank. */
const NOTHINGS = /^(?:undefined|null|none)(?:[\s,;|"'`+]+(?:undefined|null|none))+$/

/** Neither a letter nor a digit nor a symbol: `-` is how logs write what is missing. */
const NO_WORD = /^\p{P}*$/u

/** What nobody sees wherever it stands: such characters are not compared. */
const FORMAT = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu

/** What stands round a value that was printed, not sent: quotation marks, brackets, and what nobody sees. */
const QUOTES = /^["'`´\\\p{Pi}\p{Pf}„‚\s\p{Cc}]$/u
const WRAPPING = /^["'`´\\<>\p{Ps}\p{Pe}\p{Pi}\p{Pf}\s\p{Cc}\u2800\ufffd]$/u
const IN_BRACKETS = /^[<\p{Ps}].*[>\p{Pe}]$/su

/** A thing that was printed as text: [object Promise], [Function: id], <built-in function id>, %!s(<nil>). */
const PRINTED =
  /^(?:\[object(?: [^[\]]*)?\][\s,;]*)+$|^\[(?:async)?(?:generator)?function\b.*\]$|^\[class [a-z_$(].*\]$|^<(?:built-in|bound|function|class|object)\b.*>$|^%!\w\(.*\)$/is

/** The marks of templates, in the syntax of one language or another. */
const MARKS = [
  /[$#@~*!%]!?\{[^{}]*\}/,
  /\{[%$#!][^{}]*\}/,
  /[<[]%(?:(?!%[>\]]).)*%[>\]]/,
  /<\?(?:(?!\?>).)*\?>/,
  /%%[^%]*%%/,
  /\*\|[^|]*\|\*/,
  /\[\[[^[\]]*\]\]/,
  /<<[^<>]*>>/,
  /\$\([^()]*\)/,
  /##[^#]+##/,
  /@@[^@]+@@/
].map(({ source }) => source)

/** Nothing but the marks of a template that was never filled in. What stands in one is a name, and no bare number. */
const TEMPLATE = new RegExp(`^(?:\\{\\{.*\\}\\}|(?!\\W*\\d+\\W*$)(?:(?:${MARKS.join('|')})[\\s,;|:_-]*)+)$`, 's')

/** The name of a variable for an ID as a template has it: {user_id}, <USER_ID>, %userId%, $user.id; or a macro: __UID__, %EMAIL%. */
const VARIABLE =
  /^[{[<%]+\s*[A-Za-z][\w.-]*?(?:[._-][Ii][Dd]|[a-z]I[dD])\s*[}\]>%]+$|^\$!?[A-Za-z_][\w.]*?(?:[._][Ii][Dd]|[a-z]I[dD])$|^\$[A-Za-z_]\w*\$$|^__[A-Z][A-Z0-9_]*__$|^%[A-Z][A-Z0-9_]+%$/

/** What identifies a person, in the brackets of a template: {email}, [subscriberid], <id>. */
const FIELD_NAME =
  /^[{[<(%]+\s*(?:(?:user|customer|client|member|subscriber|visitor|contact|account|anonymous)[\s._-]?)?(?:id|uid|uuid|guid|email|name|username)\s*[}\]>)%]+$/i

/** No program writes so much for nobody. Regular expressions that look back would take a long time over much more. */
const MAX_PLACEHOLDER_LENGTH = 1000

/** A number whose last digits were not written out, as JavaScript, Python, Java and spreadsheets print it. */
const ROUNDED = /^-?\d(?:[.,]\d+)?e[+-]\d+$|^-?\d[.,]\d+e\d+$/i

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

/** An event takes one of any length; a profile keeps it in a property. */
const ANONYMOUS_ID: IdField = { label: 'Anonymous ID', maxLength: Infinity, placeholderIs: MERGES_PEOPLE }

const EMAIL: IdField = { label: 'Email', maxLength: Infinity, placeholderIs: MERGES_PEOPLE }

/** It is a user property too, and cut it could be another account's. */
const ACCOUNT_ID: IdField = {
  label: 'Account ID',
  maxLength: MAX_PROPERTY_LENGTH,
  placeholderIs:
    'a placeholder that names no account: Heap would mix the properties of all that carry it. Map the ID of the account.'
}

const MESSAGE_ID: IdField = {
  label: 'Message ID',
  maxLength: Infinity,
  placeholderIs:
    'a placeholder that names no event: Heap would store only the first of all events that carry it. Map the ID that Segment gives every event to it.'
}

const HEAP_USER_ID: IdField = { label: 'Heap User ID', maxLength: Infinity, placeholderIs: MERGES_PEOPLE }

/** What an identifier turned out to be; where it is missing, neither an ID nor a problem. */
export interface CheckedId {
  /** The ID as it is sent, without what nobody sees at its ends. */
  id?: string
  /** Why the given ID must not be sent, as a sentence for a person. */
  problem?: string
  /** It names nobody: where another ID does, this one counts as missing. */
  isPlaceholder?: boolean
}

/** Checks the ID that tells a person from everyone else: a text or a number. */
export function checkIdentity(identity: unknown): CheckedId {
  return check(identity, IDENTITY)
}

/** Checks the ID of a visitor who is not known yet: a text or a number. */
export function checkAnonymousId(anonymousId: unknown): CheckedId {
  return check(anonymousId, ANONYMOUS_ID)
}

/** Checks an email address that is used as an ID. */
export function checkEmail(email: unknown): CheckedId {
  return check(email, EMAIL)
}

/** Checks the ID of an account: a text or a number. */
export function checkAccountId(accountId: unknown): CheckedId {
  return check(accountId, ACCOUNT_ID)
}

/** Checks the ID of an event, by which Heap stores it once. */
export function checkMessageId(messageId: unknown): CheckedId {
  return check(messageId, MESSAGE_ID)
}

/** Checks Heap's own ID of a visitor, a number from 0 to 2^53 − 1. Source: Heap, Identify. */
export function checkHeapUserId(heapUserId: unknown): CheckedId {
  const given = textToCheck(heapUserId, HEAP_USER_ID)
  if (typeof given !== 'string') return given
  const isNumber = given.length <= MAX_PLACEHOLDER_LENGTH && /^\d+$/.test(given)
  if (isNumber && Number(given) <= Number.MAX_SAFE_INTEGER) return { id: String(Number(given)) }
  const shown = quoted(given)
  return {
    problem: `Heap User ID ${shown} is not an ID of Heap’s SDK, which is a number from 0 to 9007199254740991. Map heap.getUserId() to it, or nothing.`
  }
}

/** Checks a trait that Heap reads as an ID; `anonymous_id` and `account_id` are such. */
export function checkTrait(name: string, value: unknown): CheckedId {
  const { placeholderIs } = name === 'account_id' ? ACCOUNT_ID : ANONYMOUS_ID
  return check(value, { label: `Trait "${name}"`, maxLength: MAX_PROPERTY_LENGTH, placeholderIs })
}

/**
 * A trait that is to be an ID, as it was given: as a number or a long text it says more than what became of it in flat traits.
 *
 * @returns undefined for an object or a list, which is no ID
 */
export function rawTrait(name: string, traits: object, flat: Record<string, unknown>): unknown {
  const given = (traits as Record<string, unknown>)[name] ?? flat[name]
  return isObject(given) ? undefined : given
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

/** Whether a trimmed identifier stands for nobody, in any casing and width, whatever it is wrapped in, and as a link or a cookie has it. */
export function isPlaceholder(id: string): boolean {
  if (id.length > MAX_PLACEHOLDER_LENGTH) return false
  const text = /[^ -~]/.test(id) ? id.normalize('NFKC').replace(FORMAT, '') : id
  const lower = text.toLowerCase()
  if (PLACEHOLDERS.has(lower) || NOTHINGS.test(lower)) return true
  if (text.includes('%') && isPlaceholderInLink(text)) return true
  // Most IDs begin and end with a letter or a digit: they are wrapped in nothing.
  if (isAlphanumeric(text.charCodeAt(0)) && isAlphanumeric(text.charCodeAt(text.length - 1))) return false
  if (isPrintedOrTemplate(text)) return true
  const bare = stripped(lower, WRAPPING)
  return NO_WORD.test(bare) || PLACEHOLDERS.has(bare) || NOTHINGS.test(bare)
}

/** Whether an identifier was taken from a link or a cookie as it stood there, such as %22null%22. */
function isPlaceholderInLink(text: string): boolean {
  try {
    const decoded = decodeURIComponent(text)
    return decoded !== text && isPlaceholder(decoded)
  } catch {
    // Some other text with a percent sign.
    return false
  }
}

/** Whether a text, or what it wraps, was made by a program that had no ID. */
function isPrintedOrTemplate(text: string): boolean {
  if ([TEMPLATE, PRINTED, VARIABLE, FIELD_NAME].some((form) => form.test(text))) return true
  const inner = unwrapped(text)
  return inner !== text && isPrintedOrTemplate(inner)
}

/** The text without what is outermost: quotation marks, or else a pair of brackets. */
function unwrapped(text: string): string {
  const unquoted = stripped(text, QUOTES)
  return unquoted === text && IN_BRACKETS.test(text) ? text.slice(1, -1) : unquoted
}

function isAlphanumeric(unit: number): boolean {
  const lower = unit | 0x20
  return (lower >= 0x61 && lower <= 0x7a) || (unit >= 0x30 && unit <= 0x39)
}

function check(value: unknown, field: IdField): CheckedId {
  const id = textToCheck(value, field)
  if (typeof id !== 'string') return id
  const { label, maxLength, placeholderIs } = field
  if (isPlaceholder(id)) return { problem: `${label} is ${quoted(id)}, ${placeholderIs}`, isPlaceholder: true }
  if (id.length <= MAX_PLACEHOLDER_LENGTH && ROUNDED.test(id)) return { problem: inexact(label, id) }
  if (id.length > maxLength) return { problem: tooLong(label, id.length, maxLength) }
  return { id }
}

/** What of a value is checked: its text, unless it is missing or none. */
function textToCheck(value: unknown, { label }: IdField): string | CheckedId {
  if (typeof value === 'string') return trimmed(storable(value)) ?? {}
  if (value === undefined || value === null) return {}
  if (!isPrimitive(value)) return { problem: wrongType(label, 'a string', value) }
  if (isInexact(value)) return { problem: inexact(label, String(value)) }
  return String(value)
}

/** The problem with a number that JavaScript cannot hold to the last digit: it may stand for several people. */
function inexact(label: string, number: string): string {
  const shown = quoted(number)
  return `${label} is the number ${shown}, whose last digits may be lost: two IDs could become one. Send the ID as text.`
}

/** The problem with an ID that exceeds a limit: cut, it could be somebody else's. */
export function tooLong(label: string, length: number, maxLength: number): string {
  return `${label} is ${length} characters long; Heap accepts at most ${maxLength}. Map a shorter ID to it.`
}
