import type { Analytics, Context } from '@segment/analytics-next'
import type { BrowserDestinationDependencies } from '@segment/browser-destination-runtime/types'
import type { Settings } from './generated-types'
import { loadHeap } from './heapLibrary'
import type { HeapLibrary } from './heapLibrary'

/** A reset that waits for earlier calls longer than this is made all the same: the next visitor must not be taken for the last. */
const RESET_WITHIN_MS = 1000

/**
 * Heap's library as the actions use it: it may be called at any time, and gets what Segment's calls ask of it in the order of the
 * calls.
 *
 * analytics.js takes track and identify calls through a queue but resets at once. So that a call made just before a reset
 * does not reach Heap after it, a reset waits until the calls before it have been delivered, and is made before any later one.
 */
export class HeapClient {
  /** Resolves once Heap's library is there, or it is clear that it will not come. */
  readonly ready: Promise<void>
  private resetsAsked = 0
  private resetsMade = 0
  /** How many resets were asked for before each call that is on its way, by the ID of its context. */
  private readonly onTheirWay = new Map<string, number>()

  constructor(settings: Settings, analytics: Analytics, dependencies: BrowserDestinationDependencies) {
    this.ready = loadHeap(settings, dependencies).catch((error: unknown) => {
      warn(`Heap is not loaded, so it sees nothing of this page: ${messageOf(error)}.`)
    })
    analytics.on('dispatch_start', (context: Context) => this.onTheirWay.set(context.id, this.resetsAsked))
    analytics.on('reset', () => this.reset())
    analytics.queue.on('delivery_success', (context: Context) => this.delivered(context))
    analytics.queue.on('delivery_failure', (context: Context) => this.delivered(context))
  }

  /** Calls Heap's library for one of Segment's calls. What is wrong with the call is said in the console, never thrown. */
  call(context: Context, use: (heap: HeapLibrary) => void): void {
    this.makeResets(this.onTheirWay.get(context.id) ?? this.resetsAsked)
    callLibrary(use)
  }

  private reset(): void {
    const asked = ++this.resetsAsked
    this.makeResetsDue()
    if (this.resetsMade < asked) setTimeout(() => this.makeResets(asked), RESET_WITHIN_MS)
  }

  private delivered(context: Context): void {
    this.onTheirWay.delete(context.id)
    this.makeResetsDue()
  }

  private makeResetsDue(): void {
    this.makeResets(Math.min(this.resetsAsked, ...this.onTheirWay.values()))
  }

  private makeResets(upTo: number): void {
    if (this.resetsMade >= upTo) return
    this.resetsMade = upTo
    callLibrary((heap) => heap.resetIdentity())
  }
}

/** The library is looked up for each call: it may take the place of what its loader had put there. */
function callLibrary(use: (heap: HeapLibrary) => void): void {
  if (typeof window.heap?.track !== 'function') return
  try {
    use(window.heap as HeapLibrary)
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
