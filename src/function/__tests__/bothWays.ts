import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { Destination } from '@segment/actions-core'
import type { JSONObject, SegmentEvent } from '@segment/actions-core'
import { parseFql, validate } from '@segment/destination-subscriptions'
import heap from '../../destinations/heap'
import { HeapEmulator } from '../../heap-emulator'
import type { HeapRequest, HeapResult } from '../../heap-emulator'
import type { EventResult, FunctionsRuntime } from '../../segment-functions'
import { buildFunction } from '..'
import type { BuildOptions, EngineOptions, FunctionScript, Subscription } from '..'
import { bundleEngine } from '../engine'

/** The mappings of a new installation. */
export const PRESETS: Subscription[] = (heap.presets ?? []).flatMap((preset) =>
  preset.type === 'automatic' ? [preset] : []
)

const engines = new Map<string, Promise<string>>()

/** Builds a script, of each engine only once. */
export function build(
  subscriptions: Subscription[],
  options: Omit<BuildOptions, 'engine'> = {}
): Promise<FunctionScript> {
  const engine = (wanted: EngineOptions) => {
    const key = JSON.stringify(wanted)
    const bundled = engines.get(key) ?? bundleEngine(wanted).then(({ code }) => code)
    engines.set(key, bundled)
    return bundled
  }
  return buildFunction(subscriptions, { ...options, engine })
}

const EXAMPLES = path.join(__dirname, '../../../examples')

/** Every event of the files in a folder of the examples. */
export function examples(folder = ''): SegmentEvent[] {
  const directory = path.join(EXAMPLES, folder)
  return readdirSync(directory).flatMap((name) => {
    if (!/\.(nd)?json$/.test(name)) return []
    const text = readFileSync(path.join(directory, name), 'utf8')
    return name.endsWith('.ndjson')
      ? text
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as SegmentEvent)
      : (JSON.parse(text) as SegmentEvent)
  })
}

interface Sent extends Pick<HeapRequest, 'host' | 'method' | 'path' | 'body'> {
  headers: Record<string, unknown>
}

/** An emulator that also keeps the headers that a destination chooses. */
export class Heap extends HeapEmulator {
  sent: Sent[] = []

  override handle(request: HeapRequest): Promise<HeapResult> {
    const { host, method, path, body, headers } = request
    const { 'user-agent': userAgent, 'content-type': contentType, authorization } = headers
    this.sent.push({ host, method, path, body, headers: { userAgent, contentType, authorization } })
    return super.handle(request)
  }
}

/** What one way of delivering led to. */
export interface Led<Result> {
  result: Result
  /** The requests, in an order of their own: those of several mappings go out at once. */
  sent: Sent[]
  stored: ReturnType<HeapEmulator['snapshot']>
}

/** What Heap is like meanwhile. */
export type Arrange = (heap: HeapEmulator) => void

/** Does the same through the framework and through the script, each with a Heap that is new. */
export class BothWays {
  constructor(
    private readonly heap: Heap,
    private readonly scripts: FunctionsRuntime[],
    private readonly subscriptions: Subscription[] = PRESETS,
    private readonly settings: { appId: string; region?: 'US' | 'EU'; apiKey?: string } = { appId: '11' }
  ) {}

  /** Delivers an event alone, and expects the same of every script as of the framework. */
  async event(event: SegmentEvent, arrange?: Arrange): Promise<Led<EventResult>> {
    const expected = await this.led(() => this.throughFramework(event), arrange)
    for (const script of this.scripts) {
      expect(await this.led(() => script.invoke(event, this.settings), arrange)).toStrictEqual(expected)
    }
    return expected
  }

  /** Delivers a batch, and expects the same of every script as of the framework. */
  async batch(events: SegmentEvent[], arrange?: Arrange): Promise<Led<EventResult[]>> {
    const expected = await this.led(() => this.batchThroughFramework(events), arrange)
    for (const script of this.scripts) {
      expect(await this.led(() => script.invokeBatch(events, this.settings), arrange)).toStrictEqual(expected)
    }
    return expected
  }

  private async led<Result>(run: () => Promise<Result>, arrange?: Arrange): Promise<Led<Result>> {
    this.heap.reset()
    this.heap.sent = []
    arrange?.(this.heap)
    const result = await run()
    const sent = this.heap.sent.sort((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1))
    return { result, sent, stored: this.heap.snapshot() }
  }

  private async throughFramework(event: SegmentEvent): Promise<EventResult> {
    const taking = this.taking(event)
    if (taking.length === 0) return unsupported(event, 'EventNotSupported')
    const problems: Problem[] = []
    for (const subscription of taking) {
      try {
        await new Destination(heap).onEvent(event, this.settingsFor(subscription))
      } catch (error) {
        const { name, message, status = 400, code } = error as Error & { status?: number; code?: string }
        problems.push({ message, status, lacks: code === LACKS || name === 'AggregateAjvError' })
      }
    }
    return alone(problems)
  }

  /** @param signal is Segment's own time limit */
  async batchThroughFramework(events: SegmentEvent[], signal?: AbortSignal): Promise<EventResult[]> {
    const problems = events.map((): Problem[] => [])
    const deliver = async (subscription: Subscription) => {
      const indices = events.flatMap((event, index) => (this.taking(event).includes(subscription) ? index : []))
      if (indices.length === 0) return
      const taken = indices.map((index) => events[index])
      const [result] = await new Destination(heap).onBatch(taken, this.settingsFor(subscription), { signal })
      for (const [at, node] of (result.multistatus ?? []).entries()) {
        if (!('errormessage' in node)) continue
        const { status, errormessage: message, errortype } = node
        problems[indices[at]].push({ status, message, lacks: String(errortype) === LACKS })
      }
    }
    await Promise.all(this.subscriptions.map(deliver))
    return events.map((event, index) =>
      this.taking(event).length === 0 ? unsupported(event, 400) : inBatch(problems[index])
    )
  }

  private taking(event: SegmentEvent): Subscription[] {
    return this.subscriptions.filter(({ subscribe }) => validate(parseFql(subscribe), event))
  }

  private settingsFor({ partnerAction, subscribe, mapping }: Subscription): JSONObject {
    return { ...this.settings, subscriptions: [{ partnerAction, subscribe, mapping: mapping ?? {} }] }
  }
}

const LACKS = 'PAYLOAD_VALIDATION_FAILED'

interface Problem {
  status: number
  message: string
  lacks: boolean
}

/** What the wish says that Segment is told, in words of its own. */
function alone(problems: Problem[]): EventResult {
  if (problems.length === 0) return { delivered: true }
  const message = problems.map((problem) => problem.message).join(' ')
  const isRetried = problems.some(({ status }) => [408, 423, 429].includes(status) || status >= 500)
  const lacking = problems.every(({ lacks }) => lacks)
  return {
    delivered: false,
    error: isRetried ? 'RetryError' : lacking ? 'InvalidEventPayload' : 'ValidationError',
    message,
    isRetried
  }
}

function inBatch(problems: Problem[]): EventResult {
  const result = alone(problems)
  if (result.delivered) return result
  const { status } = problems[0]
  // A redirect is nothing that Segment is known to make sense of.
  return { ...result, error: result.isRetried ? Math.max(status, 500) : Math.max(status, 400) }
}

function unsupported({ type }: SegmentEvent, error: 'EventNotSupported' | 400): EventResult {
  const message =
    error === 400
      ? `No mapping takes this ${type} call, so it was not sent to Heap.`
      : `${type} is not supported by this function`
  return { delivered: false, error, message, isRetried: false }
}
