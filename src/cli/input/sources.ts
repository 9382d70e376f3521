import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { systemWords } from '../engine/errors'

/** A file, or the standard input, that events are read from. */
export interface Source {
  /** As it was named, or {@link STANDARD_INPUT}. */
  name: string
  /** In bytes, if known beforehand. */
  size?: number
  /** Why it cannot be read. */
  reason?: string
}

/** The name of the standard input as a source. */
export const STANDARD_INPUT = 'standard input'

const FILE_NAMES = /\.(json|ndjson|jsonl|gz)$/i

/**
 * Finds what the arguments of a command name: files, folders (their own .json, .ndjson, .jsonl and .gz files, in the order of
 * their names) and `-`, the standard input.
 *
 * Never throws: a source that does not exist has a `reason`.
 *
 * @param isOther whether a file, by its path, is not a file of events, and left out
 * @param onUnread called for a named folder that has folders in it, which are not read, with the first of them; hidden ones do not count
 */
export async function findSources(
  names: string[],
  isOther: (file: string) => boolean = () => false,
  onUnread: (folder: string, inner: string) => void = () => undefined
): Promise<Source[]> {
  const sources: Source[] = []
  for (const name of names) {
    if (name === '-') {
      sources.push({ name: STANDARD_INPUT })
      continue
    }
    const found = await fileAt(name)
    if (found === undefined) sources.push(...(await folderSources(name, isOther, onUnread)))
    else if (!isOther(name)) sources.push(found)
  }
  return sources
}

async function folderSources(
  folder: string,
  isOther: (file: string) => boolean,
  onUnread: (folder: string, inner: string) => void
): Promise<Source[]> {
  const sources: Source[] = []
  const entries = await readdir(folder, { withFileTypes: true })
  entries.sort((one, other) => (one.name < other.name ? -1 : 1))
  const inner = entries.find((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
  if (inner) onUnread(folder, path.join(folder, inner.name))
  for (const entry of entries) {
    const name = path.join(folder, entry.name)
    if (!FILE_NAMES.test(entry.name) || isOther(name)) continue
    // A link may lead to a folder, even to this one.
    const found = await fileAt(name)
    if (found) sources.push(found)
  }
  if (sources.length > 0) return sources
  return [{ name: folder, reason: 'holds no .json, .ndjson, .jsonl or .gz file' }]
}

/** A file as a source; nothing if it is a folder. */
async function fileAt(name: string): Promise<Source | undefined> {
  try {
    const found = await stat(name)
    return found.isDirectory() ? undefined : { name, size: found.size }
  } catch (error) {
    return { name, reason: `cannot be read: ${systemWords(error)}` }
  }
}
