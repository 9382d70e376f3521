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

/** Finds out from the lines (or the ending of the file's name) whether there is one event per line or JSON over many lines. */
async function* readText(source: string, text: AsyncIterable<Buffer>, signal?: AbortSignal): AsyncGenerator<ReadEvent> {
  let form: Form | undefined = /\.(ndjson|jsonl)(\.gz)?$/i.test(source) ? 'lines' : undefined
  const held: string[] = []
  let length = 0
  let line = 0
  let isEmpty = true
  for await (const one of lines(text, signal)) {
    line++
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
    for (const [index, earlier] of held.splice(0).entries()) yield* readLine(earlier, { source, line: index + 1 })
    yield* readLine(whole, { source, line })
  }
  if (isEmpty) yield { source, reason: 'is empty' }
  else if (form !== 'lines') yield* readDocument(held.join('\n'), source)
}
