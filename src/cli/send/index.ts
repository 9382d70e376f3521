import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import { realpathSync } from 'node:fs'
import path from 'node:path'
import { setFlagsFromString } from 'node:v8'
import type { SegmentEvent } from '@segment/actions-core'
import { HeapEmulator, interceptHeap } from '../../heap-emulator'
import { changedSource, Checkpoint, isCheckpoint } from './checkpoint'
import type { Progress } from './checkpoint'
import { loadDefinition } from '../engine/definition'
import { findSources, readEvents } from '../input/events'
import type { ReadEvent, Source } from '../input/events'
import { FailedFile } from './failedFile'
import type { FailedEvent } from './failedFile'
import { Pipeline } from '../engine/pipeline'
import type { Journey, Outcome } from '../engine/pipeline'
import { ProgressBar } from './progressBar'
import { jsonReport, tableReport } from './report'
import type { Report } from './report'
import { sendWithRetries } from './retries'
import { presetSubscriptions, readSubscriptions } from '../engine/subscriptions'
import { UsageError } from '../usageError'
import { count, emptyTally, isComplete, reasonOf } from './tally'
import { HEAP_EVENTS_A_MINUTE, throttle } from './throttle'

/** The options of `heap-destination send`. */
export interface SendOptions {
  /** Post to the real Heap; without it nothing leaves the machine. */
  live?: boolean
  appId?: string
  region: 'US' | 'EU'
  /** A file of subscriptions to use instead of the presets. */
  mappings?: string
  json?: boolean
  /** Events a minute, with `live`; Heap's own limit if left out. */
  rate?: number
  /** How many times more what may be retried is sent. */
  retries: number
  /** The file for what could not be delivered. */
  failed?: string
  /** Go on where a send of the same was stopped. */
  resume?: boolean
}

/** What is sent where nothing is named. */
const EXAMPLES = path.relative(process.cwd(), path.join(__dirname, '../../../examples'))

/** An environment that needs no account: the one of Heap's own documentation. */
export const EMULATED_APP_ID = '12343283'

/** So many events are shown one by one; what follows goes in batches and is counted. */
const SHOWN = 20

/** Segment, Actions: the events of a batch. */
const BATCH = 1000

/**
 * `heap-destination send`: takes events through the destination into Heap or its emulator, shows or counts what became of
 * each, and can be stopped and go on.
 *
 * @returns the exit status: 0 only when every event was read and delivered
 * @throws {UsageError} for options that do not go with what is there
 */
export async function send(names: string[], options: SendOptions): Promise<number> {
  const { live, appId = EMULATED_APP_ID, region, mappings, json } = options
  const definition = loadDefinition()
  const subscriptions = mappings ? readSubscriptions(mappings, definition) : presetSubscriptions(definition)
  if (names.filter((name) => name === '-').length > 1) throw new UsageError('The standard input can be named once.')
  const isOwn = (file: string) =>
    isCheckpoint(file) || (options.failed !== undefined && realPath(file) === realPath(options.failed))
  const sources = await findSources(names.length > 0 ? names : [EXAMPLES], isOwn)
  const checkpoint = new Checkpoint(sources, { live: live ?? false, appId, region, subscriptions })
  const before = options.resume ? checkpoint.load() : undefined
  if (before?.failed && before.failed.file !== options.failed) {
    throw new UsageError(`The stopped send wrote to ${before.failed.file}: go on with --failed ${before.failed.file}.`)
  }
  const failed =
    options.failed === undefined
      ? undefined
      : new FailedFile(
          options.failed,
          sources.map(({ name }) => name),
          before?.failed
        )

  const emulator = live ? undefined : new HeapEmulator({ keepRequests: 0 })
  const interception = emulator && interceptHeap(emulator)
  const stop = stopOnSignals()
  const rate = options.rate ?? HEAP_EVENTS_A_MINUTE
  const pipeline = new Pipeline({
    definition,
    settings: { appId, region },
    subscriptions,
    beforeRequest: live ? throttle(rate, stop.signal) : undefined
  })
  const run = new SendRun({
    sources,
    checkpoint,
    pipeline,
    emulator,
    failed,
    report: json
      ? jsonReport(console.log)
      : tableReport((text) => run.print(text), Math.max(process.stdout.columns ?? 120, 60)),
    batch: live ? Math.min(BATCH, rate) : BATCH,
    shown: json ? Infinity : failed ? 0 : SHOWN,
    retries: options.retries,
    // The emulator has forgotten everything by then.
    keepsProgress: live ?? false,
    signal: stop.signal
  })
  try {
    return await run.start(before)
  } finally {
    stop.dispose()
    failed?.close()
    interception?.restore()
  }
}

interface SendRunOptions {
  sources: Source[]
  checkpoint: Checkpoint
  pipeline: Pipeline
  emulator: HeapEmulator | undefined
  failed: FailedFile | undefined
  report: Report
  batch: number
  shown: number
  retries: number
  /** Whether progress is saved from the first event on, not only once there are many. */
  keepsProgress: boolean
  signal: AbortSignal
}

/** One send from its start, or from where it was stopped, to its end or the next stop. */
class SendRun {
  private progress: Progress = { stoppedAfter: 'the start', source: 0, items: 0, digest: '', tally: emptyTally() }
  private bar: ProgressBar | undefined
  private bytes = 0
  private isBulk = false

  constructor(private readonly options: SendRunOptions) {}

  /** @returns the exit status */
  async start(before: Progress | undefined): Promise<number> {
    const { checkpoint, failed, keepsProgress, signal } = this.options
    if (before) this.progress = before
    else if (keepsProgress && checkpoint.exists) {
      throw new UsageError(
        `An earlier send of these files was stopped. Go on with --resume, or delete ${checkpoint.file} to start anew.`
      )
    }

    this.progress.failed = failed?.soFar
    let unit: Item[] = []
    for await (const read of this.read()) {
      unit.push(read)
      if (unit.length < this.unitSize()) continue
      const decided = await this.deliver(unit)
      unit = []
      if (!decided) break
    }
    // What was read before a stop is sent too: what comes through the standard input may not come again.
    if (unit.length > 0) await this.deliver(unit)
    this.bar?.stop()
    this.bar = undefined
    return signal.aborted ? this.stopped() : this.ended()
  }

  /** Prints, above the bar if there is one. */
  print(text: string): void {
    if (this.bar && process.stdout.isTTY) this.bar.print(text)
    else console.log(text)
  }

  /** What is left to send, each with the place in the input that follows it. */
  private async *read(): AsyncGenerator<Item> {
    const { sources, signal } = this.options
    const start = { ...this.progress }
    for (let source = start.source; source < sources.length && !signal.aborted; source++) {
      let items = 0
      const hash = createHash('sha256')
      const skipped = source === start.source ? start.items : 0
      const onBytes = (bytes: number) => (this.bytes += bytes)
      for await (const read of readEvents(sources[source], { signal, onBytes })) {
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
    const { pipeline, emulator, retries, signal } = this.options
    const alone = this.isShown()
    if (!alone) this.startBulk()
    const events = unit.flatMap(({ read }) => ('event' in read ? read.event : []))
    const attempt = async (some: SegmentEvent[]) => (alone ? [await pipeline.send(some[0])] : pipeline.sendBatch(some))
    const outcomes = events.length === 0 ? [] : await sendWithRetries(events, attempt, retries, signal)
    if (!outcomes) return false
    this.settle(unit, outcomes, alone)
    // Memory stays the same however much is sent; what the emulator holds is shown for a few events only.
    if (!alone) emulator?.reset()
    return true
  }

  private startBulk(): void {
    if (this.isBulk) return
    this.isBulk = true
    this.save()
    // Left alone, V8 lets several times as much garbage pile up as there is in use.
    setFlagsFromString('--heap-growing-percent=20')
    const sizes = this.options.sources.map(({ size }) => size)
    const total = sizes.includes(undefined) ? undefined : sizes.reduce((sum: number, size) => sum + (size ?? 0), 0)
    if (process.stderr.isTTY) this.bar = new ProgressBar(process.stderr, total)
  }

  private settle(unit: Item[], outcomes: Outcome[], alone: boolean): void {
    const { report, failed } = this.options
    const { tally } = this.progress
    const queue = outcomes.values()
    const lost: FailedEvent[] = []
    for (const { read } of unit) {
      const { source, line, text } = read
      if ('trouble' in read) {
        const { trouble } = read
        tally.unreadable++
        if (alone || !failed) report.trouble({ source, line }, trouble)
        lost.push({ reason: trouble, source, line, text })
        continue
      }
      const outcome = queue.next().value as Outcome
      const { event, delivered, excluded } = outcome
      count(tally, outcome)
      if (alone) report.journey({ source, line }, outcome as Journey)
      if (delivered || excluded) continue
      if (!alone && !failed) report.trouble({ source, line }, reasonOf(outcome))
      lost.push({ reason: reasonOf(outcome), source, line, event, text })
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
    if (this.isBulk || this.options.keepsProgress) this.save()
    this.bar?.update(this.bytes, tally.read)
  }

  private save(): void {
    this.options.checkpoint.save(this.progress)
  }

  private stopped(): number {
    this.save()
    this.options.report.end(this.progress.tally)
    console.error(`Stopped after ${this.progress.stoppedAfter}. The same command with --resume goes on there.`)
    return 130
  }

  private ended(): number {
    const { report, emulator, checkpoint } = this.options
    const { tally, failed } = this.progress
    report.end(tally, this.isBulk ? undefined : emulator?.snapshot())
    if (failed && failed.bytes > 0)
      console.error(`What was not delivered is in ${failed.file}, with the reason; send it again once that is mended.`)
    checkpoint.remove()
    return isComplete(tally) ? 0 : 1
  }
}

/** Something that was read, and where that leaves the reading. */
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

function realPath(file: string): string {
  try {
    return realpathSync(file)
  } catch {
    return path.resolve(file)
  }
}

/** The first Ctrl-C stops in good order, the second at once. */
function stopOnSignals(): { signal: AbortSignal; dispose: () => void } {
  const controller = new AbortController()
  // By way of exit, which a progress bar leaves the terminal in order at.
  const stop = () => (controller.signal.aborted ? process.exit(130) : controller.abort())
  const signals = ['SIGINT', 'SIGTERM'] as const
  for (const signal of signals) process.on(signal, stop)
  return {
    signal: controller.signal,
    dispose: () => signals.forEach((signal) => process.removeListener(signal, stop))
  }
}
