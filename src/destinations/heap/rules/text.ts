/** Heap, Bulk Track: property keys and values have fewer than 1024 characters. */
export const MAX_PROPERTY_LENGTH = 1023

/** Cuts to a limit of Heap's; a character outside the basic plane is two UTF-16 units and is never cut in half. */
export function cut(text: string, maxLength = MAX_PROPERTY_LENGTH): string {
  if (text.length <= maxLength) return text
  const last = text.charCodeAt(maxLength - 1)
  const splits = last >= 0xd800 && last <= 0xdbff
  return text.slice(0, splits ? maxLength - 1 : maxLength)
}

/** The text without surrounding white space, or undefined where nothing is left. */
export function trimmed(text: string | null | undefined): string | undefined {
  return text?.trim() || undefined
}
