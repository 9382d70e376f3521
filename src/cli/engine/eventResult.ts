import type { SegmentEvent } from '@segment/actions-core'
import type { RunError } from './errors'
import type { Recording } from './recorder'
import { oneLine } from './terminal'

/** What became of an event in one action. */
export interface ActionRun {
  /** The name of the subscription that took the event. */
  subscription: string
  action: string
  /** Why the event was not delivered; missing where it was. */
  error?: RunError
}

/** The run of an event that was sent alone, with what was mapped and sent. */
export type RecordedRun = ActionRun & Recording

/** What became of an event; `runs` is empty if no mapping takes it. */
export interface EventResult<Run extends ActionRun = ActionRun> {
  event: SegmentEvent
  runs: Run[]
  /** The event's `integrations` exclude Heap: it was not sent, on purpose. */
  excluded: boolean
  delivered: boolean
}

/** Whether Heap took the event, and which event it is, as part of a line. */
export function resultLine(result: EventResult): string {
  const { delivered, excluded } = result
  return `${delivered ? '✔' : excluded ? '–' : '✘'} ${titleOf(result)}`
}

function titleOf({ event }: EventResult): string {
  const name: unknown = event.type === 'track' ? event.event : event.name
  return typeof name === 'string' && name !== '' ? `${event.type} "${oneLine(shortened(name))}"` : event.type
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

/** Why an event was not delivered, for a person; empty if it was. */
export function reasonOf({ event, excluded, runs }: EventResult): string {
  if (excluded) return 'Not sent: its "integrations" keep it from Heap.'
  if (runs.length === 0) return `Not sent: no mapping takes this ${event.type} call.`
  return runs.flatMap(({ action, error }) => (error ? `${action}: ${errorText(error)}` : [])).join(' ')
}

/** An error's message with its status and code. */
export function errorText({ message, status, code }: RunError): string {
  const known = [status, code].filter((part) => part !== undefined)
  return known.length > 0 ? `${message} (${known.join(' ')})` : message
}
