import { backOff } from 'exponential-backoff'
import type { SegmentEvent } from '@segment/actions-core'
import type { Outcome } from './pipeline'

/** Waits between two tries, in milliseconds: half of the first on average, then twice as long each time. */
const FIRST_WAIT_MS = 1000
const LONGEST_WAIT_MS = 60_000

/**
 * Sends events, and those again, after a while, that Segment would send again.
 *
 * @param attempt sends some of them, and gives the outcome of each in their order
 * @param retries how many times more at most
 * @param signal ends the waiting; what is on its way still comes to its end
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
  let underWay: Promise<void> = Promise.resolve()

  const send = async () => {
    const results = await attempt(left.map((index) => events[index]))
    left.forEach((index, position) => (outcomes[index] = results[position]))
    left = left.filter((index) => mayBeRetried(outcomes[index]))
  }
  const sending = backOff(
    async () => {
      await (underWay = send())
      if (left.length > 0) throw new SomeAreLeft()
    },
    {
      numOfAttempts: retries + 1,
      startingDelay: FIRST_WAIT_MS,
      maxDelay: LONGEST_WAIT_MS,
      jitter: 'full',
      retry: (error) => error instanceof SomeAreLeft && !signal.aborted
    }
  ).catch((error: unknown) => {
    if (!(error instanceof SomeAreLeft)) throw error
  })
  const stopped = new AbortController()
  const stop = new Promise<void>((resolve) =>
    signal.addEventListener('abort', () => resolve(underWay), { once: true, signal: stopped.signal })
  )
  await Promise.race([sending, stop])
  stopped.abort()
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
