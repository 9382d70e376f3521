import { closeSync, existsSync, fsyncSync, ftruncateSync, openSync, statSync, writeSync } from 'node:fs'
import type { SegmentEvent } from '@segment/actions-core'
import { UsageError } from './subscriptions'

/** What could not be delivered, where it came from and why: an event, or the text of a line that is none. */
export interface FailedEvent {
  reason: string
  source: string
  line: number
  event?: SegmentEvent
  text?: string
}

/** The file of `send --failed`: one {@link FailedEvent} a line, which `send` reads again. */
export class FailedFile {
  private readonly descriptor: number

  /**
   * @param keep for a send that goes on: how many bytes of it are to stay, as what follows is decided anew
   * @throws {UsageError} if it cannot be written, or holds something that would be lost
   */
  constructor(
    readonly file: string,
    keep?: number
  ) {
    const size = existsSync(file) ? statSync(file).size : 0
    if (keep === undefined && size > 0) {
      throw new UsageError(
        `${file} exists already. Name another file, or go on with --resume if it is of a stopped send.`
      )
    }
    if (keep !== undefined && size < keep)
      throw new UsageError(`${file} is shorter than when the send stopped, so it cannot go on.`)
    try {
      this.descriptor = openSync(file, 'a')
    } catch {
      throw new UsageError(`${file} cannot be written.`)
    }
    this.bytes = keep ?? 0
    ftruncateSync(this.descriptor, this.bytes)
  }

  /** Its length. */
  bytes: number

  /** Adds to it; once this returns it is on the disk. */
  add(failed: FailedEvent[]): void {
    if (failed.length === 0) return
    const text = Buffer.from(failed.map((entry) => `${JSON.stringify(entry)}\n`).join(''))
    for (let written = 0; written < text.length;) written += writeSync(this.descriptor, text, written)
    fsyncSync(this.descriptor)
    this.bytes += text.length
  }

  close(): void {
    closeSync(this.descriptor)
  }
}
