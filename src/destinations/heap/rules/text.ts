/** Heap, Bulk Track: property keys and values have fewer than 1024 characters. */
export const MAX_PROPERTY_LENGTH = 1023

/** Cuts to Heap's limit; a character outside the basic plane is two UTF-16 units and is never cut in half. */
export function cut(text: string): string {
  if (text.length <= MAX_PROPERTY_LENGTH) return text
  const last = text.charCodeAt(MAX_PROPERTY_LENGTH - 1)
  const splits = last >= 0xd800 && last <= 0xdbff
  return text.slice(0, splits ? MAX_PROPERTY_LENGTH - 1 : MAX_PROPERTY_LENGTH)
}

/** The text without surrounding white space, or undefined where nothing is left. */
export function trimmed(text: string | null | undefined): string | undefined {
  return text?.trim() || undefined
}
