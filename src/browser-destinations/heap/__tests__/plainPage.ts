import { Context } from '@segment/analytics-next'
import type { Analytics } from '@segment/analytics-next'
import type { JSONObject } from '@segment/actions-core'
import heapDestination, { destination } from '..'
import type { PageSettings } from '../library'
import { heapOnPage } from './heapOnPage'

/** A page without a browser, which has what Heap's loader and library need of it. */
export interface PlainPage {
  heap?: {
    envId?: string
    clientConfig?: object
    appid?: string
    config?: object
    load?: (id: string) => void
  } & Partial<Record<string, (...args: unknown[]) => void>>
  heapReadyCb?: { name: string; fn: () => void }[]
  heapCalls?: unknown[][]
  document: EventTarget & { scripts: (EventTarget & { src: string })[]; prerendering?: boolean }
  /** The page shows this, as it would in the console. */
  warnings: string[]
}

/** Whether these tests run in a page, as they do in action-destinations. */
const IS_IN_PAGE = 'window' in globalThis

/** Puts a page in the place of the browser's, for the tests of a file. In a page, it is that one, without Heap. */
export function onPlainPage(): PlainPage {
  const page = IS_IN_PAGE ? (window as unknown as PlainPage) : newPage()
  Object.assign(page, { heap: undefined, heapReadyCb: undefined, heapCalls: undefined, warnings: [] })
  jest.spyOn(console, 'warn').mockImplementation((text: string) => page.warnings.push(text))
  return page
}

function newPage(): PlainPage {
  const document = Object.assign(new EventTarget(), { scripts: [] })
  const page = Object.assign(new EventTarget(), { document, warnings: [] })
  return Object.assign(globalThis, { window: page, document }).window
}

/** A mapping as Segment stores it. */
export interface Mapping {
  partnerAction: 'trackEvent' | 'identifyUser'
  subscribe: string
  mapping: JSONObject
}

/** The mappings that a new destination has. */
export const PRESETS = (destination.presets ?? []) as unknown as Mapping[]

/** A Segment event, as far as a test says it. */
export interface PlainEvent {
  type: 'track' | 'identify' | 'page'
  [field: string]: unknown
}

/**
 * What Heap's library is called with for some events, through the definition, Segment's own runtime of browser destinations and its
 * mappings, on a page that has Heap. What is wrong is on the page, under `warnings`.
 */
export async function heapCallsFor(
  events: PlainEvent[],
  { settings = {}, mappings = PRESETS }: { settings?: Partial<PageSettings>; mappings?: Mapping[] } = {}
): Promise<{ calls: unknown[][]; warnings: string[] }> {
  const page = onPlainPage()
  heapOnPage()
  const subscriptions = mappings.map((mapping) => ({ name: 'Any', enabled: true, ...mapping }))
  const plugins = [await heapDestination({ appId: '12343283', ...settings, subscriptions })].flat()
  for (const plugin of plugins) await plugin.load(Context.system(), {} as Analytics)
  for (const event of events) {
    const context = new Context(event)
    for (const plugin of plugins) await plugin[event.type]?.(context)
  }
  const [, ...calls] = page.heapCalls ?? []
  return { calls, warnings: page.warnings }
}
