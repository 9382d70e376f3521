import stringWidth from 'string-width'
import wrapAnsi from 'wrap-ansi'
import { oneLine, printable } from '../engine/terminal'

/** A line of a drawing: a name, and its value beside it or, indented, below it. */
export type Row = [name: string, value: unknown]

/** How much of the width names may take. */
const NAMES_SHARE = 0.4

/** How many characters a value gets at least, however far it is indented. */
const LEAST_VALUE_WIDTH = 20

/**
 * Draws names and values, one per line, the values aligned. Objects and lists are indented below their name. What is longer than
 * its line is wrapped; nothing is cut off.
 *
 * @param width of a line, in characters
 * @param indent how many characters the lines start with
 */
export function drawn(rows: Row[], width: number, indent: number): string[] {
  const named = rows.map(([name, value]) => [oneLine(name), value] as const)
  const widths = named.flatMap(([name, value]) => (isNested(value) ? [] : widthOf(name)))
  const most = Math.max(1, Math.floor((width - indent) * NAMES_SHARE))
  const column = Math.max(0, ...widths.filter((nameWidth) => nameWidth <= most))
  const valueWidth = Math.max(LEAST_VALUE_WIDTH, width - indent - column - 2)
  return named.flatMap(([name, value]) => {
    if (isNested(value))
      return [...wrapped(name, width - indent).map(inBy(indent)), ...nested(value, width, indent + 2)]
    const lines = wrapped(textOf(value), valueWidth)
    if (widthOf(name) <= column) {
      const [first, ...rest] = lines
      return [`${name}${' '.repeat(column - widthOf(name) + 2)}${first}`, ...rest.map(inBy(column + 2))].map(
        inBy(indent)
      )
    }
    return [...wrapped(name, width - indent), ...lines.map(inBy(column + 2))].map(inBy(indent))
  })
}

/** The entries of an object as rows; those of a list each start with a dash. */
function nested(value: object, width: number, indent: number): string[] {
  if (!Array.isArray(value)) return drawn(Object.entries(value), width, indent)
  return value.flatMap((entry: unknown) => {
    const lines = isNested(entry)
      ? nested(entry, width, indent + 2)
      : wrapped(textOf(entry), Math.max(LEAST_VALUE_WIDTH, width - indent - 2)).map(inBy(indent + 2))
    return lines.map((line, index) => (index === 0 ? `${' '.repeat(indent)}- ${line.slice(indent + 2)}` : line))
  })
}

function isNested(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0
}

/** A text as it is, unless it is invisible; anything else as JSON. */
function textOf(value: unknown): string {
  const isPlain = typeof value === 'string' && value !== '' && value.trim() === value
  return printable(isPlain ? value : (JSON.stringify(value) ?? String(value)))
}

function inBy(indent: number): (line: string) => string {
  return (line) => `${' '.repeat(indent)}${line}`
}

const IS_ASCII = /^[\n -~]*$/

/** Measuring characters one by one is slow, and few texts need it. */
function widthOf(text: string): number {
  return IS_ASCII.test(text) ? text.length : stringWidth(text)
}

/** Wraps at spaces where possible, and keeps every character. */
function wrapped(text: string, width: number): string[] {
  return text.split('\n').flatMap((line) => {
    if (line.length <= width && IS_ASCII.test(line)) return line
    return wrapAnsi(line, width, { hard: true, trim: false }).split('\n')
  })
}
