import { AsyncLocalStorage } from 'node:async_hooks'
import { Destination } from '@segment/actions-core'
import type {
  DestinationDefinition,
  JSONObject,
  Preset,
  RequestClient,
  RequestOptions,
  SegmentEvent
} from '@segment/actions-core'
import heap from '../destinations/heap'
import type { Settings } from '../destinations/heap/generated-types'

/** One request to Heap. Without a `status` there was no answer, and `failure` says why. */
export interface Exchange {
  method: string
  url: string
  body: unknown
  status?: number
  answer?: string
  failure?: string
}

/** What became of an event in one action. */
export interface ActionRun {
  action: string
  exchanges: Exchange[]
  /** Why the event was not delivered; missing where it was. */
  error?: { status?: number; code?: string; message: string }
}

/** An event's way through the destination; no runs where no mapping takes this kind of call. */
export interface Journey {
  event: SegmentEvent
  runs: ActionRun[]
  delivered: boolean
}

const exchangesOfThisRun = new AsyncLocalStorage<Exchange[]>()

const destination = new Destination(recorded(heap))

/**
 * Takes an event the way that Segment does: through the subscription, mapping and validation of each preset into its action.
 *
 * Never throws for what becomes of the event: that is in the journey.
 */
export async function sendEvent(event: SegmentEvent, settings: Settings): Promise<Journey> {
  const runs: ActionRun[] = []
  for (const preset of heap.presets ?? []) {
    const run = await runPreset(event, settings, preset)
    if (run) runs.push(run)
  }
  return { event, runs, delivered: runs.length > 0 && runs.every(({ error }) => error === undefined) }
}

async function runPreset(event: SegmentEvent, settings: Settings, preset: Preset): Promise<ActionRun | undefined> {
  const exchanges: Exchange[] = []
  const action = preset.partnerAction
  try {
    const subscription: JSONObject = { ...preset }
    const results = await exchangesOfThisRun.run(exchanges, () =>
      destination.onEvent(event, { ...settings, subscription })
    )
    return results[0]?.output === 'not subscribed' ? undefined : { action, exchanges }
  } catch (error) {
    return { action, exchanges, error: errorOf(error) }
  }
}

/** The same definition, whose requests are written down for whoever called it. */
function recorded(definition: DestinationDefinition<Settings>): DestinationDefinition<Settings> {
  const actions: typeof definition.actions = {}
  for (const [slug, action] of Object.entries(definition.actions)) {
    const perform: typeof action.perform = (request, data): unknown => action.perform(recording(request), data)
    actions[slug] = { ...action, perform }
  }
  return { ...definition, actions }
}

function recording(request: RequestClient): RequestClient {
  const exchanges = exchangesOfThisRun.getStore()
  return async <Data>(url: string, options?: RequestOptions) => {
    const exchange: Exchange = { method: (options?.method ?? 'get').toUpperCase(), url, body: options?.json }
    exchanges?.push(exchange)
    try {
      const response = await request<Data>(url, options)
      exchange.status = response.status
      exchange.answer = response.content
      return response
    } catch (error) {
      exchange.failure = errorOf(error).message
      throw error
    }
  }
}

function errorOf(error: unknown): { status?: number; code?: string; message: string } {
  if (!(error instanceof Error)) return { message: String(error) }
  const { message, status, code }: Error & { status?: number; code?: string } = error
  return { ...(status !== undefined && { status }), ...(code !== undefined && { code }), message }
}
