import type { Destination, DestinationDefinition, JSONObject, JSONValue, SegmentEvent } from '@segment/actions-core'
import { transform } from '@segment/actions-core/mapping-kit'
import type { Settings } from '../../../destinations/heap/generated-types'
import { HeapEmulator, interceptHeap } from '../../../heap-emulator'
import type { EnvironmentSnapshot } from '../../../heap-emulator'
import { loadDefinition } from '../../engine/definition'
import { errorOf } from '../../engine/errors'
import { errorText, reasonOf } from '../../engine/eventResult'
import type { EventResult } from '../../engine/eventResult'
import { checkConditions, isTaken, readFql } from '../../engine/fql'
import { Pipeline } from '../../engine/pipeline'
import { recordedDestination } from '../../engine/recorder'
import type { Subscription } from '../../engine/subscriptions'
import type { Fate, HeldParts, Preview, TriggerCheck } from './protocol'

/** What is asked of an {@link Evaluation}. */
export type Task =
  | { kind: 'preview'; event: SegmentEvent; subscription: Subscription }
  | { kind: 'batch'; events: SegmentEvent[]; subscriptions: Subscription[] }

/** What became of an event of a batch. */
export interface BatchedFate {
  fate: Fate
  reason: string
}

/**
 * The real framework and the real destination with an emulator of their own, so that what they say is what `send` does, and
 * nothing can reach Heap. For a thread of its own: it takes the place of Heap for the whole process that it is in.
 */
export class Evaluation {
  private readonly emulator = new HeapEmulator({ keepRequests: 0 })
  private readonly definition: DestinationDefinition<Settings>
  // Made once: a new one for each evaluation takes longer, and leaks in the framework's memory of schemas.
  private readonly destination: Destination<Settings>

  constructor(private readonly settings: Settings) {
    interceptHeap(this.emulator)
    this.definition = loadDefinition()
    this.destination = recordedDestination(this.definition)
  }

  /** What a mapping makes of an event: never throws for either's sake. */
  async preview(event: SegmentEvent, subscription: Subscription): Promise<Preview> {
    this.emulator.reset()
    const pipeline = this.pipeline([{ ...subscription, enabled: true }])
    const { excluded, runs } = await pipeline.send(event)
    const [run] = runs
    return {
      subscription,
      trigger: checkTrigger(subscription.subscribe, event),
      fields: fieldsOf(subscription.mapping ?? {}, event),
      ...(run?.payload !== undefined && { payload: run.payload }),
      exchanges: run?.exchanges ?? [],
      ...(run?.error && { error: errorText(run.error) }),
      ...(excluded && { error: reasonOf({ event, excluded, runs, delivered: false }) }),
      held: heldIn(this.emulator.snapshot())
    }
  }

  /** What becomes of many events, in their order. */
  async batch(events: SegmentEvent[], subscriptions: Subscription[]): Promise<BatchedFate[]> {
    const results = await this.pipeline(subscriptions).sendBatch(events)
    this.emulator.reset()
    return results.map((result) => ({ fate: fateOf(result), reason: result.delivered ? '' : reasonOf(result) }))
  }

  private pipeline(subscriptions: Subscription[]): Pipeline {
    const { definition, destination, settings } = this
    return new Pipeline({ definition, destination, settings, subscriptions })
  }
}

/** What became of an event, in a word. */
export function fateOf({ delivered, excluded, runs }: EventResult): Fate {
  if (delivered) return 'delivered'
  if (excluded) return 'left out'
  return runs.length === 0 ? 'not taken' : 'refused'
}

/** A trigger as Segment reads it, held against an event. */
export function checkTrigger(text: string, event: SegmentEvent): TriggerCheck {
  const { readAs, condition, problem, notes } = readFql(text)
  return {
    ...(readAs !== undefined && { readAs }),
    ...(problem !== undefined && { problem }),
    notes,
    isTaken: isTaken(condition, event),
    conditions: condition ? (checkConditions(condition, event) as TriggerCheck['conditions']) : []
  }
}

/** What each field gets, by itself: a mistake in one hides none of the others. */
function fieldsOf(mapping: JSONObject, event: SegmentEvent): Preview['fields'] {
  return Object.fromEntries(
    Object.keys(mapping).map((key): [string, Preview['fields'][string]] => {
      try {
        const value = transform({ [key]: mapping[key] }, { ...event })[key] as JSONValue | undefined
        return [key, value === undefined ? {} : { value }]
      } catch (error) {
        return [key, { error: errorOf(error).message }]
      }
    })
  )
}

/** What an emulator holds, newest first. */
export function heldIn(environments: EnvironmentSnapshot[]): HeldParts {
  return {
    users: environments.flatMap(({ users }) => users).reverse(),
    accounts: environments.flatMap(({ accounts }) => accounts).reverse(),
    events: environments
      .flatMap(({ events }) => events)
      .map(({ event, user, user_identifier, timestamp, properties }) => ({
        event,
        who: user ?? Object.values(user_identifier).join(', '),
        isAnonymous: user === undefined,
        ...(timestamp !== undefined && { timestamp }),
        properties
      }))
      .reverse()
  }
}
