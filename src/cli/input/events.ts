import type { Readable } from 'node:stream'
import { systemWords } from '../engine/errors'
import { formOf, readDocument, readLine } from './jsonEvents'
import type { Form, ReadEvent } from './jsonEvents'
import { lines, MAX_TEXT_BYTES, TooLong } from './lines'
import { openSource } from './open'
import { STANDARD_INPUT } from './sources'
import type { Source } from './sources'
import { textOf, UnreadableSource } from './text'

/** Options of reading a source. */
export interface ReadOptions {
  /** Called for every piece that is read, with its length in bytes. */
  onBytes?: (bytes: number) => void
  /** Ends the reading, even while it waits for more. */
  signal?: AbortSignal
  /** Read in place of the standard input. */
  input?: Readable
}

/**
 * Reads the events of a source, in order.
 *
 * A source holds one event, an array of events, one event per line, or what `send --failed` wrote, gzipped or not. Lines are
 * read as a stream, in constant memory. Never throws: what cannot be read comes as `reason`, and the reading goes on with
 * what follows.
 */
export async function* readEvents(
  { name, reason }: Source,
  { onBytes, signal, input = process.stdin }: ReadOptions = {}
): AsyncGenerator<ReadEvent> {
  if (reason !== undefined) {
    yield { source: name, reason }
    return
  }
  let stream: Readable | undefined
  const end = () => stream?.destroy()
  signal?.addEventListener('abort', end)
  let line: number | undefined
  try {
    stream = name === STANDARD_INPUT ? input : openSource(name)
    for await (const read of readText(name, textOf(chunksOf(stream, onBytes)), signal)) {
      line = read.line
      yield read
    }
  } catch (error) {
    const at = line === undefined ? { source: name } : { source: name, line: line + 1 }
    if (!signal?.aborted) yield { ...at, reason: reasonOf(error) }
  } finally {
    signal?.removeEventListener('abort', end)
    end()
  }
}

async function* chunksOf(stream: Readable, onBytes?: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const chunk of stream as AsyncIterable<Buffer | string>) {
    onBytes?.(chunk.length)
    yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
  }
}

function reasonOf(error: unknown): string {
  return error instanceof UnreadableSource ? error.message : `cannot be read: ${systemWords(error)}`
}

const NOT_UTF8 = 'has characters that are not UTF-8, which would be lost: save the file as UTF-8'

/** Finds out from the lines (or the ending of the file's name) whether there is one event per line or JSON over many lines. */
async function* readText(source: string, text: AsyncIterable<Buffer>, signal?: AbortSignal): AsyncGenerator<ReadEvent> {
  let form: Form | undefined = /\.(ndjson|jsonl)(\.gz)?$/i.test(source) ? 'lines' : undefined
  const held: string[] = []
  const notUtf8 = new Set<number>()
  const readAt = (text: string, line: number): ReadEvent[] =>
    notUtf8.has(line) ? [{ source, line, reason: NOT_UTF8 }] : readLine(text, { source, line })
  let length = 0
  let line = 0
  let isEmpty = true
  for await (const { text: one, isUtf8 } of lines(text, signal)) {
    line++
    if (!isUtf8) notUtf8.add(line)
    // Files that were put together may have a byte order mark at the start of each.
    const whole = one.replace(/^\uFEFF/, '')
    isEmpty &&= whole.trim() === ''
    if (form === undefined) form = formOf(held, whole)
    if (form !== 'lines') {
      held.push(whole)
      length += whole.length + 1
      if (length > MAX_TEXT_BYTES) throw new TooLong()
      continue
    }
    for (const [index, earlier] of held.splice(0).entries()) yield* readAt(earlier, index + 1)
    yield* readAt(whole, line)
    notUtf8.clear()
  }
  const [firstNotUtf8] = notUtf8
  if (isEmpty) yield { source, reason: 'is empty' }
  else if (form !== 'lines' && firstNotUtf8) yield { source, line: firstNotUtf8, reason: NOT_UTF8 }
  else if (form !== 'lines') yield* readDocument(held.join('\n'), source)
}
