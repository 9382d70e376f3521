/** Heap, Bulk Track: property keys and values have fewer than 1024 characters. */
export const MAX_PROPERTY_LENGTH = 1023

/** So many characters of a value an error shows at most. */
const MAX_QUOTED_LENGTH = 100

/** A character, or what joins the one before it, that belongs to the one before it: marks, skin tones, tags, joiners. */
const CONTINUES = /^[\p{M}\p{Emoji_Modifier}\u200d\u{e0020}-\u{e007f}]$/u
const REGIONAL_INDICATOR = /^[\u{1f1e6}-\u{1f1ff}]$/u

/** No emoji is longer; a text that piles up more marks than that is cut between them. */
const MAX_CLUSTER_LENGTH = 40

/** What nobody sees: white space, control and format characters, fillers. Those that end an emoji are a part of it. */
const INVISIBLE = /^(?![\ufe00-\ufe0f\u{e0000}-\u{e0fff}])[\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]$/u

/**
 * The text as a store can hold it: without NUL, and with U+FFFD for each half of a surrogate pair.
 * PostgreSQL, in which Heap keeps events, takes neither in text or jsonb.
 */
export function storable(text: string): string {
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit === 0 || (unit & 0xf800) === 0xd800) return text.replace(/\0/g, '').replace(/\p{Surrogate}/gu, '\ufffd')
  }
  return text
}

/** JSON whose texts are {@link storable}: it writes NUL and halves of pairs as escapes. */
export function storableJson(json: string): string {
  if (!json.includes('\\u')) return json
  return json.replace(/\\(?:u0000|ud[89a-f][\da-f]{2}|[^])/g, (escape) => {
    if (escape === '\\u0000') return ''
    return escape.startsWith('\\ud') ? '\ufffd' : escape
  })
}

/** Cuts to a limit of UTF-16 characters, Heap's unless another is given. What a reader sees as one character stays whole. */
export function cut(text: string, limit = MAX_PROPERTY_LENGTH): string {
  if (text.length <= limit) return text
  for (let end = limit; end >= 0 && end > limit - MAX_CLUSTER_LENGTH; end--) {
    if (isBoundary(text, end)) return text.slice(0, end)
  }
  return text.slice(0, isInsidePair(text, limit) ? limit - 1 : limit)
}

function isBoundary(text: string, index: number): boolean {
  if (index === 0) return true
  if (isInsidePair(text, index)) return false
  const next = characterAt(text, index)
  if (CONTINUES.test(next) || text[index - 1] === '\u200d') return false
  return !(REGIONAL_INDICATOR.test(next) && regionalIndicatorsBefore(text, index) % 2 === 1)
}

/** Two of them are a flag. */
function regionalIndicatorsBefore(text: string, index: number): number {
  let count = 0
  while (index > 1 && REGIONAL_INDICATOR.test(text.slice(index - 2, index))) {
    index -= 2
    count++
  }
  return count
}

function characterAt(text: string, index: number): string {
  return text.slice(index, isInsidePair(text, index + 1) ? index + 2 : index + 1)
}

function isInsidePair(text: string, index: number): boolean {
  return (text.charCodeAt(index - 1) & 0xfc00) === 0xd800 && (text.charCodeAt(index) & 0xfc00) === 0xdc00
}

/** The text without what nobody sees at its ends, or undefined where nothing is left. */
export function trimmed(text: string | null | undefined): string | undefined {
  if (text === null || text === undefined) return undefined
  const isTrimmed = isPrintableAscii(text.charCodeAt(0)) && isPrintableAscii(text.charCodeAt(text.length - 1))
  return (isTrimmed ? text : stripped(text, INVISIBLE)) || undefined
}

function isPrintableAscii(unit: number): boolean {
  return unit > 0x20 && unit < 0x7f
}

/** The text without the characters at its ends that match. Linear, as a regular expression for the end of a text is not. */
export function stripped(text: string, character: RegExp): string {
  let start = 0
  let end = text.length
  while (start < end) {
    const first = characterAt(text, start)
    if (!character.test(first)) break
    start += first.length
  }
  while (end > start) {
    const last = text.slice(isInsidePair(text, end - 1) ? end - 2 : end - 1, end)
    if (!character.test(last)) break
    end -= last.length
  }
  return text.slice(start, end)
}

/** A value at fault, in quotation marks, for an error: at most 100 characters of it. */
export function quoted(value: unknown): string {
  return `"${excerpt(String(value), MAX_QUOTED_LENGTH)}"`
}

/** The start of a text, with an ellipsis where it goes on. */
export function excerpt(text: string, limit: number): string {
  return text.length > limit ? `${cut(text, limit)}…` : text
}

/** Why something failed, in one line of at most 100 characters. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return excerpt(message.split('\n')[0], MAX_QUOTED_LENGTH)
}
