import { parseTree, printParseErrorCode } from 'jsonc-parser'
import type { ParseError } from 'jsonc-parser'
import { parse as parseLossless } from 'lossless-json'

/** Whether JSON is an object, not a list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** At most so many characters of somebody's value stand in a message. */
const QUOTED_CHARACTERS = 100

/** A value as JSON, for a message; a long text is cut. */
export function quoted(value: unknown): string {
  const isLong = typeof value === 'string' && value.length > QUOTED_CHARACTERS
  return JSON.stringify(isLong ? `${value.slice(0, QUOTED_CHARACTERS)}…` : value)
}

/**
 * The value of a JSON text. A number that JavaScript would round, such as an ID beyond 2^53, becomes its text instead:
 * `{"userId":9007199254740993}` has the userId `"9007199254740993"`.
 *
 * @throws {SyntaxError} if the text is not JSON, and RangeError if it nests too deep for such a number to be kept
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text)
  if (!MAY_LOSE.test(text)) return value
  return parseLossless(text, null, {
    parseNumber: numberOrText,
    // As JSON.parse does it.
    onDuplicateKey: ({ newValue }) => newValue
  })
}

/** A number in a list or an object, of 16 digits or more or with an exponent; or what looks so in a string, where it does no harm. */
const MAY_LOSE = /[[:,\s]-?\d(?:[\d.]{15}|[\d.]*[eE])/

function numberOrText(text: string): number | string {
  const number = Number(text)
  // From here on a number may be that of several texts, so the destination takes none for an ID.
  if (Math.abs(number) > Number.MAX_SAFE_INTEGER && !/[.e]/i.test(text)) return text
  // Many languages write the 17 digits that identify every double; JavaScript writes fewer if they are enough.
  const isKept = [String(number), number.toPrecision(17)].some((written) => isSameNumber(written, text))
  return isKept ? number : text
}

/** Whether two decimal texts are the same number. */
function isSameNumber(one: string, other: string): boolean {
  const [a, b] = [digitsOf(one), digitsOf(other)]
  return a.digits === b.digits && (a.digits === '' || a.exponent === b.exponent)
}

/** The digits of a number without leading and trailing zeros, and the power of ten to multiply them by. */
function digitsOf(text: string): { digits: string; exponent: number } {
  const [mantissa, exponent = '0'] = text.toLowerCase().replace(/^-/, '').split('e')
  const [whole, fraction = ''] = mantissa.split('.')
  const all = whole + fraction
  let end = all.length
  while (end > 0 && all[end - 1] === '0') end--
  return {
    digits: all.slice(0, end).replace(/^0+/, ''),
    exponent: Number(exponent) - fraction.length + (all.length - end)
  }
}

/** What keeps a text from being JSON. */
export interface JsonProblem {
  /** Where it lies in the text, and in which of its lines; the start where it lies too deep to be found. */
  offset: number
  line: number
  /** Such as `is not JSON: comma expected`. */
  reason: string
}

/** The first thing wrong with a text; undefined if it is JSON. */
export function jsonProblem(text: string): JsonProblem | undefined {
  const errors: ParseError[] = []
  try {
    parseTree(text, errors, { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false })
  } catch {
    return { offset: 0, line: 1, reason: 'is not JSON' }
  }
  if (errors.length === 0) return undefined
  const [{ error, offset }] = errors
  const words = printParseErrorCode(error)
    .replace(/(?!^)(?=[A-Z])/g, ' ')
    .toLowerCase()
  return { offset, line: lineAt(text, offset), reason: `is not JSON: ${words}` }
}

/** The number of the line that an offset lies in. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}
