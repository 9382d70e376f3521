import type { HeapResponse } from './response'
import { MAX_ENTRIES } from './wireTypes'

/** Enough to single out six bad entries anywhere among a thousand, few enough not to storm Heap when all of them are bad. */
export const MAX_EXTRA_REQUESTS = 120

/** Events and profiles of a batch each have so many requests under way at once. */
export const MAX_CONCURRENT_REQUESTS = 4

/** Entries from `start` up to `end`, which are one request. */
type Group = { start: number; end: number }

/**
 * Posts entries in requests of a size that Heap takes, and gives each entry, by its index, the response to its request.
 *
 * Heap refuses a request for the sake of one bad entry. A refused request of several is halved and sent again, all halves of a
 * round at once, until the culprits stand alone. Entries that Heap took on the way are stored once: an event by its
 * idempotency key, a profile because the same values overwrite themselves. {@link MAX_EXTRA_REQUESTS} bounds the halving;
 * entries undecided by then get the response to the last request they were in.
 *
 * @param belongTogether says of neighbours whether their order matters, so that one request should hold both
 */
export async function postEach<Entry>(
  entries: Entry[],
  postSome: (entries: Entry[]) => Promise<HeapResponse>,
  belongTogether: (one: Entry, next: Entry) => boolean = () => false
): Promise<HeapResponse[]> {
  /** Groups of at most `size` entries. Those that belong together are in one, unless they are too many. */
  const split = (group: Group, size: number): Group[] => {
    const groups: Group[] = []
    for (let start = group.start, end: number; start < group.end; start = end) {
      const farthest = Math.min(start + size, group.end)
      end = farthest
      while (end > start && end < group.end && belongTogether(entries[end - 1], entries[end])) end--
      if (end === start) end = farthest
      groups.push({ start, end })
    }
    return groups
  }

  const responses: HeapResponse[] = []
  let extraRequests = MAX_EXTRA_REQUESTS
  let round = split({ start: 0, end: entries.length }, MAX_ENTRIES)
  while (round.length > 0) {
    const next: Group[] = []
    const roundResponses = await mapConcurrently(round, ({ start, end }) => postSome(entries.slice(start, end)))
    for (const [index, group] of round.entries()) {
      const response = roundResponses[index]
      const halves = isRefused(response) ? split(group, Math.ceil((group.end - group.start) / 2)) : []
      if (halves.length > 1 && halves.length <= extraRequests) {
        extraRequests -= halves.length
        next.push(...halves)
      } else {
        responses.length = Math.max(responses.length, group.end)
        responses.fill(response, group.start, group.end)
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
