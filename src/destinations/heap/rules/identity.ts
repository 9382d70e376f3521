/** Heap, Identify: an identity has 1 to 255 characters. */
export const MAX_IDENTITY_LENGTH = 255

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

/** The identifier without surrounding white space, or undefined where nothing is left. */
export function trimmed(identifier: string | null | undefined): string | undefined {
  return identifier?.trim() || undefined
}

/** An anonymous ID or email, trimmed, or undefined where it is missing or names nobody: it would join strangers to a profile. */
export function usableIdentifier(identifier: string | null | undefined): string | undefined {
  const id = trimmed(identifier)
  return id === undefined || isPlaceholder(id) ? undefined : id
}

/** Whether a trimmed identifier stands for nobody, in any casing. */
export function isPlaceholder(identifier: string): boolean {
  return PLACEHOLDERS.has(identifier.toLowerCase())
}

/**
 * Why a trimmed identity must not be sent to Heap, as a sentence for a person; undefined when it may be.
 * Counts UTF-16 characters.
 */
export function identityTrouble(identity: string): string | undefined {
  if (identity.length > MAX_IDENTITY_LENGTH) {
    return `Identity is ${identity.length} characters long; Heap accepts at most ${MAX_IDENTITY_LENGTH}. Map a shorter ID to it.`
  }
  if (isPlaceholder(identity)) return placeholderTrouble('Identity', identity)
  return undefined
}

/** Why a placeholder is not sent as the identifier that `label` names. */
export function placeholderTrouble(label: string, placeholder: string): string {
  return (
    `${label} is "${placeholder}", a placeholder that names nobody: ` +
    'Heap would merge all people who carry it into one profile, for good. Map an ID of the person instead.'
  )
}

/** Heap's own IDs go from 0 to 2^53 − 1. Source: Heap, Identify. */
const MAX_HEAP_USER_ID = BigInt(Number.MAX_SAFE_INTEGER)

/** Heap's own numeric ID of a visitor as Heap writes it, or undefined for what is no such ID. */
export function heapUserId(text: string): string | undefined {
  if (!/^\d+$/.test(text)) return undefined
  const id = BigInt(text)
  return id <= MAX_HEAP_USER_ID ? String(id) : undefined
}
