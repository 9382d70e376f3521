import path from 'node:path'
import { HeapEmulator, interceptHeap } from '../../heap-emulator'
import { EMULATED_APP_ID, loadDefinition } from '../engine/definition'
import { isSameFile } from '../engine/files'
import { PACKAGE_DIRECTORY } from '../engine/package'
import { Pipeline } from '../engine/pipeline'
import type { EventPipeline, PipelineOptions } from '../engine/pipeline'
import { activeSubscriptions } from '../engine/subscriptions'
import { oneLine } from '../engine/terminal'
import { HEAP_EVENTS_A_MINUTE, throttle } from '../engine/throttle'
import { findSources } from '../input/sources'
import type { Source } from '../input/sources'
import { UsageError } from '../usageError'
import { Checkpoint, isCheckpoint } from './checkpoint'
import type { Progress } from './checkpoint'
import { FailedFile } from './failedFile'
import { processHost } from './host'
import type { Host } from './host'
import { jsonReport } from './report'
import { SendRun } from './run'
import { textReport } from './textReport'

/** The options of `heap-destination send`. */
export interface SendOptions {
  /** Post to the real Heap; without it nothing leaves the machine. */
  live?: boolean
  appId?: string
  region: 'US' | 'EU'
  /** A file of mappings to use instead of the presets. */
  mappings?: string
  json?: boolean
  /** Show the details of every event, not of the first alone. */
  verbose?: boolean
  /** Events a minute, with `live`; Heap's own limit if left out. */
  rate?: number
  /** How many more times a failed event is sent. */
  retries: number
  /** The file for what could not be delivered. */
  failed?: string
  /** Go on where a send of the same was stopped. */
  resume?: boolean
  /** What takes the events to Heap in place of the framework. */
  through?: (options: PipelineOptions) => EventPipeline
  /** The most events of a batch; 1,000, as for Segment's actions, if left out. */
  batch?: number
}

/** What is sent if no file is named. */
const EXAMPLES = path.join(PACKAGE_DIRECTORY, 'examples')

/** So many events are shown one by one; what follows goes in batches and is counted. */
const SHOWN = 20

/** Segment, Actions: the events of a batch. */
const BATCH = 1000

/**
 * `heap-destination send`: sends events through the destination to Heap or its emulator, and shows or counts what became of
 * each. It can be stopped and resumed.
 *
 * @returns the exit status: 0 only when every event was read and delivered
 * @throws {UsageError} for options that do not fit the files
 */
export async function send(names: string[], options: SendOptions): Promise<number> {
  const host = processHost()
  try {
    return await sendIn(host, names, options)
  } finally {
    host.dispose()
  }
}

/** {@link send} in a world of its own, such as that of a test. */
export async function sendIn(host: Host, names: string[], options: SendOptions): Promise<number> {
  const {
    live = false,
    appId = EMULATED_APP_ID,
    region,
    mappings,
    json,
    verbose = false,
    rate = HEAP_EVENTS_A_MINUTE,
    through = (given: PipelineOptions) => new Pipeline(given),
    batch = BATCH
  } = options
  if (live && names.length === 0) {
    throw new UsageError(
      '--live sends to your Heap environment: name the files of events to send, or - for standard input.'
    )
  }
  if (!live && options.rate !== undefined) {
    throw new UsageError('--rate goes with --live: without it nothing is sent to Heap, and there is no limit to keep.')
  }
  const definition = loadDefinition()
  const subscriptions = activeSubscriptions(mappings, definition, host.say)
  const sources = await sourcesOf(names, options.failed, host.say)
  const checkpoint = new Checkpoint(sources, { live, appId, region, subscriptions })
  const before = options.resume ? checkpoint.load() : undefined
  const failed = failedFileOf(options.failed, sources, before)
  const emulator = live ? undefined : new HeapEmulator({ keepRequests: 0 })
  const interception = emulator && interceptHeap(emulator)
  const beforeRequest = live ? throttle(rate, host.signal, host.now) : undefined
  const run = new SendRun({
    host,
    sources,
    checkpoint,
    pipeline: through({ definition, settings: { appId, region }, subscriptions, beforeRequest }),
    emulator,
    failed,
    report: json ? jsonReport(host.print) : textReport(host.print, { width: host.width, verbose }),
    batch: live ? Math.min(batch, rate) : batch,
    shown: json || verbose ? Infinity : failed ? 0 : SHOWN,
    retries: options.retries,
    // The emulator would have forgotten everything by then.
    keepsProgress: live
  })
  try {
    return await run.start(before)
  } finally {
    failed?.close()
    interception?.restore()
  }
}

/** The sources to read, without the files that send itself writes. */
async function sourcesOf(names: string[], failed: string | undefined, say: (note: string) => void): Promise<Source[]> {
  if (names.filter((name) => name === '-').length > 1) throw new UsageError('The standard input can be named once.')
  const isOwn = (file: string) => isCheckpoint(file) || (failed !== undefined && isSameFile(file, failed))
  const sayUnread = (folder: string, inner: string) =>
    say(
      oneLine(
        `${folder} is read, but not the folders in it, such as ${inner}. Name them too, if their events are to be sent.`
      )
    )
  if (names.length === 0) return findSources([path.relative(process.cwd(), EXAMPLES)], isOwn)
  return findSources(names, isOwn, sayUnread)
}

function failedFileOf(
  name: string | undefined,
  sources: Source[],
  before: Progress | undefined
): FailedFile | undefined {
  if (before?.failed && before.failed.file !== name) {
    throw new UsageError(`The stopped send wrote to ${before.failed.file}: go on with --failed ${before.failed.file}.`)
  }
  if (name === undefined) return undefined
  const names = sources.map((source) => source.name)
  return new FailedFile(name, names, before?.failed)
}
