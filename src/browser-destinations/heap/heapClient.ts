import type { Analytics, Context } from '@segment/analytics-next'
import type { BrowserDestinationDependencies } from '@segment/browser-destination-runtime/types'
import { createConsent } from './consent'
import type { Consent, EntryPoint } from './consent'
import type { Delivery } from './heapCalls'
import { callHeap, loadHeap } from './heapLibrary'
import type { PageSettings } from './library'
import { createOrdering } from './ordering'
import type { Entry } from './ordering'
import { messageOf, warn } from './console'

/** One of Segment's calls as an action gets it. */
export interface Call {
  context: Context
  /** The mapping that it comes through: if analytics.js tries a call again, Heap is still called once for each mapping. */
  mapping?: unknown
}

/** What is known of a call that analytics.js has not finished with. */
interface PendingCall {
  /** Under which it is known here: copies of the context keep the message ID, changes of the event the context's. */
  keys: string[]
  /** Its place among the calls and resets. */
  entry: Entry
  /** Why Heap must not get it, if that is clear from the start. */
  problem?: string
  /** The mappings through which Heap has been called for it. */
  given: Set<unknown>
}

type Listener = (context: Context, ...more: unknown[]) => void

const TOO_LATE =
  'comes too late: the visitor has changed since it was made. It is left out, as Heap would count it for the wrong person.'
const TOO_EARLY = 'was made before Heap was registered, so it is left out.'

/**
 * Heap's library as the actions use it: it may be called at any time, and gets what Segment's calls ask of it once each, and
 * on the right side of each identify call and reset.
 */
export interface HeapClient {
  /** Resolves once Heap's library has loaded, or there is nothing to wait for. */
  ready: () => Promise<void>
  /**
   * Calls Heap's library for one of Segment's calls. Problems with the call go to the console and are never thrown.
   *
   * @returns once the library, or its queue, has been called
   */
  send: (call: Call, ask: () => Delivery) => Promise<void> | void
  /** The call as its destination middleware leaves it, or undefined if Heap must not see it. */
  filter: Consent['filter']
  /** Heap gets nothing of this call, but is loaded if it may see the call. */
  pass: (context: Context, isAllowed: boolean) => void
  /** Stops using Heap: waiting calls are made, and no others. */
  leave: () => void
}

/**
 * analytics.js takes calls through a queue but resets at once, plugins of the page may hold calls up, and while the library is
 * loading those of each action are held apart. So calls and resets take their places in the order as they are made; a call that
 * comes too late all the same is left out.
 *
 * Heap is loaded at once, or, where the page manages consent, with the first call that is allowed.
 *
 * @param analytics if there is one, in whole or in part
 */
export function createHeapClient(
  settings: PageSettings,
  analytics: Partial<Analytics> = {},
  dependencies: Pick<BrowserDestinationDependencies, 'loadScript'>,
  entryPoint: EntryPoint
): HeapClient {
  const consent = createConsent(analytics, entryPoint)
  const createdAt = Date.now()
  const pending = new Map<string, PendingCall>()
  let loading = Promise.resolve()
  let hasStarted = false
  /** The visitor changed before Heap was started. */
  let hasMissedIdentity = false
  let lastReset = 0
  let lastIdentify: { number: number; userId: unknown } | undefined

  if (!consent.isManaged) start()
  // Until its library has loaded, Heap attributes nothing on the page to the last visitor.
  const ordering = createOrdering(loading)
  const { queue } = analytics
  const begins: [string, Listener][] = [
    ['dispatch_start', onCall],
    ['reset', onReset]
  ]
  const ends: ['message_delivered' | 'delivery_success' | 'delivery_failure', Listener][] = [
    ['message_delivered', onDelivered],
    ['delivery_success', onEnd],
    ['delivery_failure', onFailure]
  ]
  for (const [event, listener] of begins) analytics.on?.(event, listener)
  for (const [event, listener] of ends) queue?.on?.(event, listener)
  window.addEventListener('pagehide', ordering.flush)

  /** Loads Heap, once. */
  function start(): void {
    if (hasStarted) return
    hasStarted = true
    entryPoint.onStart?.()
    loading = loadHeap(settings, dependencies).catch((error: unknown) => {
      warn(`Heap is not loaded, and sees nothing of this page as long as it is not: ${messageOf(error)}.`)
    })
    // Heap may remember a person from an earlier page.
    if (hasMissedIdentity) callHeap('resetIdentity')
  }

  function send({ context, mapping }: Call, ask: () => Delivery): Promise<void> | void {
    if (!consent.allows(context.event)) return pass(context, false)
    start()
    const call = callOf(context) ?? unknownCall(context)
    return new Promise((done) => {
      ordering.run(call.entry, () => {
        if (!call.given.has(mapping)) give(call, context, ask)
        call.given.add(mapping)
        done()
      })
    })
  }

  function pass(context: Context, isAllowed: boolean): void {
    if (isAllowed) start()
    const call = callOf(context)
    if (call) settle(call)
  }

  function leave(): void {
    ordering.flush()
    for (const [event, listener] of begins) analytics.off?.(event, listener)
    for (const [event, listener] of ends) queue?.off?.(event, listener)
    window.removeEventListener('pagehide', ordering.flush)
  }

  function onCall(context: Context): void {
    const call = newCall(context)
    for (const key of call.keys) pending.set(key, call)
  }

  function onReset(): void {
    const entry = ordering.add(true)
    ordering.run(entry, () => {
      lastReset = entry.number
      if (hasStarted) callHeap('resetIdentity')
      else hasMissedIdentity = true
    })
  }

  function onDelivered({ event }: Context): void {
    // A plugin sees all calls itself.
    if (entryPoint.isFromSettings && !hasStarted) void consent.filter(event).then((allowed) => allowed && start())
  }

  function onEnd(context: Context): void {
    const call = callOf(context)
    if (!call) return
    for (const key of call.keys) pending.delete(key)
    settle(call)
  }

  /** Only after this event does analytics.js decide whether it tries again. */
  function onFailure(context: Context): void {
    setTimeout(() => {
      if (context.failedDelivery()) onEnd(context)
    })
  }

  function callOf({ id, event: { messageId = '' } }: Context): PendingCall | undefined {
    return pending.get(id) ?? pending.get(messageId)
  }

  function newCall({ id, event: { type, messageId = '' } }: Context, problem?: string): PendingCall {
    return { keys: [id, messageId], entry: ordering.add(type === 'identify'), problem, given: new Set() }
  }

  /** A call that was made before this client was there, on this page or, say, offline on an earlier one, or whose IDs have changed. */
  function unknownCall(context: Context): PendingCall {
    const { anonymousId, userId, timestamp } = context.event
    const madeAt = Number(new Date(timestamp ?? NaN))
    if (analytics.on && madeAt >= performance.timeOrigin)
      return newCall(context, madeAt <= createdAt ? TOO_EARLY : undefined)
    const user = analytics.user?.()
    const isOfVisitor =
      !user || ((anonymousId ?? null) === (user.anonymousId() ?? null) && (!userId || userId === user.id()))
    return newCall(context, isOfVisitor ? undefined : TOO_LATE)
  }

  function settle({ entry }: PendingCall): void {
    if (!hasStarted && entry.isBarrier) hasMissedIdentity = true
    ordering.settle(entry)
  }

  function give(call: PendingCall, { event: { type, event, userId } }: Context, ask: () => Delivery): void {
    const { number } = call.entry
    const problem = call.problem ?? (isTooLate(number, userId) ? TOO_LATE : undefined)
    if (problem) {
      warn(`Heap: The ${type} call${type === 'track' ? ` ${JSON.stringify(event)}` : ''} ${problem}`)
      return
    }
    const delivery = ask()
    for (const each of delivery.problems) warn(`Heap: ${each}`)
    for (const [name, ...args] of delivery.calls) {
      if (name === 'identify') lastIdentify = { number, userId }
      if (name === 'resetIdentity') lastReset = number
      callHeap(name, ...args)
    }
  }

  /** Whether Heap has meanwhile learned that the visitor is someone else. */
  function isTooLate(number: number, userId: unknown): boolean {
    if (number < lastReset) return true
    return (
      lastIdentify !== undefined && number < lastIdentify.number && Boolean(userId) && userId !== lastIdentify.userId
    )
  }

  return { ready: () => loading, send, filter: consent.filter, pass, leave }
}
