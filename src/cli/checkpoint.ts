import { createHash } from 'node:crypto'
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import type { Source } from './events'
import { UsageError } from './subscriptions'
import type { Tally } from './tally'

/** How far a send has come: everything before is delivered or written to the file of failed events. */
export interface Progress {
  /** The place of the last event before, for a person. */
  stoppedAfter: string
  /** The source to go on with, and how many of its events come before. */
  source: number
  items: number
  tally: Tally
  /** The file of failed events, and its length in bytes. */
  failed?: { file: string; bytes: number }
}

interface Saved {
  sources: Source[]
  progress: Progress
}

/**
 * The progress of one send, in a file of the current folder, so that it can go on after it was stopped or killed. Which
 * send that is follows from what it reads and where it sends to.
 */
export class Checkpoint {
  readonly file: string

  /** @param destination all that says where the events go */
  constructor(
    private readonly sources: Source[],
    destination: unknown
  ) {
    const id = createHash('sha256')
      .update(JSON.stringify([sources.map(({ name }) => name), destination]))
      .digest('hex')
    this.file = `heap-destination-send-${id.slice(0, 8)}.json`
  }

  /** Whether an earlier send of the same was stopped. */
  get exists(): boolean {
    return existsSync(this.file)
  }

  /** @throws {UsageError} if there is nothing to go on with, or the files are others now */
  load(): Progress {
    if (!this.exists) throw new UsageError('No stopped send of these files to this App ID is known in this folder.')
    const { sources, progress } = JSON.parse(readFileSync(this.file, 'utf8')) as Saved
    const changed = sources.find(({ name, size }, index) => {
      const now = this.sources[index]
      return now === undefined || now.name !== name || now.size !== size
    })
    if (changed || sources.length !== this.sources.length) {
      throw new UsageError(
        `${changed?.name ?? 'A file'} is not as it was when the send stopped, so it cannot go on. Send without --resume: what Heap has is not stored again.`
      )
    }
    return progress
  }

  /** Takes the place of what was saved before, wholly or not at all. */
  save(progress: Progress): void {
    const saved: Saved = { sources: this.sources, progress }
    writeFileSync(`${this.file}.tmp`, JSON.stringify(saved))
    renameSync(`${this.file}.tmp`, this.file)
  }

  /** To be called when the send has come to its end. */
  remove(): void {
    rmSync(this.file, { force: true })
  }
}
