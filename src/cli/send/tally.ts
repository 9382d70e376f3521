import type { Outcome } from '../engine/pipeline'

/** How many events were read, and what became of them. */
export interface Tally {
  read: number
  delivered: number
  /** Not sent because their `integrations` keep them from Heap. */
  excluded: number
  /** Not counted in `read`. */
  unreadable: number
  /** How many were not delivered, by the reason. */
  failures: Record<string, number>
}

/** A tally of nothing. */
export function emptyTally(): Tally {
  return { read: 0, delivered: 0, excluded: 0, unreadable: 0, failures: {} }
}

/** Counts what became of an event. */
export function count(tally: Tally, outcome: Outcome): void {
  tally.read++
  if (outcome.excluded) tally.excluded++
  else if (outcome.delivered) tally.delivered++
  else tally.failures[kindOf(outcome)] = (tally.failures[kindOf(outcome)] ?? 0) + 1
}

/** Whether nothing is left that should have reached Heap. */
export function isComplete({ read, delivered, excluded, unreadable }: Tally): boolean {
  return delivered + excluded === read && unreadable === 0
}

/** Why an event was not delivered, for a person; empty if it was. */
export function reasonOf({ event, excluded, runs }: Outcome): string {
  if (excluded) return 'Not sent: its "integrations" keep it from Heap.'
  if (runs.length === 0) return `Not sent: no mapping takes ${event.type} calls.`
  return runs.flatMap(({ action, error }) => (error ? `${action}: ${errorText(error)}` : [])).join(' ')
}

/** An error's message with its status and code. */
export function errorText({ message, status, code }: NonNullable<Outcome['runs'][number]['error']>): string {
  const known = [status, code].filter((part) => part !== undefined)
  return known.length > 0 ? `${message} (${known.join(' ')})` : message
}

function kindOf({ event, runs }: Outcome): string {
  const error = runs.find((run) => run.error)?.error
  if (!error) return `no mapping takes ${event.type} calls`
  return [error.status, error.code].filter((part) => part !== undefined).join(' ') || error.message
}
