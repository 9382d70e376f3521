import type { SegmentEvent } from '@segment/actions-core'
import { isObject } from './json'

/** Segment, Spec: the calls that a source sends. */
export const CALLS = ['track', 'identify', 'page', 'screen', 'group', 'alias']

/** Whether JSON is one of the calls that a source sends; nothing else of it is checked. */
export function isSegmentEvent(value: unknown): value is SegmentEvent {
  return isObject(value) && typeof value.type === 'string' && CALLS.includes(value.type)
}
