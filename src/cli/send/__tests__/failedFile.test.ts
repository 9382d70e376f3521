import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { FailedFile } from '../failedFile'
import { UsageError } from '../../usageError'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'failed-'))
  file = path.join(folder, 'failed.ndjson')
})
afterEach(() => rmSync(folder, { recursive: true }))

const SOURCES = ['events.ndjson']

function entry(line: number, source = 'events.ndjson') {
  return { reason: 'refused', source, line, text: 'x' }
}

/** Writes the lines that a send writes until it stops, and gives what it notes of them. */
function stopped(lines: number[]) {
  const failed = new FailedFile(file, SOURCES)
  failed.add(lines.map((line) => entry(line)))
  failed.close()
  return failed.soFar
}

function lines(): number[] {
  const text = readFileSync(file, 'utf8')
  return text === ''
    ? []
    : text
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { line: number }).line)
}

describe('FailedFile', () => {
  it.each([
    ['no/such/folder.ndjson', 'cannot be written.'],
    ['/dev/null', 'is not a file. Name one for --failed.'],
    ['.', 'is not a file. Name one for --failed.']
  ])('says that %s %s', (name, reason) => {
    expect(() => new FailedFile(name, SOURCES)).toThrow(new UsageError(`${name} ${reason}`))
  })

  it.each([[[]], [[1, 2, 3]]])('goes on after the lines %j, and drops what a crash left behind', (before) => {
    const soFar = stopped(before)
    appendFileSync(file, `${JSON.stringify(entry(4))}\n{"reason":"half a li`)
    const failed = new FailedFile(file, SOURCES, soFar)
    failed.add([entry(5)])
    failed.close()
    expect(lines()).toStrictEqual([...before, 5])
  })

  it.each([
    ['is shorter', () => writeFileSync(file, '')],
    ['holds something else', () => writeFileSync(file, readFileSync(file, 'utf8').replace('refused', 'mended!'))],
    ['has lines of another send', () => appendFileSync(file, `${JSON.stringify(entry(1, 'others.ndjson'))}\n`)],
    ['has lines of no send', () => appendFileSync(file, 'a note\n')]
  ])('does not go on, nor touch it, where it %s', (_state, change) => {
    const soFar = stopped([1, 2])
    change()
    const text = readFileSync(file, 'utf8')
    expect(() => new FailedFile(file, SOURCES, soFar)).toThrow(
      `${file} is not as it was when the send stopped, so it cannot go on. Send without --resume, and with another --failed: what Heap has is not stored again.`
    )
    expect(readFileSync(file, 'utf8')).toBe(text)
  })
})
