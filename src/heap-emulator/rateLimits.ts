import { HeapError } from './heapError'

const SECOND_MS = 1000

/** So many in any stretch of that length. */
export interface Limit {
  readonly count: number
  readonly perMs: number
}

/** What counts of a request. */
export interface CountedCall {
  events: { user_identifier: { identity?: string } }[]
  users: { identity: string }[]
  merges: { identity: string }[]
}

/** What Heap limits. */
export type Limits = Readonly<Record<'eventsPerIdentity' | 'eventsPerApp' | 'requestsPerIdentity', Limit>>

/** How much one environment may send (Heap, Limits). */
export const RATE_LIMITS: Limits = {
  eventsPerIdentity: { count: 1000, perMs: 60 * SECOND_MS },
  eventsPerApp: { count: 15_000, perMs: 60 * SECOND_MS },
  requestsPerIdentity: { count: 30, perMs: 30 * SECOND_MS }
}

/**
 * Heap's three rate limits. Each is a sliding window, the strictest reading of "a minute": no stretch of that length
 * may hold more than the limit. A refused request counts towards nothing, so that a client which waits is let in.
 *
 * "Per identity" concerns entries that carry an `identity`; others count towards the environment alone. A bulk request
 * is one request for each distinct identity in it.
 */
export class RateLimits {
  private readonly eventsPerIdentity: SlidingWindow
  private readonly eventsPerApp: SlidingWindow
  private readonly requestsPerIdentity: SlidingWindow

  constructor(private readonly limits: Limits = RATE_LIMITS) {
    this.eventsPerIdentity = new SlidingWindow(limits.eventsPerIdentity)
    this.eventsPerApp = new SlidingWindow(limits.eventsPerApp)
    this.requestsPerIdentity = new SlidingWindow(limits.requestsPerIdentity)
  }

  /**
   * Counts a valid request.
   *
   * @param environment What sets the environment apart from all others; it must hold no line break.
   * @param now Milliseconds, from any zero.
   * @throws {HeapError} 429 if the request goes over a limit.
   */
  count(environment: string, call: CountedCall, now: number): void {
    const eventsOf = countEvents(call)
    const keyOf = (identity: string) => `${environment}\n${identity}`

    if (!this.eventsPerApp.hasRoom(environment, call.events.length, now)) {
      throw tooMany('events', this.limits.eventsPerApp, 'app_id')
    }
    for (const [identity, events] of eventsOf) {
      if (!this.requestsPerIdentity.hasRoom(keyOf(identity), 1, now)) {
        throw tooMany('requests', this.limits.requestsPerIdentity, 'identity')
      }
      if (!this.eventsPerIdentity.hasRoom(keyOf(identity), events, now)) {
        throw tooMany('events', this.limits.eventsPerIdentity, 'identity')
      }
    }

    this.eventsPerApp.add(environment, call.events.length, now)
    for (const [identity, events] of eventsOf) {
      this.requestsPerIdentity.add(keyOf(identity), 1, now)
      this.eventsPerIdentity.add(keyOf(identity), events, now)
    }
  }
}

/** How many events the call has for each identity in it; 0 for one whose profile alone is concerned. */
function countEvents(call: CountedCall): Map<string, number> {
  const counts = new Map([...call.users, ...call.merges].map(({ identity }) => [identity, 0]))
  for (const { user_identifier } of call.events) {
    const { identity } = user_identifier
    if (identity !== undefined) counts.set(identity, (counts.get(identity) ?? 0) + 1)
  }
  return counts
}

function tooMany(what: string, limit: Limit, per: string): HeapError {
  const seconds = limit.perMs / SECOND_MS
  return new HeapError(429, `too many ${what} for one ${per}; Heap takes at most ${limit.count} in ${seconds} seconds`)
}

interface Usage {
  total: number
  spends: { time: number; count: number }[]
}

class SlidingWindow {
  private readonly usages = new Map<string, Usage>()
  private lastSweep = -Infinity

  constructor(private readonly limit: Limit) {}

  hasRoom(key: string, count: number, now: number): boolean {
    const usage = this.usages.get(key)
    if (usage) this.forgetPast(usage, now)
    return (usage?.total ?? 0) + count <= this.limit.count
  }

  add(key: string, count: number, now: number): void {
    this.sweep(now)
    if (count === 0) return
    const usage = this.usages.get(key) ?? { total: 0, spends: [] }
    this.usages.set(key, usage)
    usage.total += count
    usage.spends.push({ time: now, count })
  }

  private forgetPast(usage: Usage, now: number): void {
    const firstKept = usage.spends.findIndex(({ time }) => now - time < this.limit.perMs)
    const past = firstKept === -1 ? usage.spends.splice(0) : usage.spends.splice(0, firstKept)
    for (const { count } of past) usage.total -= count
  }

  /** Drops the identities that have gone quiet, once a window, so that memory follows the traffic of two windows. */
  private sweep(now: number): void {
    if (now - this.lastSweep < this.limit.perMs) return
    this.lastSweep = now
    for (const [key, usage] of this.usages) {
      this.forgetPast(usage, now)
      if (usage.total === 0) this.usages.delete(key)
    }
  }
}
