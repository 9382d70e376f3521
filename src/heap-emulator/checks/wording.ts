/** The place of a key in a body, such as `events[0].user_identifier.identity`. */
export function placeOf(parent: string, key: string): string {
  if (!/^[A-Za-z_$][\w$]*$/.test(key)) return `${parent}[${quote(key)}]`
  return parent ? `${parent}.${shorten(key)}` : shorten(key)
}

/** What a value is, with its article: "an array", "a number". */
export function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object') return 'an object'
  if (typeof value === 'number' && !Number.isFinite(value)) return 'a number too large to hold'
  return `a ${typeof value}`
}

/** Such as "1025 characters long". */
export function charactersLong(value: string): string {
  return `${value.length} ${value.length === 1 ? 'character' : 'characters'} long`
}

/** A text in quotes, or its beginning if it is long, with its invisible characters made visible. */
export function quote(value: string): string {
  return JSON.stringify(shorten(value)).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu, escaped)
}

function escaped(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`
}

const LONGEST_QUOTE = 64

function shorten(value: string): string {
  return value.length > LONGEST_QUOTE ? `${value.slice(0, LONGEST_QUOTE)}…` : value
}
