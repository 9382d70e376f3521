import { createHash } from 'node:crypto'
import type { SegmentEvent } from '@segment/actions-core'
import { createScanner } from 'jsonc-parser'
import { isObject, jsonProblem, lineAt, parseJson, quoted } from '../engine/json'
import { CALLS, isMissing, isSegmentEvent, SHARED, sharedWith, withoutEmptyLists } from '../engine/segmentEvent'

/** Something that was read, and where. */
export interface Place {
  /** The file as it was named, or `standard input`. */
  source: string
  /** From 1 on; missing for the source as a whole. */
  line?: number
}

/** A place in a source. */
export type LinePlace = Place & { line: number }

/** A Segment event, or the reason why there is none, with the text that was read; the text of a broken file is left out. */
export type ReadEvent = { text?: string } & ((LinePlace & { event: SegmentEvent }) | (Place & { reason: string }))

/** Whether there is one event per line, or JSON over many lines. */
export type Form = 'lines' | 'document'

/**
 * What a line says of the form: that there is an event a line, if it is a whole object and the first; if it is a whole event
 * and a later one, that too, in case those before it are broken, unless it continues a document or follows one.
 */
export function formOf(before: string[], text: string): Form | undefined {
  if (!text.trimStart().startsWith('{')) return undefined
  if (before.every((earlier) => earlier.trim() === '')) return isJson(text) ? 'lines' : undefined
  if (!readLine(text, { source: '', line: 1 }).some((read) => 'event' in read)) return undefined
  const earlier = before.join('\n')
  const [first] = valuesAt(earlier, 0)
  if (first?.text.includes('\n') && isJson(first.text)) return 'document'
  const document = `${earlier}\n${text}`
  const problem = jsonProblem(document)
  return problem && problem.offset < document.length ? 'lines' : 'document'
}

/** Reads what a line holds: an event, a batch of Segment's HTTP API, what `send --failed` wrote, or nothing. */
export function readLine(text: string, place: LinePlace): ReadEvent[] {
  if (text.trim() === '') return []
  let value: unknown
  try {
    value = parseJson(text)
  } catch (error) {
    // Files that were put together without a line feed between them.
    const parts = text.split('\uFEFF').filter((part) => part.trim() !== '')
    if (parts.length > 1 && parts.every(isJson)) return parts.flatMap((part) => readLine(part, place))
    const isTooDeep = error instanceof RangeError
    const reason = isTooDeep ? 'nests too deep for its long numbers to be kept' : jsonProblem(text)?.reason
    return [{ ...place, reason: reason ?? 'is not JSON', text }]
  }
  return located(value, place, text)
}

/** Reads what stands over any number of lines: what a line may hold, a list of that, or several of either, one after the other. */
export function* readDocument(text: string, source: string): Generator<ReadEvent> {
  const documents = isJson(text) ? [wholeOf(text)] : valuesAt(text, 0)
  // Of a comment, nothing is left to be a value.
  const first = documents.length > 0 ? documents[0] : { line: 1, text }
  if (documents.length > 1 && looksLikeCsv(text)) {
    yield { source, reason: 'is CSV: send reads JSON, one event a line or a list of events' }
    return
  }
  if (!isJson(first.text)) {
    const { line, reason } = jsonProblem(first.text) ?? { line: 1, reason: 'is not JSON' }
    yield { source, line: first.line + line - 1, reason }
    return
  }
  for (const document of documents) {
    if (document.text.startsWith('[') && isJson(document.text)) yield* readList(document, source)
    else yield* readLine(document.text, { source, line: document.line })
  }
}

function* readList(list: Value, source: string): Generator<ReadEvent> {
  const elements = valuesAt(list.text, 1)
  if (elements.length === 0) yield { source, line: list.line, reason: 'holds no event: the array is empty' }
  for (const { line, text } of elements) yield* readLine(text, { source, line: list.line + line - 1 })
}

/** A line of names, and more lines that are cut by the same commas, semicolons or tabs. */
function looksLikeCsv(text: string): boolean {
  const [head, next] = text.split('\n', 2)
  const separator = /^"?[\w .$-]+"?([,;\t])/.exec(head)?.[1]
  return separator !== undefined && next !== undefined && next.split(separator).length >= head.split(separator).length
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** The text of a value in a text, and the line that it starts in. */
interface Value {
  line: number
  text: string
}

function wholeOf(text: string): Value {
  const start = text.search(/\S/)
  return { line: lineAt(text, start), text: text.slice(start) }
}

/**
 * The values that stand so many levels deep in a text; with a key, those in the list under that key of the outermost object. The
 * text may be broken: then the last one is as far as it goes.
 */
function valuesAt(text: string, level: number, key?: string): Value[] {
  const scanner = createScanner(text, true)
  const values: Value[] = []
  let depth = 0
  let isInList = key === undefined
  let lastText: string | undefined
  let start: { offset: number; line: number } | undefined
  const add = (end: number) => start && values.push({ line: start.line, text: text.slice(start.offset, end) })
  for (scanner.scan(); scanner.getTokenLength() > 0; scanner.scan()) {
    const offset = scanner.getTokenOffset()
    const end = offset + scanner.getTokenLength()
    const token = text[offset]
    const isOpening = token === '{' || token === '['
    const isClosing = (token === '}' || token === ']') && depth > 0
    if (isClosing) depth--
    if (depth === level && isInList) {
      const isBetween = level > 0 && (token === ',' || token === ':')
      if (!isClosing && !isBetween) start = { offset, line: scanner.getTokenStartLine() + 1 }
      if (!isOpening && start) add(end)
      if (!isOpening) start = undefined
    }
    if (depth === 1 && key !== undefined && token === '"') lastText = scanner.getTokenValue()
    if (depth === 1 && key !== undefined && (isOpening || isClosing)) {
      isInList = token === '[' && lastText === key
      // Of a key that is there twice, JSON takes the last.
      if (isInList) values.length = 0
    }
    if (isOpening) depth++
  }
  add(text.length)
  return values
}

function located(value: unknown, place: LinePlace, text: string): ReadEvent[] {
  // Of a file, an event without an ID is refused; one whose program wrote nothing into it gets one.
  if (isSegmentEvent(value)) return [eventAt(place, value, text, value.messageId !== undefined)]
  if (isObject(value) && value.type === undefined) {
    if (Array.isArray(value.batch)) return readBatch(value, value.batch, place, text)
    if ('reason' in value) return readFailed(value, place, text)
  }
  return [{ ...place, reason: `is not a Segment event: ${problemOf(value)}`, text }]
}

/** The events of a request to Segment's HTTP API. */
function readBatch(request: Record<string, unknown>, batch: unknown[], place: LinePlace, text: string): ReadEvent[] {
  const shared = withoutEmptyLists(request)
  const wrong = SHARED.find((key) => !isObject(shared[key] ?? {}))
  if (wrong) return [{ ...place, reason: `is a batch whose "${wrong}" is not an object`, text }]
  if (batch.length === 0) return [{ ...place, reason: 'holds no event: the batch is empty', text }]
  const values = valuesAt(text, 2, 'batch')
  return batch.flatMap((entry, index) => {
    const { line, text: own } = values[index]
    const at = { ...place, line: place.line + line - 1 }
    return isSegmentEvent(entry) ? eventAt(at, sharedWith(entry, shared), own, true, index) : located(entry, at, own)
  })
}

/** What `send --failed` wrote; what could not be read then cannot be read now. */
function readFailed(failed: Record<string, unknown>, place: LinePlace, text: string): ReadEvent[] {
  if (isSegmentEvent(failed.event)) return [eventAt(place, failed.event, text, false)]
  if (typeof failed.text === 'string') return readLine(failed.text, place)
  return [{ ...place, reason: 'holds no event to send again, as it stands for a whole file', text }]
}

/** @param givesId whether the event gets an ID where it has none; read again it gets the same, so that it is stored once */
function eventAt(place: LinePlace, event: SegmentEvent, text: string, givesId: boolean, index = 0): ReadEvent {
  const tidied = withoutEmptyLists(event)
  if (!givesId || !isMissing(tidied.messageId)) return { ...place, event: tidied, text }
  const { source, line } = place
  const messageId = createHash('sha256')
    .update(JSON.stringify([source, line, index, text]))
    .digest('hex')
    .slice(0, 32)
  return { ...place, event: { ...tidied, messageId }, text }
}

function problemOf(value: unknown): string {
  if (!isObject(value)) return `it is ${Array.isArray(value) ? 'an array' : quoted(value)}, not an object`
  const { type } = value
  const calls = `${CALLS.slice(0, -1).join(', ')} or ${CALLS.at(-1)}`
  if (type === undefined) return `it has no "type", which is ${calls}`
  return `its "type" is ${typeof type === 'string' ? quoted(type) : 'no text'}, not ${calls}`
}
