import type { Destination, DestinationDefinition, JSONObject, SegmentEvent } from '@segment/actions-core'
import { parseFql, validate } from '@segment/destination-subscriptions'
import type { Settings } from '../../destinations/heap/generated-types'
import { errorOf, withoutUnwrapping } from './errors'
import type { RunError } from './errors'
import type { ActionRun, EventResult, RecordedRun } from './eventResult'
import { inHalves } from './halves'
import { record, recordedDestination } from './recorder'
import type { BeforeRequest } from './recorder'
import { isOff } from './subscriptions'
import type { Subscription } from './subscriptions'

/** What a {@link Pipeline} sends events through, and where to. */
export interface PipelineOptions {
  definition: DestinationDefinition<Settings>
  settings: Settings
  /** The framework's destination of the definition, where there is one already. */
  destination?: Destination<Settings>
  /** Those that are on are used, in this order. */
  subscriptions: Subscription[]
  beforeRequest?: BeforeRequest
}

/** What takes events to Heap, one alone or up to 1,000 at once. */
export type EventPipeline = Pick<Pipeline, 'send' | 'sendBatch'>

/** Sends events as Segment does: each mapping's subscription, mapping and validation, and then its action. */
export class Pipeline {
  private readonly destination: Destination<Settings>
  private readonly subscriptions: { subscription: Subscription; condition: ReturnType<typeof parseFql> }[]

  constructor(private readonly options: PipelineOptions) {
    this.destination = options.destination ?? recordedDestination(options.definition, options.beforeRequest)
    this.subscriptions = options.subscriptions.flatMap((subscription) => {
      return isOff(subscription) ? [] : [{ subscription, condition: parseFql(subscription.subscribe) }]
    })
  }

  /** Sends one event. Never throws for a failed event: the result says so. */
  async send(event: SegmentEvent): Promise<EventResult<RecordedRun>> {
    const excluded = isExcluded(event, this.options.definition.name)
    const runs: RecordedRun[] = []
    for (const { subscription, condition } of excluded ? [] : this.subscriptions) {
      const taken = takes(condition, event)
      if (taken instanceof Error) runs.push({ ...runOf(subscription, errorOf(taken)), exchanges: [] })
      else if (taken) runs.push(await this.runAlone(event, subscription))
    }
    return resultOf(event, excluded, runs)
  }

  /**
   * Sends up to 1,000 events in as few requests as the actions can, each subscription's events in one batch.
   *
   * @returns the result of each event, in the same order
   */
  async sendBatch(events: SegmentEvent[]): Promise<EventResult[]> {
    const entries = events.map((event) => ({
      event,
      excluded: isExcluded(event, this.options.definition.name),
      runs: [] as ActionRun[]
    }))
    for (const { subscription, condition } of this.subscriptions) {
      const taken = entries.filter(({ event, excluded, runs }) => {
        const isTaken = !excluded && takes(condition, event)
        if (isTaken instanceof Error) runs.push(runOf(subscription, errorOf(isTaken)))
        return isTaken === true
      })
      if (taken.length === 0) continue
      const runs = await this.runBatch(
        taken.map(({ event }) => event),
        subscription
      )
      taken.forEach((entry, index) => entry.runs.push(runs[index]))
    }
    return entries.map(({ event, excluded, runs }) => resultOf(event, excluded, runs))
  }

  private async runAlone(event: SegmentEvent, subscription: Subscription): Promise<RecordedRun> {
    const { recording, result } = record(() => this.destination.onEvent(event, this.settingsFor(subscription)))
    const error = await result.then(
      () => undefined,
      (thrown: unknown) => errorOf(thrown)
    )
    const { payload, exchanges } = recording
    return { ...runOf(subscription, error), payload, exchanges }
  }

  private runBatch(events: SegmentEvent[], subscription: Subscription): Promise<ActionRun[]> {
    const run = async (batch: SegmentEvent[]) => {
      const results = await this.destination.onBatch(batch, this.settingsFor(subscription))
      return (results[0].multistatus ?? []).map((node) => {
        if (!('errormessage' in node)) return runOf(subscription)
        return runOf(subscription, {
          status: node.status,
          code: node.errortype,
          message: withoutUnwrapping(node.errormessage)
        })
      })
    }
    return inHalves(events, run, (error) => runOf(subscription, errorOf(error)))
  }

  private settingsFor({ subscribe, partnerAction, mapping = {} }: Subscription): JSONObject {
    return { ...this.options.settings, subscription: { subscribe, partnerAction, mapping } }
  }
}

/** Whether a mapping takes an event, or what its trigger fails over in it. */
function takes(condition: ReturnType<typeof parseFql>, event: SegmentEvent): boolean | Error {
  try {
    return validate(condition, event)
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

/** Segment, Spec: Common Fields: `integrations` says which destinations an event may go to; all of them if it is silent. */
function isExcluded({ integrations }: SegmentEvent, name: string): boolean {
  const choice = integrations?.[name] ?? integrations?.All
  return choice === false
}

function resultOf<Run extends ActionRun>(event: SegmentEvent, excluded: boolean, runs: Run[]): EventResult<Run> {
  return { event, excluded, runs, delivered: runs.length > 0 && runs.every(({ error }) => error === undefined) }
}

function runOf({ name, partnerAction }: Subscription, error?: RunError): ActionRun {
  return { subscription: name ?? partnerAction, action: partnerAction, ...(error && { error }) }
}
