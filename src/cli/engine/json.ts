import { parse as parseLossless } from 'lossless-json'

/** Whether JSON is an object, not a list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * The value of a JSON text. A number in it that JavaScript would make another one of, such as an ID beyond 2^53, is its text instead:
 * `{"userId":9007199254740993}` has the userId `"9007199254740993"`.
 *
 * @throws {SyntaxError} if the text is no JSON, and RangeError if it nests too deep for such a number to be kept
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text)
  if (!MAY_LOSE.test(text)) return value
  return parseLossless(text, null, {
    parseNumber: numberOrText,
    // As JSON.parse has it.
    onDuplicateKey: ({ newValue }) => newValue
  })
}

/** A number in a list or an object, of 16 digits or more or with an exponent; or what looks so in a string, where it does no harm. */
const MAY_LOSE = /[[:,\s]-?\d(?:[\d.]{15}|[\d.]*[eE])/

function numberOrText(text: string): number | string {
  const number = Number(text)
  // From here on JavaScript writes an integer with an exponent, which is not how it stood there.
  if (Math.abs(number) >= 1e21 && /^-?\d+$/.test(text)) return text
  // Many languages write the 17 digits that every double is told by, JavaScript fewer if they will do.
  const isKept = [String(number), number.toPrecision(17)].some((written) => isSameNumber(written, text))
  return isKept ? number : text
}

/** Whether two decimal texts say the same number. */
function isSameNumber(one: string, other: string): boolean {
  const [a, b] = [digitsOf(one), digitsOf(other)]
  return a.digits === b.digits && (a.digits === '' || a.exponent === b.exponent)
}

/** The digits of a number without zeros round them, and the power of ten that they are to be taken times. */
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
