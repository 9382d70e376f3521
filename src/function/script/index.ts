import { Destination } from '@segment/actions-core'
import type { JSONObject, SegmentEvent } from '@segment/actions-core'
import { validate } from '@segment/destination-subscriptions'
import type { Subscription as ParsedFql } from '@segment/destination-subscriptions'
import heap from '../../destinations/heap'
import type { Settings } from '../../destinations/heap/generated-types'
import { know } from './parseFql'
import { errorOf, problemOf, statusOf } from './results'
import type { BatchStatus, Problem, Step } from './results'
import { settingsFrom } from './settings'
import type { FunctionSettings } from './settings'

/** A mapping, read and parsed when the script was built. */
export interface Mapping {
  name: string
  partnerAction: string
  /** FQL, and what the parser made of it. */
  subscribe: string
  condition: ParsedFql
  mapping: JSONObject
}

/**
 * The destination as the handlers of a Segment Destination Function.
 *
 * @param deadline milliseconds after which what is still undecided is answered for, to be tried again. Segment ends a
 * call after 5 seconds, and then repeats all of it, also what Heap has stored by then.
 */
export function heapFunction(mappings: Mapping[], deadline = 4500) {
  for (const { subscribe, condition } of mappings) know(subscribe, condition)

  return {
    /**
     * Delivers an event through every mapping that takes it.
     *
     * @throws EventNotSupported, InvalidEventPayload, ValidationError or, to be tried again, RetryError
     */
    async onEvent(event: SegmentEvent, settings: FunctionSettings): Promise<void> {
      const error = errorOf(event, await new Call(mappings, settings, deadline).deliver(event))
      if (error) throw error
    },

    /**
     * Asks Heap to delete a person.
     *
     * @throws as onEvent does
     */
    async onDelete(event: SegmentEvent, settings: FunctionSettings): Promise<void> {
      const error = errorOf(event, await new Call(mappings, settings, deadline).delete(event))
      if (error) throw error
    },

    /** Delivers events of any kinds, and gives the status of each at its index. */
    async onBatch(events: SegmentEvent[], settings: FunctionSettings): Promise<BatchStatus[]> {
      const steps = await new Call(mappings, settings, deadline).deliverBatch(events)
      return events.map((event, index) => statusOf(event, steps[index]))
    }
  }
}

/** One call of a handler, with a destination of its own: nothing of it is left for another instance to see. */
class Call {
  private readonly destination: Destination<Settings>
  private readonly settings: Settings
  private readonly settingsProblem: Problem | undefined

  constructor(
    private readonly mappings: Mapping[],
    settings: FunctionSettings,
    deadline: number
  ) {
    const end = Date.now() + deadline
    const requestOptions = { timeout: deadline, beforeRequest: [() => ({ timeout: end - Date.now() })] }
    this.destination = new Destination({ ...heap, extendRequest: () => requestOptions })
    this.settings = settingsFrom(settings)
    try {
      this.destination.validateSettings(this.settings)
    } catch (error) {
      this.settingsProblem = { ...problemOf(error), isPayload: false }
    }
  }

  /** @returns a step for each mapping that takes the event */
  deliver(event: SegmentEvent): Promise<Step[]> {
    const taken = withoutNullContext(event)
    const mappings = this.mappings.filter(({ condition }) => validate(condition, taken))
    return Promise.all(
      mappings.map((mapping) =>
        this.step(mapping.name, () => this.destination.onEvent(taken, this.settingsFor(mapping)))
      )
    )
  }

  /** @returns the one step of a deletion */
  async delete(event: SegmentEvent): Promise<Step[]> {
    return [await this.step('Delete', () => this.destination.onDelete?.(event, { ...this.settings }))]
  }

  /** @returns the steps of each event, at its index: each mapping takes all of its events at once */
  async deliverBatch(events: SegmentEvent[]): Promise<Step[][]> {
    const taken = events.map(withoutNullContext)
    const stepsOfMappings = await Promise.all([
      ...this.mappings.map((mapping) => this.stepsOf(taken, mapping)),
      this.deletionsOf(taken)
    ])
    return events.map((_event, index) => stepsOfMappings.flatMap((steps) => steps.get(index) ?? []))
  }

  private async stepsOf(events: SegmentEvent[], mapping: Mapping): Promise<Map<number, Step>> {
    const indices = [...events.keys()].filter((index) => validate(mapping.condition, events[index]))
    const problems = await this.batch(
      indices.map((index) => events[index]),
      mapping
    )
    return new Map(indices.map((index, at) => [index, { mapping: mapping.name, problem: problems[at] }]))
  }

  private async deletionsOf(events: SegmentEvent[]): Promise<Map<number, Step[]>> {
    const indices = [...events.keys()].filter((index) => events[index].type === 'delete')
    return new Map(await Promise.all(indices.map(async (index) => [index, await this.delete(events[index])] as const)))
  }

  /** @returns the problem of each event, at its index, or nothing where it was delivered */
  private async batch(events: SegmentEvent[], mapping: Mapping): Promise<(Problem | undefined)[]> {
    const { settingsProblem } = this
    if (settingsProblem || events.length === 0) return events.map(() => settingsProblem)
    try {
      const [{ multistatus = [] }] = await this.destination.onBatch(events, this.settingsFor(mapping))
      return multistatus.map((node) =>
        'errormessage' in node
          ? problemOf({ status: node.status, code: node.errortype, message: node.errormessage })
          : undefined
      )
    } catch (error) {
      // An event that the framework fails over must not take its neighbours along: halve until it stands alone.
      if (events.length === 1) return [problemOf(error)]
      const half = Math.ceil(events.length / 2)
      const first = await this.batch(events.slice(0, half), mapping)
      return [...first, ...(await this.batch(events.slice(half), mapping))]
    }
  }

  private async step(mapping: string, run: () => Promise<unknown> | undefined): Promise<Step> {
    if (this.settingsProblem) return { mapping, problem: this.settingsProblem }
    try {
      await run()
      return { mapping }
    } catch (error) {
      return { mapping, problem: problemOf(error) }
    }
  }

  private settingsFor({ name, partnerAction, subscribe, mapping }: Mapping): JSONObject {
    return { ...this.settings, subscriptions: [{ name, partnerAction, subscribe, mapping }] }
  }
}

/** The framework reads `context` of every event, and fails over null. */
function withoutNullContext(event: SegmentEvent): SegmentEvent {
  return (event.context as unknown) === null ? { ...event, context: {} } : event
}
