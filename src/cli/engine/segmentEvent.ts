import type { SegmentEvent } from '@segment/actions-core'
import { isObject } from './json'

/** Segment, Spec: the calls that a source sends. */
export const CALLS = ['track', 'identify', 'page', 'screen', 'group', 'alias']

/** Whether JSON is one of the calls that a source sends; nothing else is checked. */
export function isSegmentEvent(value: unknown): value is SegmentEvent {
  return isObject(value) && typeof value.type === 'string' && CALLS.includes(value.type)
}

/** The keys of an event that hold a customer's own map. */
const MAPS = ['properties', 'traits', 'context', 'integrations'] as const

/**
 * The event with what programs write for "nothing" taken for nothing: PHP and Lua write an empty map as `[]`, and a
 * `context`, or `personas` in it, that is null makes the framework fail.
 */
export function withoutEmptyLists<Event extends Partial<Record<(typeof MAPS)[number], unknown>>>(event: Event): Event {
  const { context, ...rest } = event
  const maps = MAPS.filter((key) => isEmptyList(event[key])).map((key) => [key, {}] as const)
  return {
    ...(context === null ? (rest as Event) : event),
    ...Object.fromEntries(maps),
    ...(isObject(context) && { context: contextOf(context) })
  }
}

function contextOf({ personas, ...context }: Record<string, unknown>): Record<string, unknown> {
  return {
    ...context,
    ...(personas !== undefined && personas !== null && { personas }),
    ...(isEmptyList(context.traits) && { traits: {} })
  }
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0
}

/** Segment fills in what is null or empty, as it does for what is missing. */
export function isMissing(value: unknown): boolean {
  return value === undefined || value === null || value === ''
}

/** What a batch says of all of its events. Source: Segment, HTTP API: Batch. */
export const SHARED = ['context', 'integrations'] as const

/** An event of a batch with what the batch says of all of them; what the event says itself wins. */
export function sharedWith<Event extends object>(
  event: Event & Partial<Record<(typeof SHARED)[number], unknown>>,
  batch: Partial<Record<(typeof SHARED)[number], unknown>>
): Event {
  const merged = SHARED.flatMap((key) => {
    const [common, own] = [batch[key] ?? undefined, event[key] ?? {}]
    return isObject(common) && isObject(own) ? [[key, { ...common, ...own }] as const] : []
  })
  return { ...event, ...Object.fromEntries(merged) }
}
