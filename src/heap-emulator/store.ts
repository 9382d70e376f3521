import type { DeletedUser, HeapCall, HeapEvent, HeapMerge, PropertyValue } from './heapCall'
import type { Region } from './hosts'
import { LatestMap } from './latestMap'

/** An event that Heap holds. Keys that were not sent are not there. */
export interface StoredEvent extends HeapEvent {
  /** The identity that the event belongs to; missing while nobody is known to be behind it. */
  user?: string
}

/** A user that Heap holds, with the properties as last written. */
export interface StoredUser {
  identity: string
  properties: Record<string, PropertyValue>
}

/** An account that Heap holds, with the properties as last written. */
export interface StoredAccount {
  account_id: string
  properties: Record<string, PropertyValue>
}

/** Everything that one environment holds, in order of arrival. */
export interface EnvironmentSnapshot {
  region: Region
  app_id: string
  events: StoredEvent[]
  users: StoredUser[]
  accounts: StoredAccount[]
}

/** Heap moves at most so many visitors to one identity a month (Heap, Identify). */
const MERGES_A_MONTH = 10
const MONTH_MS = 30 * 24 * 60 * 60 * 1000

/** An ID is small, and an event that is repeated late must not be stored twice. */
const IDS_PER_ENTRY = 10

/** One Heap environment: an App ID in one region. */
export class Environment {
  private events: HeapEvent[] = []
  private readonly idempotencyKeys: LatestMap<string, true>
  private readonly users: LatestMap<string, Map<string, PropertyValue>>
  private readonly accounts: LatestMap<string, Map<string, PropertyValue>>
  private readonly identityOfVisitor: LatestMap<string, string>
  private readonly identityOfUserId: LatestMap<string, { identity: string; at: number }>

  /** @param keep how many of the latest events, users and accounts are held; ten times as many IDs are remembered */
  constructor(
    private readonly region: Region,
    private readonly appId: string,
    private readonly keep: number
  ) {
    this.users = new LatestMap(keep)
    this.accounts = new LatestMap(keep)
    this.idempotencyKeys = new LatestMap(keep * IDS_PER_ENTRY)
    this.identityOfVisitor = new LatestMap(keep * IDS_PER_ENTRY)
    this.identityOfUserId = new LatestMap(keep * IDS_PER_ENTRY)
  }

  /** Stores a valid call. An event whose idempotency_key is already here leaves no trace (Heap, Limits). */
  store(call: HeapCall, now: number): void {
    for (const event of call.events) this.addEvent(event)
    for (const user of call.users) this.updateUser(user.identity, user.properties)
    for (const account of call.accounts) this.updateAccount(account.account_id, account.properties)
    for (const merge of call.merges) this.mergeVisitor(merge, now)
  }

  /** Deletes a person and every event of theirs. */
  erase(user: DeletedUser): void {
    const identity = 'identity' in user ? user.identity : this.identityOfUserId.get(user.user_id)?.identity
    this.events = this.events.filter(
      (event) =>
        (identity === undefined || this.identityBehind(event) !== identity) &&
        !('user_id' in user && event.user_identifier.user_id === user.user_id)
    )
    if (identity !== undefined) this.users.delete(identity)
  }

  /** A copy of what is held, plain objects all the way down. */
  snapshot(): EnvironmentSnapshot {
    return {
      region: this.region,
      app_id: this.appId,
      events: this.latestEvents().map((event) => this.withUser(event)),
      users: Array.from(this.users, ([identity, properties]) => ({
        identity,
        properties: Object.fromEntries(properties)
      })),
      accounts: Array.from(this.accounts, ([account_id, properties]) => ({
        account_id,
        properties: Object.fromEntries(properties)
      }))
    }
  }

  private addEvent(event: HeapEvent): void {
    const { idempotency_key, user_identifier } = event
    if (idempotency_key !== undefined) {
      if (this.idempotencyKeys.has(idempotency_key)) return
      this.idempotencyKeys.set(idempotency_key, true)
    }
    if (user_identifier.identity !== undefined) this.userOf(user_identifier.identity)
    this.events.push(event)
    // Seldom, since it takes time for each event that stays.
    if (this.events.length >= 2 * this.keep) this.events = this.latestEvents()
  }

  private latestEvents(): HeapEvent[] {
    return this.events.length > this.keep ? this.events.slice(-this.keep) : this.events
  }

  private updateUser(identity: string, properties: Record<string, PropertyValue>): void {
    const user = this.userOf(identity)
    for (const [name, value] of Object.entries(properties)) {
      user.set(name, value)
      if (name === 'anonymous_id') this.joinVisitor(String(value), identity)
    }
  }

  private updateAccount(accountId: string, properties: Record<string, PropertyValue>): void {
    const account = written(this.accounts, accountId)
    for (const [name, value] of Object.entries(properties)) account.set(name, value)
  }

  /** One identity a visitor, ten visitors an identity and month; further calls are ignored (Heap, Identify). */
  private mergeVisitor({ user_id, identity }: HeapMerge, now: number): void {
    if (this.identityOfUserId.has(user_id)) return
    const recent = Array.from(this.identityOfUserId.values()).filter(
      (merge) => merge.identity === identity && now - merge.at < MONTH_MS
    )
    if (recent.length >= MERGES_A_MONTH) return
    this.userOf(identity)
    this.identityOfUserId.set(user_id, { identity, at: now })
  }

  /**
   * Heap joins a visitor to a user through the user property anonymous_id. Heap's documentation is silent on what a
   * later value does; here a join lasts, since a person has one visitor on each device and overwrites the property on
   * each, and the first identity keeps the visitor, since a merge cannot be undone.
   */
  private joinVisitor(anonymousId: string, identity: string): void {
    if (!this.identityOfVisitor.has(anonymousId)) this.identityOfVisitor.set(anonymousId, identity)
  }

  private userOf(identity: string): Map<string, PropertyValue> {
    return written(this.users, identity)
  }

  private withUser(event: HeapEvent): StoredEvent {
    const user = this.identityBehind(event)
    return {
      ...event,
      user_identifier: { ...event.user_identifier },
      properties: { ...event.properties },
      ...(user !== undefined && { user })
    }
  }

  /** Found when read, so that it does not matter whether the event or the join came first. */
  private identityBehind({ user_identifier }: HeapEvent): string | undefined {
    const { identity, user_id, anonymous_id } = user_identifier
    if (identity !== undefined) return identity
    // A Heap user_id names a user already, known or not.
    if (user_id !== undefined) return this.identityOfUserId.get(user_id)?.identity
    if (anonymous_id === undefined) return undefined
    return this.identityOfVisitor.get(anonymous_id)
  }
}

/** The properties of who is written to, new ones if nobody was, which makes them the latest. */
function written(held: Map<string, Map<string, PropertyValue>>, id: string): Map<string, PropertyValue> {
  const properties = held.get(id) ?? new Map<string, PropertyValue>()
  held.set(id, properties)
  return properties
}
