/** What steers a terminal, or turns the order of a line around; but for the line feed. */
// eslint-disable-next-line no-control-regex
const STEERING = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

/** Other people's text, several lines long, with nothing in it that could steer the terminal. */
export function printable(text: string): string {
  return text.replace(STEERING, '\u{fffd}')
}

/** Other people's text as a part of one line. */
export function oneLine(text: string): string {
  return printable(text).replaceAll('\n', '\u{fffd}')
}

/** The same JSON, with nothing in it that could steer the terminal. */
export function printableJson(json: string): string {
  return json.replace(STEERING, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
