import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { systemWords } from '../engine/errors'
import { formOf, readDocument, readLine } from './jsonEvents'
import type { Form, ReadEvent } from './jsonEvents'
import { lines, unpacked } from './lines'
import { STANDARD_INPUT } from './sources'
import type { Source } from './sources'

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
    yield { source: name, line: 1, reason }
    return
  }
  const stream = name === STANDARD_INPUT ? input : createReadStream(name)
  const end = () => stream.destroy()
  signal?.addEventListener('abort', end)
  let line = 0
  try {
    for await (const read of readStream(name, await unpacked(stream, { signal, onBytes }), signal)) {
      line = read.line
      yield read
    }
  } catch (error) {
    if (!signal?.aborted) yield { source: name, line: line + 1, reason: `cannot be read: ${systemWords(error)}` }
  } finally {
    signal?.removeEventListener('abort', end)
    stream.destroy()
  }
}

/** Finds out from the lines (or the ending of the file's name) whether there is one event per line or one JSON document. */
async function* readStream(source: string, stream: Readable, signal?: AbortSignal): AsyncGenerator<ReadEvent> {
  let form: Form | undefined = /\.(ndjson|jsonl)(\.gz)?$/i.test(source) ? 'lines' : undefined
  const held: string[] = []
  let line = 0
  let isEmpty = true
  for await (const one of lines(stream, signal)) {
    line++
    const text = line === 1 ? one.replace(/^\uFEFF/, '') : one
    isEmpty &&= text.trim() === ''
    if (form === undefined) form = formOf(held, text)
    if (form !== 'lines') {
      held.push(text)
      continue
    }
    for (const [index, earlier] of held.splice(0).entries()) {
      if (earlier.trim() !== '') yield readLine(earlier, { source, line: index + 1 })
    }
    if (text.trim() !== '') yield readLine(text, { source, line })
  }
  if (isEmpty) yield { source, line: 1, reason: 'is empty' }
  else if (form !== 'lines') yield* readDocument(held.join('\n'), source)
}
