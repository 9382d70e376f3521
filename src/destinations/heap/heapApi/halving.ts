import type { HeapResponse } from './response'
import { MAX_ENTRIES } from './wireTypes'

/** Enough to single out six bad entries anywhere among a thousand, few enough not to storm Heap when all of them are bad. */
export const MAX_EXTRA_REQUESTS = 120

/** Events and profiles of a batch each have so many requests under way at once. */
export const MAX_CONCURRENT_REQUESTS = 4

/**
 * Posts entries in requests of a size that Heap takes, and gives each entry the response to its request.
 *
 * Heap refuses a request for the sake of one bad entry. A refused request of several is halved and sent again, all halves of a
 * round at once, until the culprits stand alone. Entries that Heap took on the way are stored once: an event by its
 * idempotency key, a profile because the same values overwrite themselves. {@link MAX_EXTRA_REQUESTS} bounds the halving;
 * entries undecided by then get the response to the last request they were in.
 */
export async function postEach<Entry>(
  entries: Entry[],
  postSome: (entries: Entry[]) => Promise<HeapResponse>
): Promise<Map<Entry, HeapResponse>> {
  const responses = new Map<Entry, HeapResponse>()
  let extraRequests = MAX_EXTRA_REQUESTS
  let round = split(entries, MAX_ENTRIES)
  while (round.length > 0) {
    const next: Entry[][] = []
    const roundResponses = await mapConcurrently(round, postSome)
    for (const [index, group] of round.entries()) {
      const response = roundResponses[index]
      if (group.length > 1 && isRefused(response) && extraRequests >= 2) {
        extraRequests -= 2
        next.push(...split(group, Math.ceil(group.length / 2)))
      } else {
        for (const entry of group) responses.set(entry, response)
      }
    }
    round = next
  }
  return responses
}

/** Heap found fault with what was sent: an entry that it does not take, or too much at once. */
function isRefused({ status }: HeapResponse): boolean {
  return status === 400 || status === 413
}

function split<Entry>(entries: Entry[], size: number): Entry[][] {
  const groups: Entry[][] = []
  for (let start = 0; start < entries.length; start += size) groups.push(entries.slice(start, start + size))
  return groups
}

/** Like `Promise.all` of a map, with at most {@link MAX_CONCURRENT_REQUESTS} under way. */
export async function mapConcurrently<From, To>(items: From[], map: (item: From) => Promise<To>): Promise<To[]> {
  const results: To[] = []
  const queue = items.entries()
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await map(item)
  }
  await Promise.all(Array.from({ length: MAX_CONCURRENT_REQUESTS }, worker))
  return results
}
