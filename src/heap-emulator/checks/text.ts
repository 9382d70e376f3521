import { HeapError } from '../heapError'

const UNSTORABLE = /[\0\p{Surrogate}]/u

/**
 * Refuses a text that cannot be stored. Heap keeps events in PostgreSQL (Heap's engineering blog), whose text and jsonb
 * take neither NUL nor half of a surrogate pair.
 *
 * @param place where the text stands, or what it is
 * @throws {HeapError} 400
 */
export function checkStorable(text: string, place: string): void {
  const [found] = UNSTORABLE.exec(text) ?? []
  if (found === undefined) return
  const what = found === '\0' ? 'NUL (U+0000)' : `half of a surrogate pair (U+${hexOf(found)})`
  throw new HeapError(400, `${place} holds ${what}, which cannot be stored`)
}

function hexOf(character: string): string {
  return character.charCodeAt(0).toString(16).toUpperCase()
}
