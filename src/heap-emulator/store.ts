import type { Region } from './hosts'
import type { HeapCall, HeapEvent, PropertyValue } from './validate'

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

/** Everything that one environment holds, in order of arrival. */
export interface EnvironmentSnapshot {
  region: Region
  app_id: string
  events: StoredEvent[]
  users: StoredUser[]
}

/** One Heap environment: an App ID in one region. */
export class Environment {
  private readonly events: HeapEvent[] = []
  private readonly idempotencyKeys = new Set<string>()
  private readonly users = new Map<string, Map<string, PropertyValue>>()
  private readonly identityOfVisitor = new Map<string, string>()

  constructor(
    private readonly region: Region,
    private readonly appId: string
  ) {}

  /** Stores a valid call. An event whose idempotency_key is already here leaves no trace (Heap, Limits). */
  store(call: HeapCall): void {
    for (const event of call.events) this.addEvent(event)
    for (const user of call.users) this.updateUser(user.identity, user.properties)
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
    // A Heap user_id names another user already.
    if (user_id !== undefined || anonymous_id === undefined) return undefined
    return this.identityOfVisitor.get(anonymous_id)
  }
}
