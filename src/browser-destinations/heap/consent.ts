import type { Context } from '@segment/analytics-next'
import { warn } from './console'

/** The name by which a page's `integrations`, Segment's settings and Segment's consent wrapper know Heap on the page. */
export const NAME = 'Heap Web (Actions)'

/** Used for Heap on the page if `integrations` does not have {@link NAME}. It is also the name of the destination in the cloud. */
export const ALTERNATIVE_NAME = 'Heap'

export type SegmentEvent = Context['event']

/** As `analytics.addDestinationMiddleware` takes it. */
export type Middleware = (params: {
  payload: { obj: SegmentEvent }
  integration: string
  next: (payload: { obj: SegmentEvent } | null) => void
}) => unknown

/** What analytics.js attaches destination middleware to: its wrapper of an action, or a plugin with `addMiddleware`. */
export interface Filtered {
  name: string
  middleware: Middleware[]
}

/** Whether `integrations`, of the page or of a call, exclude Heap, read as analytics.js reads those of a call. */
export function areWithoutHeap(integrations: Record<string, unknown> | undefined): boolean {
  return (integrations?.[NAME] ?? integrations?.[ALTERNATIVE_NAME] ?? integrations?.All) === false
}

/** How Heap came to the page. */
export interface EntryPoint {
  /** What holds the destination middleware for Heap's calls. */
  filtered: () => Filtered | undefined
  /** Segment's settings name it: where they keep it out for lack of consent, it is not there at all. */
  isFromSettings: boolean
  /** The consent categories that the page itself puts Heap in. */
  categories?: string[]
  /** Called when Heap may be loaded. */
  onStart?: () => void
}

/** What the visitor agrees to, as analytics.js knows it from Segment's consent wrapper, or from another tool. */
export interface Consent {
  /** Whether only a call that is let through shows that Heap may be loaded, because a consent tool may be at work. */
  isManaged: boolean
  /** The call as its middleware leaves it, or undefined if Heap must not see it. */
  filter: (event: SegmentEvent) => Promise<SegmentEvent | undefined>
  /** Whether Heap may see a call that has passed its middleware. */
  allows: (event: SegmentEvent) => boolean
}

/** The part of analytics.js that shows whether consent is managed. */
interface Source {
  /** What the page loads it with. */
  integrations?: Record<string, unknown>
  options?: { updateCDNSettings?: unknown }
  settings?: {
    cdnSettings?: {
      integrations?: Record<string, { consentSettings?: { categories: string[] } } | undefined>
      consentSettings?: unknown
    }
  }
}

export function createConsent({ integrations, options, settings }: Source, entryPoint: EntryPoint): Consent {
  const cdnSettings = settings?.cdnSettings
  const listed = cdnSettings?.integrations?.[NAME]
  const isKeptOut = areWithoutHeap(integrations)
  const categories = entryPoint.categories ?? listed?.consentSettings?.categories
  let hasWarned = false

  function allows(event: SegmentEvent): boolean {
    if (isKeptOut || areWithoutHeap(event.integrations)) return false
    const preferences = preferencesOf(event.context)
    if (!preferences) return true
    if (categories) return categories.every((category) => preferences[category])
    // In its opt-in model the wrapper takes what is refused from Segment's settings; in the other one a middleware decides.
    if (entryPoint.isFromSettings || listed || entryPoint.filtered()?.middleware.length) return true
    if (!hasWarned) warn(NOT_LISTED)
    hasWarned = true
    return false
  }

  async function filter(event: SegmentEvent): Promise<SegmentEvent | undefined> {
    try {
      const filtered = await throughMiddleware(event, entryPoint.filtered())
      return filtered && allows(filtered) ? filtered : undefined
    } catch (error) {
      warn(`Heap: A destination middleware failed, so the ${event.type} call is left out: ${String(error)}`)
      return undefined
    }
  }

  // The wrapper edits Segment's settings in both of its models.
  const isManaged = Boolean(categories ?? cdnSettings?.consentSettings ?? options?.updateCDNSettings)
  return { isManaged: isKeptOut || isManaged, filter, allows }
}

const NOT_LISTED = `Heap: Consent is managed on this page, and Segment’s settings do not list ${NAME}, so nothing is sent to Heap. Unless the visitor refused it, name its categories: heapPlugin({ consentCategories: ['…'] }).`

/** The wrapper writes what the visitor agrees to on each call. */
function preferencesOf(context: SegmentEvent['context']): Record<string, boolean> | undefined {
  const consent = context?.consent as { categoryPreferences?: Record<string, boolean> } | undefined
  return consent?.categoryPreferences
}

async function throughMiddleware(
  event: SegmentEvent,
  filtered: Filtered | undefined
): Promise<SegmentEvent | undefined> {
  let passed: SegmentEvent | undefined = event
  for (const each of filtered?.middleware ?? []) {
    const obj: SegmentEvent = copyOf(passed)
    passed = undefined
    await each({
      payload: facadeOf(obj),
      integration: filtered?.name ?? NAME,
      next: (payload) => (passed = payload?.obj)
    })
    if (passed === undefined) return undefined
  }
  return passed
}

/** A middleware changes what Heap gets, and nothing else. */
function copyOf(event: SegmentEvent): SegmentEvent {
  try {
    return structuredClone(event)
  } catch {
    // Such as a function, which Heap has no use for.
    return JSON.parse(JSON.stringify(event)) as SegmentEvent
  }
}

/** Stands in for Segment's own wrapping of an event, of which a middleware may ask for parts by functions: `payload.userId()`. */
function facadeOf(obj: SegmentEvent): { obj: SegmentEvent } {
  const part = (key: string) => (): unknown =>
    key === 'json' || key === 'rawEvent' ? obj : obj[key as keyof SegmentEvent]
  return new Proxy({ obj }, { get: (_target, key) => (key === 'obj' ? obj : part(String(key))) })
}
