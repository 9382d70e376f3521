import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import type { SegmentEvent } from '@segment/actions-core'
import type { HeapEmulator } from '../../heap-emulator'
import { errorText, reasonOf } from '../engine/eventResult'
import type { EventResult, RecordedRun } from '../engine/eventResult'
import type { EventPipeline } from '../engine/pipeline'
import { oneLine } from '../engine/terminal'
import { readEvents } from '../input/events'
import type { ReadEvent } from '../input/jsonEvents'
import type { Source } from '../input/sources'
import { UsageError } from '../usageError'
import { changedSource } from './checkpoint'
import type { Checkpoint, Progress } from './checkpoint'
import type { FailedEvent, FailedFile } from './failedFile'
import type { Host } from './host'
import type { Report } from './report'
import { sendWithRetries } from './retries'
import type { Retry } from './retries'
import { count, emptyTally, isComplete } from './tally'

/** What a {@link SendRun} reads, sends through and reports to. */
export interface SendRunOptions {
  host: Host
  sources: Source[]
  checkpoint: Checkpoint
  pipeline: EventPipeline
  /** If given, it stands in for Heap. */
  emulator: HeapEmulator | undefined
  failed: FailedFile | undefined
  report: Report
  /** Events in a batch, at most. */
  batch: number
  /** How many events are sent and shown one by one; further events go in batches and are counted. */
  shown: number
  /** Whether progress is saved from the first event on, not only once there are many. */
  keepsProgress: boolean
  /** How many more times a failed event is sent. */
  retries: number
}

/** One send from its start, or from where it was stopped, to its end or the next stop. */
export class SendRun {
  private progress: Progress = { stoppedAfter: 'the start', source: 0, items: 0, digest: '', tally: emptyTally() }
  private bytes = 0
  private isBulk = false
  /** The reasons to try again that have been said. */
  private readonly said = new Set<string>()

  constructor(private readonly options: SendRunOptions) {}

  /**
   * @param before where a stopped send left off
   * @returns the exit status
   */
  async start(before?: Progress): Promise<number> {
    const { host, checkpoint, failed, keepsProgress } = this.options
    if (before) this.progress = before
    else if (keepsProgress && checkpoint.exists) {
      throw new UsageError(
        `An earlier send of these files was stopped. Go on with --resume, or delete ${checkpoint.file} to start anew.`
      )
    }

    this.progress.failed = failed?.soFar
    let unit: Item[] = []
    for await (const item of this.read()) {
      unit.push(item)
      if (unit.length < this.unitSize()) continue
      const decided = await this.deliver(unit)
      unit = []
      if (!decided) break
    }
    // What was read before a stop is sent too: what comes through the standard input may not come again.
    if (unit.length > 0) await this.deliver(unit)
    host.progress.stop()
    return host.signal.aborted ? this.stopped() : this.ended()
  }

  /** What is left to send, each with the place in the input after it. */
  private async *read(): AsyncGenerator<Item> {
    const { host, sources } = this.options
    const { input, signal } = host
    const start = { ...this.progress }
    for (let source = start.source; source < sources.length && !signal.aborted; source++) {
      let items = 0
      const hash = createHash('sha256')
      const skipped = source === start.source ? start.items : 0
      const onBytes = (bytes: number) => (this.bytes += bytes)
      for await (const read of readEvents(sources[source], { signal, input, onBytes })) {
        items++
        hash.update(`${read.text}\n`)
        if (items === skipped && digestOf(hash) !== start.digest) throw changedSource(sources[source].name)
        if (items > skipped) yield { read, source, items, hash }
      }
      if (items < skipped && !signal.aborted) throw changedSource(sources[source].name)
    }
  }

  /** Whether the next event is shown by itself, and sent so. */
  private isShown(): boolean {
    const { read, unreadable } = this.progress.tally
    return read + unreadable < this.options.shown
  }

  private unitSize(): number {
    return this.isShown() ? 1 : this.options.batch
  }

  /** @returns false if a stop came before everything in the unit was decided */
  private async deliver(unit: Item[]): Promise<boolean> {
    const { host, pipeline, emulator, retries } = this.options
    const alone = this.isShown()
    if (!alone) this.startBulk()
    const events = unit.flatMap(({ read }) => ('event' in read ? read.event : []))
    const attempt = async (some: SegmentEvent[]) => (alone ? [await pipeline.send(some[0])] : pipeline.sendBatch(some))
    const results =
      events.length === 0
        ? []
        : await sendWithRetries(events, attempt, {
            ...host,
            retries,
            onRetry: (retry) => this.sayOnce(retry)
          })
    if (!results) return false
    this.settle(unit, results, alone)
    // Memory stays the same however much is sent: what the emulator holds is shown for few events only.
    if (!alone) emulator?.reset()
    return true
  }

  /** Otherwise nothing would be seen for minutes where Heap cannot be reached; said of every event, it would be too much. */
  private sayOnce({ number, waitMs, results }: Retry): void {
    const error = results[0].runs.find((run) => run.error)?.error
    const reason = error ? errorText(error) : ''
    if (this.said.has(reason)) return
    this.said.add(reason)
    const seconds = (waitMs / 1000).toFixed(1)
    this.options.host.say(
      oneLine(`${reason} Trying again in ${seconds} seconds (${number} of ${this.options.retries}).`)
    )
  }

  private startBulk(): void {
    if (this.isBulk) return
    this.isBulk = true
    this.save()
    const { host, sources } = this.options
    const sizes = sources.map(({ size }) => size)
    host.progress.start(
      sizes.includes(undefined) ? undefined : sizes.reduce((sum: number, size) => sum + (size ?? 0), 0)
    )
  }

  /** Counts, reports and lists what became of each of a unit, and notes how far the send has come with it. */
  private settle(unit: Item[], results: EventResult[], alone: boolean): void {
    const { host, report, failed, keepsProgress } = this.options
    const { tally } = this.progress
    const queue = results.values()
    const lost: FailedEvent[] = []
    for (const { read } of unit) {
      const { source, line, text } = read
      if ('reason' in read) {
        const { reason } = read
        tally.unreadable++
        if (alone || !failed) report.problem({ source, line }, reason)
        lost.push({ reason, source, line, text })
        continue
      }
      const result = queue.next().value as EventResult
      const { event, delivered, excluded } = result
      count(tally, result)
      if (alone) report.result({ source, line }, result as EventResult<RecordedRun>)
      if (delivered || excluded) continue
      if (!alone && !failed) report.problem({ source, line }, reasonOf(result))
      lost.push({ reason: reasonOf(result), source, line, event, text })
    }
    failed?.add(lost)
    const { read, source, items, hash } = unit[unit.length - 1]
    Object.assign(this.progress, {
      source,
      items,
      digest: digestOf(hash),
      stoppedAfter: `${read.source}:${read.line}`,
      failed: failed?.soFar
    })
    if (this.isBulk || keepsProgress) this.save()
    host.progress.update(this.bytes, tally.read)
  }

  private save(): void {
    this.options.checkpoint.save(this.progress)
  }

  private stopped(): number {
    const { host, report } = this.options
    this.save()
    report.end(this.progress.tally, { isStopped: true })
    host.say(`Stopped after ${this.progress.stoppedAfter}. The same command with --resume goes on there.`)
    return 130
  }

  private ended(): number {
    const { host, report, emulator, checkpoint } = this.options
    const { tally, failed } = this.progress
    report.end(tally, { held: this.isBulk ? undefined : emulator?.snapshot() })
    if (failed && failed.bytes > 0)
      host.say(`What was not delivered is in ${failed.file}, with the reason; send it again once that is mended.`)
    checkpoint.remove()
    return isComplete(tally) ? 0 : 1
  }
}

/** Something that was read, and how far the reading has come with it. */
interface Item {
  read: ReadEvent
  /** The number of its source, and how many were read of that with it. */
  source: number
  items: number
  /** Of the texts that were read of its source. */
  hash: Hash
}

function digestOf(hash: Hash): string {
  return hash.copy().digest('hex')
}
