/** Characters that control a terminal or reverse the order of a line, except the line feed. */
const STEERING = /(?!\n)\p{Cc}|[\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu

/** Characters that take no room, such as a zero-width space, except those that hold an emoji together. */
const INVISIBLE =
  /(?!\u200d|\ufe0f)[\p{Cf}\p{Default_Ignorable_Code_Point}]|(?<!\p{Extended_Pictographic}|\p{Emoji_Modifier}|\ufe0f|\u20e3)(?:\u200d|\ufe0f)(?!\u20e3)/gu

/** Other people's text, several lines long: nothing in it controls the terminal, and what is invisible is shown, as `<U+200B>`. */
export function printable(text: string): string {
  return text.replace(STEERING, '\u{fffd}').replace(INVISIBLE, named)
}

/** Other people's text as a part of one line. */
export function oneLine(text: string): string {
  return printable(text).replaceAll('\n', '\u{fffd}')
}

/** The same JSON, without characters that control the terminal or are invisible there. */
export function printableJson(json: string): string {
  return json.replace(STEERING, escaped).replace(INVISIBLE, escaped)
}

function named(character: string): string {
  const code = character.codePointAt(0) ?? 0
  return `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`
}

function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index))
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')
}
