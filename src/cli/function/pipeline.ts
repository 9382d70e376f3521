import type { SegmentEvent } from '@segment/actions-core'
import nodeFetch, { Response } from 'node-fetch'
import type { RequestInfo, RequestInit } from 'node-fetch'
import { FunctionsRuntime } from '../../segment-functions'
import type { EventResult as FunctionResult } from '../../segment-functions'
import type { ActionRun, EventResult, RecordedRun } from '../engine/eventResult'
import type { EventPipeline, PipelineOptions } from '../engine/pipeline'
import type { Exchange } from '../engine/recorder'
import { scriptFor } from './build'

/**
 * Builds the script of a function, to take events through it as Segment does.
 *
 * @param mappings a file of subscriptions to use instead of the presets
 * @throws {UsageError} for mappings that cannot work
 */
export async function functionPipeline(
  mappings: string | undefined
): Promise<(options: PipelineOptions) => EventPipeline> {
  const { code } = await scriptFor(mappings)
  return ({ settings }) => new FunctionPipeline(code, settings)
}

/** Takes events through a script in the stand-in of Segment's runtime, one after the other. */
class FunctionPipeline implements EventPipeline {
  private readonly runtime: FunctionsRuntime
  /** The requests of the event that is under way. */
  private exchanges: Exchange[] = []

  constructor(
    code: string,
    private readonly settings: object
  ) {
    const fetch = (url: RequestInfo, init?: RequestInit) => this.recorded(url, init)
    this.runtime = new FunctionsRuntime(code, { fetch: Object.assign(fetch, nodeFetch) })
  }

  async send(event: SegmentEvent): Promise<EventResult<RecordedRun>> {
    if (isExcluded(event)) return { event, runs: [], excluded: true, delivered: false }
    this.exchanges = []
    const result = await this.runtime.invoke(event, this.settings)
    const { exchanges } = this
    const runs = runsOf(`on${event.type[0].toUpperCase()}${event.type.slice(1)}`, result)
    return { event, runs: runs.map((run) => ({ ...run, exchanges })), excluded: false, delivered: result.delivered }
  }

  async sendBatch(events: SegmentEvent[]): Promise<EventResult[]> {
    const included = events.filter((event) => !isExcluded(event))
    const results = included.length > 0 ? await this.runtime.invokeBatch(included, this.settings) : []
    const resultOf = new Map(included.map((event, index) => [event, results[index]]))
    return events.map((event) => {
      const result = resultOf.get(event)
      if (!result) return { event, runs: [], excluded: true, delivered: false }
      return { event, runs: runsOf('onBatch', result), excluded: false, delivered: result.delivered }
    })
  }

  private async recorded(url: RequestInfo, init: RequestInit = {}): Promise<Response> {
    const { method = 'GET', headers, body } = init
    const request = {
      url: urlOf(url),
      method,
      headers: { ...(headers as Record<string, string>) },
      body: jsonOf(body)
    }
    const exchange: Exchange = { request }
    this.exchanges.push(exchange)
    try {
      const response = await nodeFetch(url, init)
      const { status, statusText } = response
      const text = await response.text()
      const answered = Object.fromEntries(response.headers.entries())
      exchange.response = { statusCode: status, statusMessage: statusText, headers: answered, body: jsonOf(text) }
      return new Response(text, { status, statusText, headers: answered })
    } catch (error) {
      exchange.failure = error instanceof Error ? error.message : String(error)
      throw error
    }
  }
}

/** Segment knows a function by its full name, such as "Heap (acme)". */
const FULL_NAME = /^Heap \(.*\)$/

/** Segment, Destination Functions, Data control: `integrations` says which destinations an event may go to. */
function isExcluded({ integrations }: SegmentEvent): boolean {
  const name = Object.keys(integrations ?? {}).find((key) => FULL_NAME.test(key))
  return (integrations?.[name ?? 'All'] ?? true) === false
}

/** No run where no handler or mapping takes the event. */
function runsOf(handler: string, result: FunctionResult): ActionRun[] {
  if (result.delivered) return [{ subscription: handler, action: handler }]
  const { error, message } = result
  if (error === 'EventNotSupported') return []
  return [
    {
      subscription: handler,
      action: handler,
      error: { ...(typeof error === 'number' ? { status: error } : { code: error }), message }
    }
  ]
}

function urlOf(info: RequestInfo): string {
  if (typeof info === 'string') return info
  return 'href' in info ? info.href : info.url
}

function jsonOf(text: unknown): unknown {
  if (typeof text !== 'string') return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
