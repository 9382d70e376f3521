import type { DeletedUser, HeapCall, HeapEvent, HeapMerge, PropertyValue } from './heapCall'
import type { Region } from './hosts'

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

/** One Heap environment: an App ID in one region. */
export class Environment {
  private events: HeapEvent[] = []
  private readonly idempotencyKeys = new Set<string>()
  private readonly users = new Map<string, Map<string, PropertyValue>>()
  private readonly accounts = new Map<string, Map<string, PropertyValue>>()
  private readonly identityOfVisitor = new Map<string, string>()
  private readonly identityOfUserId = new Map<string, { identity: string; at: number }>()

  constructor(
    private readonly region: Region,
    private readonly appId: string
  ) {}

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
      events: this.events.map((event) => this.withUser(event)),
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
      this.idempotencyKeys.add(idempotency_key)
    }
    if (user_identifier.identity !== undefined) this.userOf(user_identifier.identity)
    this.events.push(event)
  }

  private updateUser(identity: string, properties: Record<string, PropertyValue>): void {
    const user = this.userOf(identity)
    for (const [name, value] of Object.entries(properties)) {
      user.set(name, value)
      if (name === 'anonymous_id') this.joinVisitor(String(value), identity)
    }
  }

  private updateAccount(accountId: string, properties: Record<string, PropertyValue>): void {
    const account = this.accounts.get(accountId) ?? new Map<string, PropertyValue>()
    this.accounts.set(accountId, account)
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
    const known = this.users.get(identity)
    if (known) return known
    const created = new Map<string, PropertyValue>()
    this.users.set(identity, created)
    return created
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
