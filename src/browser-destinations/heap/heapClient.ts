import type { Analytics, Context } from '@segment/analytics-next'
import type { BrowserDestinationDependencies } from '@segment/browser-destination-runtime/types'
import { checkIdentity } from '../../destinations/heap/rules/identity'
import type { Settings } from './generated-types'
import { heapOfPage, loadHeap } from './heapLibrary'
import type { HeapLibrary } from './heapLibrary'

/**
 * So long, in all, a step waits for calls before it that are held up, in pieces: after the page was busy or hidden for long,
 * what was held up by that alone comes between two of them.
 */
const PATIENCE_MS = 1000
const PIECES = 10

/** Calls that analytics.js never says to have delivered are forgotten, oldest first. */
const MOST_CALLS = 1000

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
  number: number
  isIdentify: boolean
  /** Heap may yet be called for it. */
  isWaiting: boolean
  /** The visitor is not the one who made it. */
  isLate: boolean
  /** The mappings through which Heap has been called for it. */
  given: Set<unknown>
}

/** A reset, or what a call asks of Heap. */
interface Step {
  number: number
  /** It changes who the visitor is: it waits for all calls before it, and all after it wait for it. */
  isTurn: boolean
  take: () => void
  patience?: 'runs' | 'is over'
}

/**
 * Heap's library as the actions use it: it may be called at any time, and gets what Segment's calls ask of it once each, and
 * on the right side of each identify call and reset.
 *
 * analytics.js takes calls through a queue but resets at once, plugins of the page may hold calls up, and while the library is
 * loading those of each action are held apart. So calls and resets are numbered as they are made, and wait for each other; a
 * call that comes too late all the same is left out, as Heap would count it for the wrong person.
 */
export class HeapClient {
  /** Resolves once Heap's library is there, or it is clear that it will not come. */
  readonly ready: Promise<void>
  private lastNumber = 0
  private readonly calls = new Map<string, PendingCall>()
  private readonly steps: Step[] = []
  private isRunning = false
  /** Whether Heap may know who the visitor is. */
  private isIdentified: boolean
  private lastIdentify: { number: number; userId: unknown } | undefined

  constructor(
    settings: Settings,
    private readonly analytics: Analytics,
    dependencies: BrowserDestinationDependencies
  ) {
    this.ready = loadHeap(settings, dependencies).catch((error: unknown) => {
      warn(`Heap is not loaded, and sees nothing of this page as long as it is not: ${messageOf(error)}.`)
    })
    const userId = analytics.user().id()
    this.isIdentified = typeof userId === 'string' && checkIdentity(userId).id !== undefined
    analytics.on('dispatch_start', this.onCall)
    analytics.on('reset', this.onReset)
    analytics.queue.on('delivery_success', this.onDelivered)
    window.addEventListener('pagehide', this.hurry)
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
      const take = () => {
        if (!call.given.has(mapping)) this.give(call, context, use)
        call.given.add(mapping)
        call.isWaiting = false
        done()
      }
      this.steps.push({ number: call.number, isTurn: call.isIdentify, take })
      // Those that were held up while the library was loading come all at once, out of order.
      setTimeout(this.run)
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
    if (call) call.isWaiting = false
    this.run()
  }

  /** Ends the use of Heap: what waits is done, and nothing else. */
  leave(): void {
    this.hurry()
    this.analytics.off('dispatch_start', this.onCall)
    this.analytics.off('reset', this.onReset)
    this.analytics.queue.off('delivery_success', this.onDelivered)
    window.removeEventListener('pagehide', this.hurry)
  }

  private readonly onCall = (context: Context): void => {
    const call = this.pendingCall(context, false)
    for (const key of call.keys) this.calls.set(key, call)
    const [oldest] = this.calls.values()
    if (this.calls.size > 2 * MOST_CALLS) this.forget(oldest)
  }

  private pendingCall({ id, event: { type, messageId = '' } }: Context, isLate: boolean): PendingCall {
    return {
      keys: [id, messageId],
      number: ++this.lastNumber,
      isIdentify: type === 'identify',
      isWaiting: true,
      isLate,
      given: new Set()
    }
  }

  private readonly onReset = (): void => {
    const number = ++this.lastNumber
    const take = () => {
      for (const call of this.calls.values()) call.isLate ||= call.number < number
      this.isIdentified = false
      callLibrary((heap) => heap.resetIdentity())
    }
    this.steps.push({ number, isTurn: true, take })
    this.run()
  }

  private readonly onDelivered = (context: Context): void => {
    const call = this.callOf(context)
    if (call) this.forget(call)
    this.run()
  }

  /** The visitor goes: nothing waits any longer. */
  private readonly hurry = (): void => {
    for (const step of this.steps) step.patience = 'is over'
    this.run()
  }

  /** Takes, in the order of their numbers, the steps that need not wait. */
  private readonly run = (): void => {
    // Heap's library may itself make Segment's calls.
    if (this.isRunning) return
    this.isRunning = true
    for (let step = this.nextStep(); step; step = this.nextStep()) {
      this.steps.splice(this.steps.indexOf(step), 1)
      step.take()
    }
    this.isRunning = false
    for (const step of this.steps) this.startPatience(step)
  }

  private nextStep(): Step | undefined {
    this.steps.sort((one, other) => one.number - other.number)
    const overdue = Math.max(...this.steps.map(({ patience, number }) => (patience === 'is over' ? number : 0)))
    return this.steps.find((step) => step.number <= overdue || !this.mustWait(step))
  }

  private mustWait({ number, isTurn }: Step): boolean {
    const isBefore = (other: number, isOtherTurn: boolean) => other < number && (isTurn || isOtherTurn)
    if (this.steps.some((step) => isBefore(step.number, step.isTurn))) return true
    for (const call of this.calls.values()) {
      if (call.number >= number) return false
      if (call.isWaiting && isBefore(call.number, call.isIdentify)) return true
    }
    return false
  }

  private startPatience(step: Step): void {
    if (step.patience) return
    step.patience = 'runs'
    let left = PIECES
    const wait = (): void => {
      if (left-- > 0) {
        setTimeout(wait, PATIENCE_MS / PIECES)
        return
      }
      step.patience = 'is over'
      this.run()
    }
    // Before its library is there, Heap takes nothing that happens on the page for the last visitor's.
    void this.ready.then(wait)
  }

  private give(call: PendingCall, { event: { type, event, userId } }: Context, use: (heap: HeapLibrary) => void): void {
    if (call.isLate || this.isOvertaken(call, userId)) {
      const name = type === 'track' ? ` ${JSON.stringify(event)}` : ''
      warn(
        `Heap: The ${type} call${name} comes too late: the visitor has changed since it was made. It is left out, as Heap would count it for the wrong person.`
      )
      return
    }
    if (call.isIdentify) this.lastIdentify = { number: call.number, userId }
    callLibrary(use)
  }

  /** Whether Heap has been told meanwhile that the visitor is somebody else. */
  private isOvertaken({ number }: PendingCall, userId: unknown): boolean {
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

  private forget(call: PendingCall): void {
    call.isWaiting = false
    for (const key of call.keys) this.calls.delete(key)
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
