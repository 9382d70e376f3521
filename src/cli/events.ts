import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { isNativeError } from 'node:util/types'
import { createGunzip } from 'node:zlib'
import type { SegmentEvent } from '@segment/actions-core'
import { parseTree, printParseErrorCode } from 'jsonc-parser'
import type { Node, ParseError } from 'jsonc-parser'
import split2 from 'split2'
import { isObject } from './subscriptions'

/** Something that was read, and where: line numbers start at 1. */
export interface Place {
  /** The file as it was named, or `standard input`. */
  source: string
  line: number
}

/** A Segment event, or what is wrong with the thing at its place, and its text, unless it is a whole file. */
export type ReadEvent = Place & ({ event: SegmentEvent } | { trouble: string; text?: string })

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

/** Segment, Spec: the calls that a source sends. */
export const CALLS = ['track', 'identify', 'page', 'screen', 'group', 'alias']

const FILE_NAMES = /\.(json|ndjson|jsonl)(\.gz)?$/

/**
 * Finds what the arguments of a command name: files, folders (their own .json, .ndjson and .jsonl files, gzipped or not,
 * in the order of their names) and `-`, the standard input.
 *
 * Never throws: what is not there is a source with `trouble`.
 */
export async function findSources(names: string[]): Promise<Source[]> {
  const sources: Source[] = []
  for (const name of names) {
    if (name === '-') {
      sources.push({ name: STANDARD_INPUT })
      continue
    }
    try {
      const found = await stat(name)
      sources.push(...(found.isDirectory() ? await folderSources(name) : [{ name, size: found.size }]))
    } catch (error) {
      sources.push({ name, trouble: `cannot be read: ${reasonOf(error)}` })
    }
  }
  return sources
}

async function folderSources(folder: string): Promise<Source[]> {
  const files = (await readdir(folder)).filter((name) => FILE_NAMES.test(name)).sort()
  if (files.length > 0) return findSources(files.map((name) => path.join(folder, name)))
  return [{ name: folder, trouble: 'holds no .json, .ndjson or .jsonl file' }]
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
 * It holds one event, an array of events, an event a line, or what `send --failed` wrote; a file that ends in .gz is
 * unpacked. Event by line is read as a stream, in constant memory. Never throws: what cannot be read comes as `trouble`,
 * and the reading goes on with what follows.
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
  stream.on('data', (chunk: Buffer | string) => onBytes?.(chunk.length))
  let line = 0
  try {
    for await (const read of readStream(name, name.endsWith('.gz') ? piped(stream, createGunzip()) : stream)) {
      line = read.line
      yield read
    }
  } catch (error) {
    if (!signal?.aborted) yield { source: name, line: line + 1, trouble: `cannot be read: ${reasonOf(error)}` }
  } finally {
    signal?.removeEventListener('abort', end)
    stream.destroy()
  }
}

/** Like `pipe`, which does not hand on errors, nor an early end. */
function piped<To extends NodeJS.ReadWriteStream & Readable>(from: Readable, to: To): To {
  from.on('error', (error) => to.destroy(error))
  from.on('close', () => from.readableEnded || to.destroy())
  return from.pipe(to)
}

/** Tells by the first line (or a file's ending) whether there is an event a line or one JSON document. */
async function* readStream(source: string, stream: Readable): AsyncGenerator<ReadEvent> {
  let byLine = /\.(ndjson|jsonl)(\.gz)?$/.test(source)
  let document: string[] | undefined
  let line = 0
  let empty = true
  // Not readline: it takes U+2028 for the end of a line, which JSON may hold in a string.
  for await (const text of lines(stream)) {
    line++
    if (document) {
      document.push(text)
    } else if (text.trim() === '') {
      continue
    } else if (byLine || (empty && isWholeObject(text))) {
      byLine = true
      yield readLine(text, { source, line })
    } else {
      document = [...Array<string>(line - 1).fill(''), text]
    }
    empty = false
  }
  if (empty) yield { source, line: 1, trouble: 'is empty' }
  if (document) yield* readDocument(document.join('\n'), source)
}

async function* lines(stream: Readable): AsyncGenerator<string> {
  let first = true
  for await (const line of piped(stream, split2())) {
    yield first ? String(line).replace(/^\uFEFF/, '') : String(line)
    first = false
  }
}

function isWholeObject(text: string): boolean {
  return text.trimStart().startsWith('{') && parse(text).tree !== undefined
}

function readLine(text: string, place: Place): ReadEvent {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { ...place, trouble: notJson(parse(text).error), text }
  }
  return located(value, place)
}

function* readDocument(text: string, source: string): Generator<ReadEvent> {
  const { tree, error } = parse(text)
  if (error || !tree) {
    yield { source, line: lineAt(text, error?.offset ?? 0), trouble: notJson(error) }
    return
  }
  const value: unknown = JSON.parse(text)
  if (!Array.isArray(value)) {
    yield located(value, { source, line: lineAt(text, tree.offset) })
    return
  }
  if (value.length === 0) yield { source, line: 1, trouble: 'holds no event: the array is empty' }
  const places = tree.children?.map(({ offset }) => offset) ?? []
  for (const [index, element] of value.entries()) yield located(element, { source, line: lineAt(text, places[index]) })
}

function parse(text: string): { tree?: Node; error?: ParseError } {
  const errors: ParseError[] = []
  const tree = parseTree(text, errors, { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false })
  return errors.length > 0 ? { error: errors[0] } : { tree }
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

function located(value: unknown, place: Place): ReadEvent {
  if (isSegmentEvent(value)) return { ...place, event: value }
  // As `send --failed` writes it; what it could not read is as unreadable as it was.
  if (isObject(value) && 'reason' in value && value.type === undefined) {
    if (isSegmentEvent(value.event)) return { ...place, event: value.event }
    if (typeof value.text === 'string') return readLine(value.text, place)
  }
  return { ...place, trouble: `is no Segment event: ${troubleOf(value)}`, text: JSON.stringify(value) }
}

function isSegmentEvent(value: unknown): value is SegmentEvent {
  return isObject(value) && CALLS.includes(String(value.type))
}

function troubleOf(value: unknown): string {
  if (!isObject(value)) return `it is ${Array.isArray(value) ? 'an array' : JSON.stringify(value)}, not an object`
  const { type } = value
  const calls = `${CALLS.slice(0, -1).join(', ')} or ${CALLS.at(-1)}`
  return type === undefined
    ? `it has no "type", which is ${calls}`
    : `its "type" is ${JSON.stringify(type)}, not ${calls}`
}

/** The system's words for a file that cannot be read, without its code and path. */
function reasonOf(error: unknown): string {
  const message = isNativeError(error) ? error.message : String(error)
  return message.replace(/^[A-Z]+: /, '').replace(/,.*$/, '')
}
