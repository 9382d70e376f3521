import { createHash } from 'node:crypto'
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, statSync, writeSync } from 'node:fs'
import type { SegmentEvent } from '@segment/actions-core'
import { systemWords } from '../engine/errors'
import { UsageError } from '../usageError'

/** What could not be delivered, where it came from and why: an event, or the text of a line that is not one. */
export interface FailedEvent {
  reason: string
  source: string
  /** Missing for a source as a whole. */
  line?: number
  event?: SegmentEvent
  text?: string
}

/** What a file of failed events held at some point. */
export interface FailedSoFar {
  file: string
  bytes: number
  /** A digest of these bytes. */
  digest: string
}

/** The file of `send --failed`: one {@link FailedEvent} per line, which `send` reads again. */
export class FailedFile {
  private readonly descriptor: number
  private readonly hash = createHash('sha256')
  private bytes = 0

  /**
   * @param sources the names of what is read
   * @param kept for a resumed send: how much of the file to keep; everything after that is decided again
   * @throws {UsageError} if it cannot be written, or holds something that would be lost
   */
  constructor(
    private readonly file: string,
    private readonly sources: string[],
    kept?: FailedSoFar
  ) {
    const found = statSync(file, { throwIfNoEntry: false })
    if (found && !found.isFile()) throw new UsageError(`${file} is not a file. Name one for --failed.`)
    if (!kept && found && found.size > 0) {
      throw new UsageError(
        `${file} exists already. Name another file, or go on with --resume if it is of a stopped send.`
      )
    }
    try {
      this.descriptor = openSync(file, 'a+')
    } catch {
      throw new UsageError(`${file} cannot be written.`)
    }
    if (kept) this.keep(kept)
  }

  /** What it holds. */
  get soFar(): FailedSoFar {
    return { file: this.file, bytes: this.bytes, digest: this.hash.copy().digest('hex') }
  }

  /**
   * Adds to the file; once this returns, it is on disk.
   *
   * @throws {UsageError} if it cannot be written
   */
  add(failed: FailedEvent[]): void {
    if (failed.length === 0) return
    const text = Buffer.from(failed.map((entry) => `${lineOf(entry)}\n`).join(''))
    try {
      for (let written = 0; written < text.length;) written += writeSync(this.descriptor, text, written)
      fsyncSync(this.descriptor)
    } catch (error) {
      throw new UsageError(`${this.file} cannot be written: ${systemWords(error)}.`)
    }
    this.hash.update(text)
    this.bytes += text.length
  }

  close(): void {
    closeSync(this.descriptor)
  }

  private keep({ bytes, digest }: FailedSoFar): void {
    const piece = Buffer.alloc(1 << 20)
    while (this.bytes < bytes) {
      const read = readSync(this.descriptor, piece, 0, Math.min(piece.length, bytes - this.bytes), this.bytes)
      if (read === 0) break
      this.hash.update(piece.subarray(0, read))
      this.bytes += read
    }
    if (this.soFar.digest !== digest || !this.isOwnFrom(bytes)) {
      throw new UsageError(
        `${this.file} is not as it was when the send stopped, so it cannot go on. Send without --resume, and with another --failed: what Heap has is not stored again.`
      )
    }
    ftruncateSync(this.descriptor, bytes)
  }

  /** Whether the rest is what a send of the same files had added, but not noted, when it was killed. */
  private isOwnFrom(bytes: number): boolean {
    const rest = Buffer.alloc(fstatSync(this.descriptor).size - bytes)
    readSync(this.descriptor, rest, 0, rest.length, bytes)
    // The last line may be cut off.
    const lines = rest.toString('utf8').split('\n').slice(0, -1)
    return lines.every((line) => {
      try {
        return this.sources.includes((JSON.parse(line) as FailedEvent).source)
      } catch {
        return false
      }
    })
  }
}

/** An event that nests too deep to be written again stays the text that it was read from. */
function lineOf({ event, text, ...failed }: FailedEvent): string {
  try {
    return JSON.stringify({ ...failed, ...(event ? { event } : { text }) })
  } catch {
    return JSON.stringify({ ...failed, text })
  }
}
