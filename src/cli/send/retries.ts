import type { SegmentEvent } from '@segment/actions-core'
import type { EventResult } from '../engine/eventResult'

/** The shortest wait before the second try, in milliseconds; each further one is twice as long, and up to twice that by chance. */
const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 60_000

/** Resolves after so many milliseconds; rejects once the signal is aborted. */
export type Wait = (ms: number, signal: AbortSignal) => Promise<unknown>

/** How often and when events are sent again. */
export interface RetryOptions {
  /** How many more times, at most. */
  retries: number
  /** Ends the waiting; requests under way still finish. If it has fired already, everything is sent once. */
  signal: AbortSignal
  wait: Wait
  /** Is told before each wait why, for how long, and which try follows. */
  onRetry: (retry: Retry) => void
}

/** A try that follows a wait. */
export interface Retry {
  /** From 1 on. */
  number: number
  waitMs: number
  /** What has not been delivered yet, one or more. */
  results: EventResult[]
}

/**
 * Sends events, and sends again, after a while, those that Segment would retry.
 *
 * @param attempt sends some of them, and gives the result of each in their order
 * @returns the last result of each, or `undefined` if the signal ended it before each was decided
 */
export async function sendWithRetries(
  events: SegmentEvent[],
  attempt: (events: SegmentEvent[]) => Promise<EventResult[]>,
  { retries, signal, wait, onRetry }: RetryOptions
): Promise<EventResult[] | undefined> {
  const results: EventResult[] = []
  let left = events.map((_event, index) => index)
  for (let retry = 1; ; retry++) {
    const some = await attempt(left.map((index) => events[index]))
    left.forEach((index, position) => (results[index] = some[position]))
    left = left.filter((index) => mayBeRetried(results[index]))
    if (left.length === 0) return results
    if (signal.aborted) return undefined
    if (retry > retries) return results
    const waitMs = delayBefore(retry)
    onRetry({ number: retry, waitMs, results: left.map((index) => results[index]) })
    try {
      await wait(waitMs, signal)
    } catch (error) {
      if (signal.aborted) return undefined
      throw error
    }
  }
}

function delayBefore(retry: number): number {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (retry - 1) * (1 + Math.random()))
}

/** Segment retries what ended with one of these. Source: actions-core, RetryableError and its HTTP status codes. */
function mayBeRetried({ runs }: EventResult): boolean {
  return runs.some(({ error }) => {
    const status = error?.status
    return status !== undefined && ([408, 423, 429].includes(status) || (status >= 500 && status !== 501))
  })
}
