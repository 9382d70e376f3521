import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { isNativeError } from 'node:util/types'
import { createGunzip } from 'node:zlib'
import type { SegmentEvent } from '@segment/actions-core'
import { createScanner, parseTree, printParseErrorCode } from 'jsonc-parser'
import type { ParseError } from 'jsonc-parser'
import { isObject } from '../engine/json'
import { CALLS, isSegmentEvent } from '../engine/segmentEvent'

/** Something that was read, and where: line numbers start at 1. */
export interface Place {
  /** The file as it was named, or `standard input`. */
  source: string
  line: number
}

/** A Segment event, or what is wrong with the thing at its place, and the text of either; that of a broken file is left out. */
export type ReadEvent = Place & { text?: string } & ({ event: SegmentEvent } | { trouble: string })

/** A file, or the standard input, that events are read from. */
export interface Source {
  /** As it was named, or {@link STANDARD_INPUT}. */
  name: string
  /** In bytes, where it is known beforehand. */
  size?: number
  /** Why it cannot be read. */
  trouble?: string
}

/** The name of the standard input as a source. */
export const STANDARD_INPUT = 'standard input'

const FILE_NAMES = /\.(json|ndjson|jsonl|gz)$/i

/**
 * Finds what the arguments of a command name: files, folders (their own .json, .ndjson, .jsonl and .gz files, in the order of
 * their names) and `-`, the standard input.
 *
 * Never throws: what is not there is a source with `trouble`.
 *
 * @param isOther whether a file, by its path, is none of events and left out
 */
export async function findSources(
  names: string[],
  isOther: (file: string) => boolean = () => false
): Promise<Source[]> {
  const sources: Source[] = []
  for (const name of names) {
    if (name === '-') {
      sources.push({ name: STANDARD_INPUT })
      continue
    }
    try {
      const found = await stat(name)
      if (found.isDirectory()) sources.push(...(await folderSources(name, isOther)))
      else if (!isOther(name)) sources.push({ name, size: found.size })
    } catch (error) {
      sources.push({ name, trouble: `cannot be read: ${systemWords(error)}` })
    }
  }
  return sources
}

async function folderSources(folder: string, isOther: (file: string) => boolean): Promise<Source[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.flatMap((entry) => (!entry.isDirectory() && FILE_NAMES.test(entry.name) ? entry.name : []))
  const sources = await findSources(
    names.sort().map((name) => path.join(folder, name)),
    isOther
  )
  if (sources.length > 0) return sources
  return [{ name: folder, trouble: 'holds no .json, .ndjson, .jsonl or .gz file' }]
}

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
 * read as a stream, in constant memory. Never throws: what cannot be read comes as `trouble`, and the reading goes on with
 * what follows.
 */
export async function* readEvents(
  { name, trouble }: Source,
  { onBytes, signal, input = process.stdin }: ReadOptions = {}
): AsyncGenerator<ReadEvent> {
  if (trouble !== undefined) {
    yield { source: name, line: 1, trouble }
    return
  }
  const stream = name === STANDARD_INPUT ? input : createReadStream(name)
  const end = () => stream.destroy()
  signal?.addEventListener('abort', end)
  let line = 0
  try {
    const isZipped = await startsAsGzip(stream, signal)
    stream.on('data', (chunk: Buffer | string) => onBytes?.(chunk.length))
    for await (const read of readStream(name, isZipped ? unzipped(stream) : stream, signal)) {
      line = read.line
      yield read
    }
  } catch (error) {
    if (!signal?.aborted) yield { source: name, line: line + 1, trouble: `cannot be read: ${systemWords(error)}` }
  } finally {
    signal?.removeEventListener('abort', end)
    stream.destroy()
  }
}

async function startsAsGzip(stream: Readable, signal?: AbortSignal): Promise<boolean> {
  await once(stream, 'readable', { signal })
  const start = stream.read() as Buffer | string | null
  if (start !== null) stream.unshift(start)
  return Buffer.isBuffer(start) && start[0] === 0x1f && start[1] === 0x8b
}

/** `pipe` does not hand on errors, nor an early end. */
function unzipped(stream: Readable): Readable {
  const gunzip = createGunzip()
  stream.on('error', (error) => gunzip.destroy(error))
  stream.on('close', () => stream.readableEnded || gunzip.destroy())
  return stream.pipe(gunzip)
}

const LINE_FEED = 0x0a

/**
 * Not readline, which takes U+2028 for the end of a line, where JSON may hold it in a string; nor split2, whose time grows with
 * the square of a line's length.
 */
async function* lines(stream: Readable, signal?: AbortSignal): AsyncGenerator<string> {
  let begun: Buffer[] = []
  let failure: Error | undefined
  try {
    for await (const chunk of stream as AsyncIterable<Buffer | string>) {
      const bytes = Buffer.from(chunk)
      let start = 0
      for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, start)) {
        yield textOf([...begun, bytes.subarray(start, end)])
        begun = []
        start = end + 1
      }
      begun.push(bytes.subarray(start))
    }
  } catch (error) {
    failure = error as Error
  }
  const last = textOf(begun)
  if (last !== '' && !signal?.aborted) yield last
  if (failure !== undefined) throw failure
}

function textOf(line: Buffer[]): string {
  return Buffer.concat(line).toString('utf8').replace(/\r$/, '')
}

/** Tells by its lines (or a file's ending) whether there is an event a line or one JSON document. */
async function* readStream(source: string, stream: Readable, signal?: AbortSignal): AsyncGenerator<ReadEvent> {
  let form: 'lines' | 'document' | undefined = /\.(ndjson|jsonl)(\.gz)?$/i.test(source) ? 'lines' : undefined
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
  if (isEmpty) yield { source, line: 1, trouble: 'is empty' }
  else if (form !== 'lines') yield* readDocument(held.join('\n'), source)
}

/**
 * What a line says of the form: that there is an event a line, if it is a whole object and the first; if it is a whole event
 * and a later one, that too, in case those before it are broken, unless it continues a document.
 */
function formOf(before: string[], text: string): 'lines' | 'document' | undefined {
  if (!text.trimStart().startsWith('{')) return undefined
  if (before.every((earlier) => earlier.trim() === '')) return isJson(text) ? 'lines' : undefined
  if (!('event' in readLine(text, { source: '', line: 1 }))) return undefined
  const document = [...before, text].join('\n')
  const error = errorIn(document)
  return error && error.offset < document.length ? 'lines' : 'document'
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function readLine(text: string, place: Place): ReadEvent {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { ...place, trouble: notJson(errorIn(text)), text }
  }
  return located(value, place, text)
}

function* readDocument(text: string, source: string): Generator<ReadEvent> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    const error = errorIn(text)
    yield { source, line: lineAt(text, error?.offset ?? 0), trouble: notJson(error) }
    return
  }
  if (!Array.isArray(value)) {
    yield located(value, { source, line: lineAt(text, text.search(/\S/)) }, text)
    return
  }
  if (value.length === 0) yield { source, line: 1, trouble: 'holds no event: the array is empty' }
  const elements = elementsOf(text)
  for (const [index, element] of value.entries()) {
    yield located(element, { source, line: elements[index].line }, elements[index].text)
  }
}

/** Where the elements of a JSON array stand in its text. */
function elementsOf(text: string): { line: number; text: string }[] {
  const scanner = createScanner(text, true)
  const elements: { line: number; text: string }[] = []
  let depth = 0
  let start: { offset: number; line: number } | undefined
  for (scanner.scan(); scanner.getTokenLength() > 0; scanner.scan()) {
    const offset = scanner.getTokenOffset()
    const token = text[offset]
    const isEnd = depth === 1 && (token === ',' || token === ']')
    if (isEnd && start) elements.push({ line: start.line, text: text.slice(start.offset, offset).trim() })
    if (isEnd) start = undefined
    else if (depth === 1) start ??= { offset, line: scanner.getTokenStartLine() + 1 }
    if (token === '[' || token === '{') depth++
    if (token === ']' || token === '}') depth--
  }
  return elements
}

/** The first error in a text that is no JSON; nothing where it lies too deep to be found. */
function errorIn(text: string): ParseError | undefined {
  const errors: ParseError[] = []
  try {
    parseTree(text, errors, { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false })
  } catch {
    return undefined
  }
  return errors[0]
}

function notJson(error: ParseError | undefined): string {
  const reason =
    error &&
    printParseErrorCode(error.error)
      .replace(/(?!^)(?=[A-Z])/g, ' ')
      .toLowerCase()
  return `is not JSON${reason ? `: ${reason}` : ''}`
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}

function located(value: unknown, place: Place, text: string): ReadEvent {
  if (isSegmentEvent(value)) return { ...place, event: value, text }
  // As `send --failed` writes it; what it could not read is as unreadable as it was.
  if (isObject(value) && 'reason' in value && value.type === undefined) {
    if (isSegmentEvent(value.event)) return { ...place, event: value.event, text }
    if (typeof value.text === 'string') return readLine(value.text, place)
    return { ...place, trouble: 'holds no event to send again, as it stands for a whole file', text }
  }
  return { ...place, trouble: `is not a Segment event: ${troubleOf(value)}`, text }
}

function troubleOf(value: unknown): string {
  if (!isObject(value)) return `it is ${Array.isArray(value) ? 'an array' : JSON.stringify(value)}, not an object`
  const { type } = value
  const calls = `${CALLS.slice(0, -1).join(', ')} or ${CALLS.at(-1)}`
  if (type === undefined) return `it has no "type", which is ${calls}`
  return `its "type" is ${typeof type === 'string' ? JSON.stringify(type) : 'no text'}, not ${calls}`
}

/** The system's words for what is wrong with a file, without its code and path. */
export function systemWords(error: unknown): string {
  const message = isNativeError(error) ? error.message : String(error)
  return message.replace(/^[A-Z]+: /, '').replace(/,.*$/, '')
}
