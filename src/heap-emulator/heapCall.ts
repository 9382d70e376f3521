/** What Heap keeps as the value of a property (Heap, Limits). */
export type PropertyValue = string | number

/** Whom an event is about. At least one key is there (Heap, integrations/track). */
export interface UserIdentifier {
  /** 1 to 255 characters, case-sensitive. */
  identity?: string
  /** Any string that is not empty. */
  anonymous_id?: string
  /** Heap's own numeric ID as a string, 0 to 2^53 − 1. */
  user_id?: string
  email?: string
}

/** One event, as both track endpoints give it. */
export interface HeapEvent {
  event: string
  user_identifier: UserIdentifier
  properties: Record<string, PropertyValue>
  timestamp?: string
  idempotency_key?: string
  session_id?: string
  library?: string
}

/** New values for properties of one user. */
export interface HeapUserUpdate {
  identity: string
  properties: Record<string, PropertyValue>
}

/** New values for properties of one account. */
export interface HeapAccountUpdate {
  account_id: string
  properties: Record<string, PropertyValue>
}

/** The Heap visitor whose events move to an identity. */
export interface HeapMerge {
  user_id: string
  identity: string
}

/** A person to delete, by one of the two. */
export type DeletedUser = { identity: string } | { user_id: string }

/** What one valid request asks Heap to store: one of the four kinds. */
export interface HeapCall {
  app_id: string
  events: HeapEvent[]
  users: HeapUserUpdate[]
  accounts: HeapAccountUpdate[]
  merges: HeapMerge[]
}
