import { integer } from 'fast-check'

const SURROGATES = { first: 0xd800, count: 0x800 }
const CODE_POINTS = 0x110000

/**
 * Any code point but half of a pair, for fast-check's `string({ unit: anyCharacter })`. It gives what `unit: 'binary'` gives, without
 * the table of a million characters that each test file would make for that.
 */
export const anyCharacter = integer({ min: 0, max: CODE_POINTS - SURROGATES.count - 1 }).map(
  characterAt,
  // So that it tries strings such as "__proto__" too.
  (text) => {
    const codePoint = String(text).codePointAt(0) ?? 0
    const index = codePoint < SURROGATES.first ? codePoint : codePoint - SURROGATES.count
    if (characterAt(index) !== text) throw new Error(`${String(text)} is not one character`)
    return index
  }
)

function characterAt(index: number): string {
  return String.fromCodePoint(index < SURROGATES.first ? index : index + SURROGATES.count)
}
