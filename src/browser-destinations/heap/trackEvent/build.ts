import type { Settings } from '../generated-types'
import { eventPropertiesOf, identityCalls, textOf, userPropertyCalls } from '../heapCalls'
import type { Delivery, HeapCall } from '../heapCalls'
import { MAX_EVENT_NAME_LENGTH } from '../limits'
import type { Payload } from './generated-types'

/** Where an event comes from, among all that Heap has; the published web destination sends it too. */
const SEGMENT_LIBRARY = 'browser-destination'

/**
 * What an event asks of Heap's library: who the visitor is and what is known of them, where that is mapped, then the event.
 *
 * With a Browser Array Limit, each entry of a list is an event of its own too, up to that number in all.
 */
export function trackEvent(payload: Payload, { browserArrayLimit }: Pick<Settings, 'browserArrayLimit'>): Delivery {
  const problems: string[] = []
  const calls = [
    ...identityCalls(payload.identity, problems),
    ...userPropertyCalls(payload.traits, payload.anonymousId, problems)
  ]
  const name = textOf(payload.name) ?? ''
  if (name.trim() === '') {
    problems.push('An event has no name, so it was not sent.')
  } else {
    calls.push(...itemCalls(name, payload.properties, browserArrayLimit, problems))
    calls.push(...trackCalls(name, payload.properties, problems))
  }
  return { calls, problems }
}

function itemCalls(name: string, properties: unknown, limit: number | undefined, problems: string[]): HeapCall[] {
  if (!limit || !(limit > 0)) return []
  const items = Object.entries(properties ?? {}).flatMap(([key, value]: [string, unknown]) => {
    const entries: unknown[] = Array.isArray(value) ? value : []
    return entries.filter((entry) => entry !== null && entry !== undefined).map((entry) => ({ key, entry }))
  })
  return items.slice(0, limit).flatMap(({ key, entry }) => {
    // What is not an object has no keys of its own.
    return trackCalls(`${name} ${key} item`, isObject(entry) ? entry : { [key]: entry }, problems)
  })
}

function trackCalls(name: string, given: unknown, problems: string[]): HeapCall[] {
  if (name.length > MAX_EVENT_NAME_LENGTH) {
    problems.push(
      `Event Name is ${name.length} characters long; Heap accepts at most ${MAX_EVENT_NAME_LENGTH}. The event was not sent.`
    )
    return []
  }
  return [['track', name, { ...eventPropertiesOf(given, problems), segment_library: SEGMENT_LIBRARY }]]
}

function isObject(entry: unknown): entry is object {
  return typeof entry === 'object' && entry !== null && !Array.isArray(entry) && !('toJSON' in entry)
}
