/** What programs write where they know of nobody (Heap, Identities that must never be sent), in lower case. */
const PLACEHOLDERS = new Set([
  'undefined',
  'null',
  'nil',
  'none',
  'nan',
  'n/a',
  'unknown',
  'anonymous',
  'not_authenticated',
  'guest',
  'user',
  'true',
  'false',
  '0',
  '-1',
  '00000000-0000-0000-0000-000000000000'
])

/** Nothing that stands for nobody is longer, once its invisible characters are gone. */
const LONGEST = 1000

/** Nobody sees whether an ID has such a character. */
const INVISIBLE = /[\p{Cf}\p{Default_Ignorable_Code_Point}]+/gu

const BLANK = /[\s\p{Cc}]/u

/** What quotes or brackets a text: the first character is closed by the second. */
const WRAPPERS = new Set(['""', "''", '``', '“”', '„“', '‘’', '«»', '‹›', '()', '[]', '{}', '<>'])

/** The marks of template languages; a text of nothing else was never filled in. */
const TEMPLATE = /^(?:\$?\{\{[^{}]*\}\}|\{%[^%]*%\}|[$#]\{[^{}]*\}|<%[^%]*%>|%%[^%]+%%|\*\|[^|]*\|\*)+$/

/** What JavaScript makes of an object, or a list of objects, that is used as text. */
const OBJECT = /^\[object\b.*\]$/s

/**
 * Whether an ID names nobody: it is a word that programs write for nothing, a template that was never filled in, or
 * empty; in quotes, brackets or neither, in any casing, with invisible characters anywhere and blanks at its ends. An ID
 * that only contains such a thing, or that stands in quotes itself, names somebody.
 */
export function namesNobody(id: string): boolean {
  let rest = withoutBlankEnds(id.replace(INVISIBLE, '')).toLowerCase()
  if (rest.length > LONGEST) return false
  while (!isNothing(rest)) {
    const inner = unwrapped(rest)
    if (inner === undefined) return false
    rest = withoutBlankEnds(inner)
  }
  return true
}

function withoutBlankEnds(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && BLANK.test(text[start])) start++
  while (end > start && BLANK.test(text[end - 1])) end--
  return text.slice(start, end)
}

function isNothing(text: string): boolean {
  return text === '' || PLACEHOLDERS.has(text) || OBJECT.test(text) || TEMPLATE.test(text)
}

/** Without its outermost quotes, also escaped ones, or brackets; `undefined` if there are none. */
function unwrapped(text: string): string | undefined {
  if (/^\\["'].*\\["']$/s.test(text)) return text.slice(2, -2)
  return text.length >= 2 && WRAPPERS.has(text[0] + text[text.length - 1]) ? text.slice(1, -1) : undefined
}
