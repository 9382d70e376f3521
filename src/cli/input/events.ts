import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { systemWords } from '../engine/errors'
import { formOf, readDocument, readLine } from './jsonEvents'
import type { Form, ReadEvent } from './jsonEvents'
import { lines, unpacked } from './lines'
import { STANDARD_INPUT } from './sources'
import type { Source } from './sources'

/** How the reading of a source is watched and ended. */
export interface ReadOptions {
  /** Is told of every piece that is read, with its length in bytes. */
  onBytes?: (bytes: number) => void
  /** Ends the reading, also where it waits for more. */
  signal?: AbortSignal
  /** What stands for the standard input. */
  input?: Readable
}

/**
 * Reads the events of a source, in order.
 *
 * It holds one event, an array of events, an event a line, or what `send --failed` wrote, gzipped or not. Event by line is
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

/** Tells by its lines (or a file's ending) whether there is an event a line or one JSON document. */
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
