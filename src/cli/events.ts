import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { isNativeError } from 'node:util/types'
import type { SegmentEvent } from '@segment/actions-core'
import { parseTree, printParseErrorCode } from 'jsonc-parser'
import type { Node, ParseError } from 'jsonc-parser'
import split2 from 'split2'

/** Something that was read, and where: line numbers start at 1. */
export interface Place {
  /** The file as it was named, or `standard input`. */
  source: string
  line: number
}

/** A Segment event, or what is wrong with the thing at its place. */
export type ReadEvent = Place & ({ event: SegmentEvent } | { trouble: string })

const STANDARD_INPUT = 'standard input'

/** Segment, Spec: the calls that a source sends. */
const CALLS = ['track', 'identify', 'page', 'screen', 'group', 'alias']

/**
 * Reads events, in order, from files, folders (their own .json, .ndjson and .jsonl files) and `-`, the standard input.
 *
 * A file holds one event, an array of events, or an event a line; event by line is read as a stream, in constant memory.
 * Never throws: what cannot be read comes as `trouble`, and the reading goes on with what follows.
 */
export async function* readEvents(sources: string[], input: Readable = process.stdin): AsyncGenerator<ReadEvent> {
  for (const source of sources) {
    if (source === '-') {
      yield* readStream(STANDARD_INPUT, input)
      continue
    }
    try {
      yield* (await stat(source)).isDirectory() ? readFolder(source) : readStream(source, createReadStream(source))
    } catch (error) {
      yield { source, line: 1, trouble: `cannot be read: ${reasonOf(error)}` }
    }
  }
}

async function* readFolder(folder: string): AsyncGenerator<ReadEvent> {
  const files = (await readdir(folder)).filter((name) => /\.(json|ndjson|jsonl)$/.test(name)).sort()
  if (files.length === 0) yield { source: folder, line: 1, trouble: 'holds no .json, .ndjson or .jsonl file' }
  yield* readEvents(files.map((name) => path.join(folder, name)))
}

/** Tells by the first line (or a file's ending) whether there is an event a line or one JSON document. */
async function* readStream(source: string, stream: Readable): AsyncGenerator<ReadEvent> {
  let byLine = /\.(ndjson|jsonl)$/.test(source)
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
  // Errors of the file must reach the reader of the lines, which `pipe` alone does not do.
  const split = stream.pipe(split2())
  stream.on('error', (error) => split.destroy(error))
  for await (const line of split) {
    yield first ? String(line).replace(/^\uFEFF/, '') : String(line)
    first = false
  }
}

function isWholeObject(text: string): boolean {
  return text.trimStart().startsWith('{') && parse(text).tree !== undefined
}

function readLine(text: string, place: Place): ReadEvent {
  const { error } = parse(text)
  return error ? { ...place, trouble: notJson(error) } : located(JSON.parse(text), place)
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
  return { ...place, trouble: `is no Segment event: ${troubleOf(value)}` }
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

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The system's words for a file that cannot be read, without its code and path. */
function reasonOf(error: unknown): string {
  const message = isNativeError(error) ? error.message : String(error)
  return message.replace(/^[A-Z]+: /, '').replace(/,.*$/, '')
}
