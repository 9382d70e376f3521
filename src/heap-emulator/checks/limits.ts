/**
 * The limits that a single request is held to (Heap, Limits). Lengths are in UTF-16 units, JavaScript's own count: Heap
 * does not say what a character is, and this is the strictest reading.
 */
export const LIMITS = {
  eventName: 1024,
  identity: 255,
  /** Keys and values must stay below this, so 1023 is the longest. */
  propertyBelow: 1024,
  idempotencyKeyAtLeast: 8,
  /** Events, users or accounts in one request. */
  entries: 1000,
  /** Users in one deletion request. */
  deletedUsers: 10_000,
  /** "About five minutes". */
  tokenLastsMs: 5 * 60 * 1000,
  userId: 2n ** 53n - 1n
} as const
