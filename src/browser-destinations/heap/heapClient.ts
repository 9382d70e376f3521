import type { Analytics, Context } from '@segment/analytics-next'
import type { BrowserDestinationDependencies } from '@segment/browser-destination-runtime/types'
import { checkIdentity } from '../../destinations/heap/rules/identity'
import type { Settings } from './generated-types'
import { heapOfPage, loadHeap } from './heapLibrary'
import type { HeapLibrary } from './heapLibrary'
import { createOrdering } from './ordering'
import type { Entry, Ordering } from './ordering'

/** One of Segment's calls as it comes to an action. */
export interface Call {
  context: Context
  /** What it comes through: for a call that analytics.js tries again, Heap is called once for each. */
  mapping?: unknown
}

/** What is known of a call that analytics.js has not finished with. */
interface PendingCall {
  /** Under which it is known here: copies of the context keep the message ID, changes of the event the context's. */
  keys: string[]
  /** Its place among the calls and resets. */
  entry: Entry
  /** It was made on an earlier page, for another visitor. */
  isForeign: boolean
  /** The mappings through which Heap has been called for it. */
  given: Set<unknown>
}

/**
 * Heap's library as the actions use it: it may be called at any time, and gets what Segment's calls ask of it once each, and
 * on the right side of each identify call and reset.
 *
 * analytics.js takes calls through a queue but resets at once, plugins of the page may hold calls up, and while the library is
 * loading those of each action are held apart. So calls and resets take their places in the order as they are made; a call that
 * comes too late all the same is left out, as Heap would count it for the wrong person.
 */
export class HeapClient {
  /** Resolves once Heap's library is there, or it is clear that it will not come. */
  readonly ready: Promise<void>
  private readonly ordering: Ordering
  private readonly calls = new Map<string, PendingCall>()
  /** Whether Heap may know who the visitor is. */
  private isIdentified: boolean
  private lastReset = 0
  private lastIdentify: { number: number; userId: unknown } | undefined

  constructor(
    settings: Settings,
    private readonly analytics: Analytics,
    dependencies: BrowserDestinationDependencies
  ) {
    this.ready = loadHeap(settings, dependencies).catch((error: unknown) => {
      warn(`Heap is not loaded, and sees nothing of this page as long as it is not: ${messageOf(error)}.`)
    })
    // Before its library is there, Heap takes nothing that happens on the page for the last visitor's.
    this.ordering = createOrdering(this.ready)
    const userId = analytics.user().id()
    this.isIdentified = typeof userId === 'string' && checkIdentity(userId).id !== undefined
    analytics.on('dispatch_start', this.onCall)
    analytics.on('reset', this.onReset)
    analytics.queue.on('delivery_success', this.onEnd)
    analytics.queue.on('delivery_failure', this.onFailure)
    window.addEventListener('pagehide', this.ordering.flush)
  }

  /**
   * Calls Heap's library for one of Segment's calls. What is wrong with the call is said in the console, never thrown.
   *
   * @returns once the library, or its queue, has been called
   */
  call({ context, mapping }: Call, use: (heap: HeapLibrary) => void): Promise<void> {
    // Of a call that was made on an earlier page, say, only its IDs tell whose it is.
    const call = this.callOf(context) ?? this.pendingCall(context, !this.isOfThisVisitor(context))
    return new Promise((done) => {
      this.ordering.run(call.entry, () => {
        if (!call.given.has(mapping)) this.give(call, context, use)
        call.given.add(mapping)
        done()
      })
    })
  }

  /** To be used within {@link call}: the visitor is this person. */
  identify(heap: HeapLibrary, identity: string): void {
    heap.identify(identity)
    this.isIdentified = true
  }

  /** To be used within {@link call}: the visitor is nobody that Heap knows. */
  forgetIdentity(heap: HeapLibrary): void {
    if (this.isIdentified) heap.resetIdentity()
    this.isIdentified = false
  }

  /** Heap is not called for this call. */
  pass(context: Context): void {
    const call = this.callOf(context)
    if (call) this.ordering.settle(call.entry)
  }

  /** Ends the use of Heap: what waits is done, and nothing else. */
  leave(): void {
    this.ordering.flush()
    this.analytics.off('dispatch_start', this.onCall)
    this.analytics.off('reset', this.onReset)
    this.analytics.queue.off('delivery_success', this.onEnd)
    this.analytics.queue.off('delivery_failure', this.onFailure)
    window.removeEventListener('pagehide', this.ordering.flush)
  }

  private readonly onCall = (context: Context): void => {
    const call = this.pendingCall(context, false)
    for (const key of call.keys) this.calls.set(key, call)
  }

  private pendingCall({ id, event: { type, messageId = '' } }: Context, isForeign: boolean): PendingCall {
    return { keys: [id, messageId], entry: this.ordering.add(type === 'identify'), isForeign, given: new Set() }
  }

  private readonly onReset = (): void => {
    const entry = this.ordering.add(true)
    this.ordering.run(entry, () => {
      this.lastReset = entry.number
      this.isIdentified = false
      callLibrary((heap) => heap.resetIdentity())
    })
  }

  private readonly onEnd = (context: Context): void => {
    const call = this.callOf(context)
    if (!call) return
    for (const key of call.keys) this.calls.delete(key)
    this.ordering.settle(call.entry)
  }

  /** Only after this event does analytics.js decide whether it tries again. */
  private readonly onFailure = (context: Context): void => {
    setTimeout(() => {
      if (context.failedDelivery()) this.onEnd(context)
    })
  }

  private give(call: PendingCall, { event: { type, event, userId } }: Context, use: (heap: HeapLibrary) => void): void {
    const { number, isBarrier } = call.entry
    if (call.isForeign || number < this.lastReset || this.isOvertaken(number, userId)) {
      const name = type === 'track' ? ` ${JSON.stringify(event)}` : ''
      warn(
        `Heap: The ${type} call${name} comes too late: the visitor has changed since it was made. It is left out, as Heap would count it for the wrong person.`
      )
      return
    }
    if (isBarrier) this.lastIdentify = { number, userId }
    callLibrary(use)
  }

  /** Whether Heap has been told meanwhile that the visitor is somebody else. */
  private isOvertaken(number: number, userId: unknown): boolean {
    const last = this.lastIdentify
    return last !== undefined && number < last.number && Boolean(userId) && userId !== last.userId
  }

  private isOfThisVisitor({ event: { anonymousId, userId } }: Context): boolean {
    const user = this.analytics.user()
    return (anonymousId ?? null) === (user.anonymousId() ?? null) && (!userId || userId === user.id())
  }

  private callOf({ id, event }: Context): PendingCall | undefined {
    return this.calls.get(id) ?? this.calls.get(event.messageId ?? '')
  }
}

/** The library is looked up for each call: it may take the place of what its loader had put there. */
function callLibrary(use: (heap: HeapLibrary) => void): void {
  try {
    const heap = heapOfPage()
    if (heap) use(heap)
  } catch (error) {
    warn(`Heap: ${messageOf(error)}`)
  }
}

/** Tells the developer of the page. */
export function warn(text: string): void {
  console.warn(text)
}

function messageOf(error: unknown): string {
  return error instanceof Error
    ? error.message
    : `its library failed with ${typeof error === 'string' ? error : typeof error}`
}

/**
 * What a mapping gave for a field of type object, where no schema is applied; an empty object for nothing.
 *
 * @throws Error that names the field
 */
export function objectOf(value: unknown, label: string): object {
  if (value === undefined || value === null) return {}
  if (typeof value === 'object' && !Array.isArray(value)) return value
  throw new Error(
    `${label} must be an object but it was ${Array.isArray(value) ? 'an array' : `a ${typeof value}`}. Nothing of it was sent.`
  )
}
