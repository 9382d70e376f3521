import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'

const before = process.cwd()

/** Makes a new folder the current one, for each test of a file. */
export function inNewFolders(): void {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'send-'))
    process.chdir(folder)
  })
  afterEach(() => {
    process.chdir(before)
    rmSync(folder, { recursive: true })
  })
}

/** Writes lines into a file of the current folder, gzipped if its name says so. */
export function write(name: string, lines: (object | string)[]): void {
  const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')
  writeFileSync(name, name.endsWith('.gz') ? gzipSync(text) : text)
}

/** The JSON of each line of a file. */
export function read(name: string): unknown[] {
  return readFileSync(name, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown)
}

/** A track call that Heap takes. */
export function track(number: number, more: object = {}) {
  return { type: 'track', event: 'Counted', messageId: `message-${number}`, userId: `user-${number % 7}`, ...more }
}
