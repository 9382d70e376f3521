import type { FlatProperties } from '../rules/flatten'

/** Heap, Bulk Track and bulk Add User Properties: a request holds at most 1000 events, users or accounts. */
export const MAX_ENTRIES = 1000

/** Heap, Bulk Track: an event name has at most 1024 UTF-16 characters. */
export const MAX_EVENT_NAME_LENGTH = 1024

/** Heap, Bulk Track: an idempotency key has at least 8 characters. */
export const MIN_IDEMPOTENCY_KEY_LENGTH = 8

/** One event of `POST /api/integrations/track`. */
export type HeapEvent = {
  /** 1 to {@link MAX_EVENT_NAME_LENGTH} characters. */
  event: string
  /** At least one of them. `user_id` is Heap's own numeric ID, never Segment's. */
  user_identifier: { identity?: string; anonymous_id?: string; user_id?: string; email?: string }
  custom_properties: FlatProperties
  /** At least {@link MIN_IDEMPOTENCY_KEY_LENGTH} characters. */
  idempotency_key: string
  /** ISO 8601, UTC. Heap takes the time of arrival where it is missing. */
  timestamp?: string
}

/** One user of `POST /api/add_user_properties`. */
export type HeapUser = {
  /** 1 to 255 characters. */
  identity: string
  properties: FlatProperties
}

/** One account of `POST /api/add_account_properties`. */
export type HeapAccount = {
  account_id: string
  properties: FlatProperties
}

/** The visitor whose events `POST /api/v1/identify` moves to a person. */
export type HeapMerge = {
  /** Heap's own numeric ID of the visitor, from 0 to 2^53 − 1. */
  user_id: string
  /** 1 to 255 characters. */
  identity: string
}
