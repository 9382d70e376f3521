import { setTimeout } from 'node:timers/promises'
import { HeapError, RATE_LIMITS, RateLimits } from '../../heap-emulator'
import type { CountedCall, Limits } from '../../heap-emulator'
import type { BeforeRequest } from './recorder'

/** Heap, Limits: events a minute for one App ID. */
export const HEAP_EVENTS_A_MINUTE = RATE_LIMITS.eventsPerApp.count

/** How often a waiting request checks whether there is room. */
const LOOK_EVERY_MS = 100

/** Heap counts when a request arrives, which may be a little closer to the last one than when it left. */
const LONGER = 1.05

/**
 * Holds every request back until Heap's limits leave room for it: events for the App ID and for each identity, and requests
 * for each identity.
 *
 * @param eventsAMinute for the App ID. Above Heap's own limit the others grow with it, below they stay.
 * @param signal makes the requests that wait fail
 */
export function throttle(eventsAMinute: number, signal: AbortSignal, now: () => number = Date.now): BeforeRequest {
  const limits = new RateLimits(limitsFor(eventsAMinute))
  return async (url, body) => {
    while (!isLetIn(limits, new URL(url), body as Body, now())) await setTimeout(LOOK_EVERY_MS, undefined, { signal })
  }
}

function limitsFor(eventsAMinute: number): Limits {
  const factor = Math.max(1, eventsAMinute / HEAP_EVENTS_A_MINUTE)
  const { eventsPerApp, eventsPerIdentity, requestsPerIdentity } = RATE_LIMITS
  return {
    eventsPerApp: { count: eventsAMinute, perMs: eventsPerApp.perMs * LONGER },
    eventsPerIdentity: { count: eventsPerIdentity.count * factor, perMs: eventsPerIdentity.perMs * LONGER },
    requestsPerIdentity: { count: requestsPerIdentity.count * factor, perMs: requestsPerIdentity.perMs * LONGER }
  }
}

/** What the destination posts to Heap; the parts that count. */
type Body = { app_id: string; identity?: string } & Partial<Pick<CountedCall, 'events' | 'users'>>

function isLetIn(limits: RateLimits, url: URL, body: Body, now: number): boolean {
  const { app_id, identity, events = [], users = [] } = body
  const call: CountedCall = { events, users: identity === undefined ? users : [{ identity }], merges: [] }
  try {
    limits.count(`${url.host}/${app_id}`, call, now)
    return true
  } catch (error) {
    if (error instanceof HeapError) return false
    throw error
  }
}
