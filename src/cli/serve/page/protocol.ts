import type { JSONObject, JSONValue, SegmentEvent } from '@segment/actions-core'
import type { Exchange } from '../../engine/recorder'
import type { Subscription } from '../../engine/subscriptions'

/** What the page needs to know of a field. */
export interface PageField {
  label: string
  description: string
  type: string
  required: boolean
  /** Segment does not show it. */
  isHidden: boolean
  choices?: { label: string; value: string }[]
  default?: JSONValue
}

/** What the page needs to know of an action. */
export interface PageAction {
  title: string
  description: string
  defaultSubscription: string
  fields: Record<string, PageField>
}

/** What the page begins with. */
export interface PageState {
  /** The server's own address, for an SDK. */
  url: string
  /** Such as `the emulator, App ID 12343283`. */
  heap: string
  isLive: boolean
  actions: Record<string, PageAction>
  /** Those in use, the ones that are off included. */
  subscriptions: Subscription[]
  /** The file that they are saved to; missing where the server was given none. */
  mappingsFile?: string
  /** Of the file's text, so that nobody's change is overwritten. */
  version?: string
}

/** What became of an event. */
export type Fate = 'delivered' | 'refused' | 'not taken' | 'left out'

/** An event as a line of the list. */
export interface LiveSummary {
  /** Rises with each event of a server; another server has other IDs. */
  id: string
  /** When the server got it: ISO 8601. */
  at: string
  type: string
  name?: string
  /** The identity or anonymous ID. */
  who?: string
  fate: Fate
  /** The sentence of what is wrong; empty for what was delivered. */
  reason: string
}

/** A trigger as Segment reads it, held against an event. */
export interface TriggerCheck {
  readAs?: string
  problem?: string
  notes: string[]
  isTaken: boolean
  conditions: { fql: string; matches: boolean; actual?: JSONValue }[]
}

/** What one mapping made of an event. */
export interface MappingSteps {
  subscription: Subscription
  trigger: TriggerCheck
  /** Missing where the action was not reached. */
  payload?: unknown
  exchanges: Exchange[]
  error?: string
}

/** What Heap holds of the people and events that a few requests were about. */
export interface HeldParts {
  users: HeldUser[]
  events: HeldEvent[]
  accounts: HeldAccount[]
}

export interface HeldUser {
  identity: string
  properties: Record<string, unknown>
}

export interface HeldEvent {
  event: string
  /** Whose it is: the identity, or the anonymous visitor's ID. */
  who: string
  isAnonymous: boolean
  timestamp?: string
  properties: Record<string, unknown>
}

export interface HeldAccount {
  account_id: string
  properties: Record<string, unknown>
}

/** The whole way of one event. */
export interface LiveEvent extends LiveSummary {
  event: SegmentEvent
  steps: MappingSteps[]
  held?: HeldParts
}

/** What a mapping that is being written makes of an event. */
export interface Preview extends MappingSteps {
  /** What the event gives each mapped field, or why it gives nothing. */
  fields: Record<string, { value?: JSONValue; error?: string }>
  held: HeldParts
}

/** What a mapping makes of the latest events. */
export interface History {
  of: number
  matched: number
  delivered: number
  refused: number
}

/** What the server holds of Heap, searched, newest first. */
export interface HeapView {
  counts: { users: number; events: number; accounts: number; eventsWithoutUser: number }
  found: HeldParts
}

/** What was found in a file of events, so far. */
export interface CheckResult {
  bytes: number
  total: number
  counts: Record<Fate, number> & { unreadable: number }
  reasons: { fate: Fate | 'unreadable'; reason: string; count: number; line: number; event?: JSONObject }[]
  isDone: boolean
}
