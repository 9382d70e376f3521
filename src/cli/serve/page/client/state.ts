import type { SegmentEvent } from '@segment/actions-core'
import { computed, signal } from '@preact/signals'
import type { Subscription } from '../../../engine/subscriptions'
import type { LiveSummary, PageState, Preview } from '../protocol'
import { ask, latest, messageOf, ServerError } from './api'

/** The views, in the order of the navigation. */
export const VIEWS = { live: 'Live', mappings: 'Mappings', heap: 'Heap', check: 'Check' }
export type View = keyof typeof VIEWS

export const view = signal<View>('live')
export const page = signal<PageState | undefined>(undefined)
/** What a person should read now, such as that something was saved. */
export const notice = signal('')

/** So many events are kept; the server keeps no more either. */
const MOST_EVENTS = 10_000
/** Newest last. */
export const events = signal<readonly LiveSummary[]>([])
export const isConnected = signal(true)

/** Adds what the server tells of events, each once. */
export function addEvents(told: LiveSummary[]): void {
  const known = new Set(events.value.slice(-told.length - 200).map(({ id }) => id))
  const fresh = told.filter(({ id }) => !known.has(id))
  if (fresh.length > 0) events.value = [...events.value, ...fresh].slice(-MOST_EVENTS)
}

/** The mappings as they are being written. */
export const drafts = signal<Subscription[]>([])
const saved = signal('')
export const selected = signal(0)
export const isChanged = computed(() => JSON.stringify(drafts.value) !== saved.value)

/** The event that the mappings are tried with, as its text was written. */
export const eventText = signal(
  JSON.stringify(
    {
      type: 'track',
      event: 'Order Completed',
      messageId: 'message-0001',
      userId: 'alice@example.com',
      anonymousId: 'visitor-1',
      timestamp: '2026-11-23T10:00:00.000Z',
      properties: { order: { id: 'o-1', total: 12.5 }, products: [{ sku: 's-1' }] },
      context: { traits: { plan: 'pro' } }
    },
    null,
    2
  )
)

/** The event, or why its text is none. */
export const draftEvent = computed<{ event?: SegmentEvent; problem?: string }>(() => {
  try {
    const event: unknown = JSON.parse(eventText.value)
    if (typeof event === 'object' && event !== null && !Array.isArray(event)) return { event: event as SegmentEvent }
    return { problem: 'An event is an object: { "type": "track", … }.' }
  } catch (error) {
    return { problem: messageOf(error) }
  }
})

export const preview = signal<Preview | undefined>(undefined)
export const previewProblem = signal('')
/** The subscription that the preview is of. */
const evaluate = latest(
  ({ event, subscription }: { event: SegmentEvent; subscription: Subscription }, cancel) =>
    ask<Preview>('POST', '/page/preview', { event, subscription }, cancel),
  (reply) => {
    preview.value = reply
    previewProblem.value = ''
  },
  (error) => (previewProblem.value = error.message)
)

/** Evaluates the selected mapping with the event, if there are both. */
export function evaluateDraft(): void {
  const { event, problem } = draftEvent.value
  const subscription = drafts.value[selected.value] as Subscription | undefined
  if (problem !== undefined) previewProblem.value = ''
  if (event && subscription) evaluate({ event, subscription })
}

/** Loads what the page begins with. Mappings that are being written stay. */
export async function loadState(): Promise<void> {
  const state = await ask<PageState>('GET', '/page/state')
  const keepsDrafts = page.value !== undefined && isChanged.value
  page.value = state
  if (!keepsDrafts) setDrafts(state.subscriptions)
}

function setDrafts(subscriptions: Subscription[]): void {
  drafts.value = subscriptions
  saved.value = JSON.stringify(subscriptions)
  selected.value = Math.min(selected.value, Math.max(0, subscriptions.length - 1))
}

/** Changes the selected mapping. */
export function change(part: Partial<Subscription>): void {
  drafts.value = drafts.value.map((draft, index) => (index === selected.value ? { ...draft, ...part } : draft))
}

/** Set where the file was changed by somebody else since it was read. */
export const conflict = signal<{ version: string; subscriptions: Subscription[] } | undefined>(undefined)

/** Saves the mappings to the server's file. */
export async function save(): Promise<void> {
  const subscriptions = drafts.value
  try {
    const { version } = await ask<{ version: string }>('PUT', '/page/mappings', {
      subscriptions,
      version: page.value?.version ?? null
    })
    if (page.value) page.value = { ...page.value, version, subscriptions }
    saved.value = JSON.stringify(subscriptions)
    notice.value = `Saved to ${page.value?.mappingsFile ?? 'the file'}. Events from now on use it.`
  } catch (error) {
    if (error instanceof ServerError && error.status === 409) {
      conflict.value = error.body as { version: string; subscriptions: Subscription[] }
    } else notice.value = messageOf(error)
  }
}

/** What to do with a file that has changed meanwhile: overwrite it, or take what it holds now. */
export async function resolveConflict(choice: 'overwrite' | 'take' | 'cancel'): Promise<void> {
  const found = conflict.value
  conflict.value = undefined
  if (!found || choice === 'cancel') return
  if (page.value) page.value = { ...page.value, version: found.version }
  if (choice === 'overwrite') return save()
  if (page.value) page.value = { ...page.value, subscriptions: found.subscriptions }
  setDrafts(found.subscriptions)
}

/** Goes to a view. */
export function go(to: View): void {
  location.hash = to
}

/** Takes an event to the mappings. */
export function mapWith(event: object): void {
  eventText.value = JSON.stringify(event, null, 2)
  go('mappings')
}
