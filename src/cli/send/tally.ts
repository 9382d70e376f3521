import type { EventResult } from '../engine/eventResult'

/** How many events were read, and what became of them. */
export interface Tally {
  read: number
  delivered: number
  /** Not sent, because their `integrations` exclude Heap. */
  excluded: number
  /** Not counted in `read`. */
  unreadable: number
  /** How many were not delivered, by the reason. */
  failures: Record<string, number>
}

/** An empty tally. */
export function emptyTally(): Tally {
  return { read: 0, delivered: 0, excluded: 0, unreadable: 0, failures: {} }
}

/** Counts what became of an event. */
export function count(tally: Tally, result: EventResult): void {
  tally.read++
  if (result.excluded) tally.excluded++
  else if (result.delivered) tally.delivered++
  else tally.failures[kindOf(result)] = (tally.failures[kindOf(result)] ?? 0) + 1
}

/** Whether everything that should have reached Heap did. */
export function isComplete({ read, delivered, excluded, unreadable }: Tally): boolean {
  return delivered + excluded === read && unreadable === 0
}

function kindOf({ event, runs }: EventResult): string {
  const error = runs.find((run) => run.error)?.error
  if (!error) return `no mapping takes such ${event.type} calls`
  return [error.status, error.code].filter((part) => part !== undefined).join(' ') || error.message
}
