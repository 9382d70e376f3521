import type { SegmentEvent } from '@segment/actions-core'
import pRetry from 'p-retry'
import type { Outcome } from '../engine/pipeline'

/** The shortest wait between the first two tries, in milliseconds; each further one is twice as long, and up to twice that by chance. */
const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 60_000

/**
 * Sends events, and those again, after a while, that Segment would send again.
 *
 * @param attempt sends some of them, and gives the outcome of each in their order
 * @param retries how many times more at most
 * @param signal ends the waiting; what is on its way still comes to its end. Where it has come before, all are sent once
 * @returns the last outcome of each, or `undefined` where `signal` ended it before each was decided
 */
export async function sendWithRetries(
  events: SegmentEvent[],
  attempt: (events: SegmentEvent[]) => Promise<Outcome[]>,
  retries: number,
  signal: AbortSignal
): Promise<Outcome[] | undefined> {
  const outcomes: Outcome[] = []
  let left = events.map((_event, index) => index)
  const send = async () => {
    const results = await attempt(left.map((index) => events[index]))
    left.forEach((index, position) => (outcomes[index] = results[position]))
    left = left.filter((index) => mayBeRetried(outcomes[index]))
    if (left.length > 0) throw new SomeAreLeft()
  }
  const waits = { minTimeout: FIRST_WAIT_MS, maxTimeout: LONGEST_WAIT_MS, randomize: true }
  await pRetry(send, signal.aborted ? { retries: 0 } : { ...waits, retries, signal }).catch((error: unknown) => {
    if (!(error instanceof SomeAreLeft) && error !== signal.reason) throw error
  })
  return signal.aborted && left.length > 0 ? undefined : outcomes
}

class SomeAreLeft extends Error {}

/** Segment delivers again what ended with one of these. Source: Segment, RetryableError of actions-core. */
function mayBeRetried({ runs }: Outcome): boolean {
  return runs.some(({ error }) => {
    const status = error?.status
    return status !== undefined && (status === 408 || status === 429 || status >= 500)
  })
}
