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

/** A Segment event, or the reason why there is none, with the text that was read; the text of a broken file is left out. */
export type ReadEvent = Place & { text?: string } & ({ event: SegmentEvent } | { reason: string })

/** Whether there is one event per line, or one JSON document over all lines. */
export type Form = 'lines' | 'document'

/**
 * What a line says of the form: that there is an event a line, if it is a whole object and the first; if it is a whole event
 * and a later one, that too, in case those before it are broken, unless it continues a document.
 */
export function formOf(before: string[], text: string): Form | undefined {
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

/** Reads an event, or what `send --failed` wrote, from one line. */
export function readLine(text: string, place: Place): ReadEvent {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { ...place, reason: notJson(errorIn(text)), text }
  }
  return located(value, place, text)
}

/** Reads one event or an array of them, over any number of lines. */
export function* readDocument(text: string, source: string): Generator<ReadEvent> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    const error = errorIn(text)
    yield { source, line: lineAt(text, error?.offset ?? 0), reason: notJson(error) }
    return
  }
  if (!Array.isArray(value)) {
    yield located(value, { source, line: lineAt(text, text.search(/\S/)) }, text)
    return
  }
  if (value.length === 0) yield { source, line: 1, reason: 'holds no event: the array is empty' }
  const elements = elementsOf(text)
  for (const [index, element] of value.entries()) {
    yield located(element, { source, line: elements[index].line }, elements[index].text)
  }
}

/** The place of each element in the text of a JSON array. */
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

/** The first error in a text that is not JSON; undefined if it lies too deep to be found. */
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
  // As `send --failed` writes it; what could not be read then cannot be read now.
  if (isObject(value) && 'reason' in value && value.type === undefined) {
    if (isSegmentEvent(value.event)) return { ...place, event: value.event, text }
    if (typeof value.text === 'string') return readLine(value.text, place)
    return { ...place, reason: 'holds no event to send again, as it stands for a whole file', text }
  }
  return { ...place, reason: `is not a Segment event: ${problemOf(value)}`, text }
}

function problemOf(value: unknown): string {
  if (!isObject(value)) return `it is ${Array.isArray(value) ? 'an array' : JSON.stringify(value)}, not an object`
  const { type } = value
  const calls = `${CALLS.slice(0, -1).join(', ')} or ${CALLS.at(-1)}`
  if (type === undefined) return `it has no "type", which is ${calls}`
  return `its "type" is ${typeof type === 'string' ? JSON.stringify(type) : 'no text'}, not ${calls}`
}
