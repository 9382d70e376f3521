import { createHash } from 'node:crypto'
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Source } from '../input/sources'
import type { FailedSoFar } from './failedFile'
import { UsageError } from '../usageError'
import type { Tally } from './tally'

/** How far a send has come: everything before is delivered or written to the file of failed events. */
export interface Progress {
  /** The place of the last event that was decided, for a person. */
  stoppedAfter: string
  /** The source to go on with, how many of its events are decided, and a digest of their texts. */
  source: number
  items: number
  digest: string
  tally: Tally
  failed?: FailedSoFar
}

interface Saved {
  sources: Source[]
  progress: Progress
}

/** What stands in the file: the JSON of a {@link Saved}, and a digest of it, by which it is known to be as it was written. */
interface Sealed {
  saved: string
  seal: string
}

/** Whether a file, by its path, is a checkpoint. */
export function isCheckpoint(file: string): boolean {
  return /^heap-destination-send-[0-9a-f]{8}\.json$/.test(path.basename(file))
}

/**
 * The progress of one send, in a file of the current folder, so that it can go on after it was stopped or killed. Which
 * send that is follows from what it reads and where it sends to.
 */
export class Checkpoint {
  readonly file: string

  /** @param destination everything that decides where the events go */
  constructor(
    private readonly sources: Source[],
    destination: unknown
  ) {
    const id = digestOf(JSON.stringify([sources.map(({ name }) => name), destination]))
    this.file = `heap-destination-send-${id.slice(0, 8)}.json`
  }

  /** Whether an earlier send of the same files was stopped. */
  get exists(): boolean {
    return existsSync(this.file)
  }

  /** @throws {UsageError} if there is nothing to go on with, or the files have changed */
  load(): Progress {
    if (!this.exists) {
      throw new UsageError(
        'No stopped send of these files, to this App ID and with these mappings, is known in this folder.'
      )
    }
    const { sources, progress } = this.read()
    const changed = sources.find(({ name, size }, index) => {
      const now = this.sources[index]
      return now === undefined || now.name !== name || now.size !== size
    })
    if (changed || sources.length !== this.sources.length) throw changedSource(changed?.name ?? 'A file')
    return progress
  }

  private read(): Saved {
    try {
      const { saved, seal } = JSON.parse(readFileSync(this.file, 'utf8')) as Sealed
      if (digestOf(saved) === seal) return JSON.parse(saved) as Saved
    } catch {
      // What is no JSON, or other JSON, is as useless as what is not whole.
    }
    throw new UsageError(
      `${this.file} cannot be read, so the send cannot go on. Send without --resume: what Heap has is not stored again.`
    )
  }

  /**
   * Replaces what was saved before, wholly or not at all.
   *
   * @throws {UsageError} if it cannot be written
   */
  save(progress: Progress): void {
    const saved = JSON.stringify({ sources: this.sources, progress } satisfies Saved)
    try {
      writeFileSync(`${this.file}.tmp`, JSON.stringify({ saved, seal: digestOf(saved) } satisfies Sealed))
      renameSync(`${this.file}.tmp`, this.file)
    } catch {
      throw new UsageError(`${this.file}, which keeps how far the send has come, cannot be written in this folder.`)
    }
  }

  /** Called when the send has finished. */
  remove(): void {
    rmSync(this.file, { force: true })
  }
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** The error of resuming a send with other files than it began with. */
export function changedSource(name: string): UsageError {
  return new UsageError(
    `${name} is not as it was when the send stopped, so it cannot go on. Send without --resume, and with another --failed: what Heap has is not stored again.`
  )
}
