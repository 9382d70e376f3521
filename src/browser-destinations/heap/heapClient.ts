import type { Analytics, Context } from '@segment/analytics-next'
import type { BrowserDestinationDependencies } from '@segment/browser-destination-runtime/types'
import type { Settings } from './generated-types'
import { heapOfPage, loadHeap } from './heapLibrary'
import type { HeapLibrary } from './heapLibrary'

/** A reset that waits for earlier calls longer than this is made all the same: the next visitor must not be taken for the last. */
const RESET_WITHIN_MS = 1000

/** One of Segment's calls that analytics.js has not finished with. */
interface SegmentCall {
  number: number
  /**
   * `passed` once Heap has been called for it; `given` if it then failed elsewhere, and may be tried again; `late` once a reset
   * has been made that was asked for after it.
   */
  state: 'waiting' | 'passed' | 'given' | 'late'
}

/** What an action asks of Heap for a call. */
interface Request {
  context: Context
  use: (heap: HeapLibrary) => void
  done: () => void
}

/**
 * Heap's library as the actions use it: it may be called at any time, and gets what Segment's calls ask of it, once, in the
 * order in which they were made.
 *
 * analytics.js takes calls through a queue but resets at once, and while the library is loading it holds the calls of each
 * action apart. So calls and resets are numbered as they are made. A reset waits until the calls before it are through, and is
 * made before any later call; a call that comes after a later reset is left out, as Heap would take it for the next visitor's.
 */
export class HeapClient {
  /** Resolves once Heap's library is there, or it is clear that it will not come. */
  readonly ready: Promise<void>
  private lastNumber = 0
  private readonly calls = new Map<string, SegmentCall>()
  /** The numbers of the resets that are asked for and not made. */
  private readonly resets: number[] = []
  private requests: Request[] = []
  private isIdentified = false

  constructor(
    settings: Settings,
    private readonly analytics: Analytics,
    dependencies: BrowserDestinationDependencies
  ) {
    this.ready = loadHeap(settings, dependencies).catch((error: unknown) => {
      warn(`Heap is not loaded, so it sees nothing of this page: ${messageOf(error)}.`)
    })
    analytics.on('dispatch_start', this.onCall)
    analytics.on('reset', this.onReset)
    analytics.queue.on('delivery_success', this.onDelivered)
    analytics.queue.on('delivery_failure', this.onFailed)
    window.addEventListener('pagehide', this.onPageHide)
  }

  /**
   * Calls Heap's library for one of Segment's calls. What is wrong with the call is said in the console, never thrown.
   *
   * @returns once the library, or its queue, has been called
   */
  call(context: Context, use: (heap: HeapLibrary) => void): Promise<void> {
    return new Promise((done) => {
      // Those that were held up while the library was loading come all at once, out of order.
      if (this.requests.push({ context, use, done }) === 1) setTimeout(() => this.answerRequests())
    })
  }

  /** To be used within {@link call}: the visitor is this person. */
  identify(heap: HeapLibrary, identity: string): void {
    heap.identify(identity)
    this.isIdentified = true
  }

  /** To be used within {@link call}: the visitor is not, or no longer, the person whom Heap was told of on this page. */
  forgetIdentity(heap: HeapLibrary): void {
    if (this.isIdentified) heap.resetIdentity()
    this.isIdentified = false
  }

  /** A reset need not wait for this call any longer. */
  pass(context: Context): void {
    const call = this.callOf(context)
    if (call?.state === 'waiting') call.state = 'passed'
    this.makeResetsDue()
  }

  /** Ends the use of Heap: resets that wait are made, and no others. */
  leave(): void {
    this.onPageHide()
    this.analytics.off('dispatch_start', this.onCall)
    this.analytics.off('reset', this.onReset)
    this.analytics.queue.off('delivery_success', this.onDelivered)
    this.analytics.queue.off('delivery_failure', this.onFailed)
    window.removeEventListener('pagehide', this.onPageHide)
  }

  private readonly onCall = ({ event }: Context): void => {
    this.calls.set(event.messageId ?? '', { number: ++this.lastNumber, state: 'waiting' })
  }

  private readonly onReset = (): void => {
    const number = ++this.lastNumber
    this.resets.push(number)
    this.makeResetsDue()
    // Before its library is there, Heap takes nothing that happens on the page for the last visitor's.
    void this.ready.then(() => setTimeout(() => this.makeResetsUpTo(number), RESET_WITHIN_MS))
  }

  private readonly onDelivered = ({ event }: Context): void => {
    this.calls.delete(event.messageId ?? '')
    this.makeResetsDue()
  }

  private readonly onFailed = (context: Context): void => {
    const call = this.callOf(context)
    if (call?.state === 'passed') call.state = 'given'
    else this.onDelivered(context)
  }

  private readonly onPageHide = (): void => {
    this.answerRequests()
    this.makeResetsUpTo(this.lastNumber)
  }

  private answerRequests(): void {
    const requests = this.requests.map((request) => ({ ...request, number: this.numberOf(request.context) }))
    this.requests = []
    for (const { number, context, use, done } of requests.sort((one, other) => one.number - other.number)) {
      if (this.isLate(context)) {
        warn('Heap: A call that comes after a later reset is left out; Heap would take it for the next visitor’s.')
      } else {
        this.makeResetsUpTo(number)
        if (this.callOf(context)?.state !== 'given') callLibrary(use)
      }
      done()
    }
    for (const { context } of requests) this.pass(context)
  }

  private callOf({ event }: Context): SegmentCall | undefined {
    return this.calls.get(event.messageId ?? '')
  }

  /** Of a call whose making was not seen, as it was made on an earlier page, say, all that is asked comes now. */
  private numberOf(context: Context): number {
    return this.callOf(context)?.number ?? ++this.lastNumber
  }

  private isLate(context: Context): boolean {
    const call = this.callOf(context)
    if (call) return call.state === 'late'
    const { anonymousId, userId } = context.event
    const user = this.analytics.user()
    return anonymousId !== user.anonymousId() || (Boolean(userId) && userId !== user.id())
  }

  private makeResetsDue(): void {
    for (const { number, state } of this.calls.values()) {
      if (state === 'waiting') return this.makeResetsUpTo(number)
    }
    this.makeResetsUpTo(this.lastNumber)
  }

  private makeResetsUpTo(number: number): void {
    while (this.resets.length > 0 && this.resets[0] <= number) {
      const [reset] = this.resets.splice(0, 1)
      for (const call of this.calls.values()) {
        if (call.number < reset) call.state = 'late'
      }
      this.isIdentified = false
      callLibrary((heap) => heap.resetIdentity())
    }
  }
}

/** The library is looked up for each call: it may take the place of what its loader had put there. */
function callLibrary(use: (heap: HeapLibrary) => void): void {
  const heap = heapOfPage()
  if (!heap) return
  try {
    use(heap)
  } catch (error) {
    warn(`Heap: ${messageOf(error)}`)
  }
}

/** Tells the developer of the page. */
export function warn(text: string): void {
  console.warn(text)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
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
