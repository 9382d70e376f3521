/** Warns the developer of the page. */
export function warn(text: string): void {
  console.warn(text)
}

/** What an error says, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : typeof error === 'string' ? error : typeof error
}
