import type { AnalyticsBrowser, CDNSettings, ContextCancelation, Plugin } from '@segment/analytics-next'
import type { createWrapper } from '@segment/analytics-consent-tools'
import { bundleForPage } from '../../../__tests__/browser'
import { destination } from '..'
import type { HeapCall } from '../heapCalls'
import type { HeapPlugin, PluginSettings } from '../plugin'
import { heapOnPage } from './heapOnPage'

declare global {
  /** What a page of the site finds. */
  interface Window {
    AnalyticsBrowser: typeof AnalyticsBrowser
    heapPlugin: (settings: PluginSettings) => HeapPlugin
    /** The definition as Segment's own analytics.js uses it. */
    heapDestination: NonNullable<Parameters<typeof AnalyticsBrowser.load>[0]['plugins']>[number]
    /** Another plugin of the page, which does nothing but what is given. */
    otherPlugin: (type: Plugin['type'], methods: Pick<Plugin, 'track' | 'identify'>) => Plugin
    ContextCancelation: typeof ContextCancelation
    /** Segment's consent wrapper. */
    createWrapper: typeof createWrapper
    analytics: AnalyticsBrowser
    heap?: Partial<Record<HeapCall[0] | 'load', (...args: unknown[]) => void>>
    heapCalls: unknown[][]
  }
}

/** What Segment's CDN answers for a source without destinations in the browser. */
export const SEGMENT_SETTINGS: CDNSettings = { integrations: { 'Segment.io': { apiKey: 'any' } } }

export const SCRIPT = bundleForPage(`
  import { AnalyticsBrowser, ContextCancelation } from '@segment/analytics-next'
  import { createWrapper } from '@segment/analytics-consent-tools'
  import heapDestination from '../browser-destinations/heap'
  import { heapPlugin } from '../browser-destinations/heap/plugin'
  const otherPlugin = (type, methods) => ({
    name: 'Other',
    type,
    version: '1.0.0',
    isLoaded: () => true,
    load: () => Promise.resolve(),
    ...methods
  })
  Object.assign(window, { otherPlugin, AnalyticsBrowser, ContextCancelation, createWrapper, heapPlugin, heapDestination })
`)

/** The library as a script. */
export const LIBRARY = `(${heapOnPage.toString()})()`

/** What a page is told to do; what goes in and comes out is JSON. */
export interface SitePage {
  /** Runs a function or a script in the page. */
  evaluate<Result>(run: string | (() => Result | Promise<Result>)): Promise<Result>
  evaluate<Result, Argument>(run: (argument: Argument) => Result | Promise<Result>, argument: Argument): Promise<Result>
  /** Waits until something holds in the page. */
  waitForFunction<Argument>(holds: (argument: Argument) => unknown, argument?: Argument): Promise<unknown>
}

/** A visit to a site that uses analytics.js. Nothing leaves this machine: what the page asks for is answered here. */
export interface Visit {
  page: SitePage
  /** What the page asked of hosts other than its own and Segment's, as method and URL. */
  requests: string[]
  /** The events that Segment itself was sent. */
  segment: string[]
  warnings: string[]
  /** Exceptions that nobody caught, and errors in the console. */
  errors: string[]
  leave(): Promise<void>
}

/** How a visit differs from an ordinary one. */
export interface VisitOptions {
  /** The script that the CDN answers; the library if left out. The CDN fails if this does. */
  cdn?: () => Promise<string>
  /** Segment answers only then. */
  segmentAnswers?: Promise<void>
}

/** How analytics.js is started. */
export interface StartOptions {
  /** The settings of Heap; an App ID is always there. */
  settings?: Partial<PluginSettings>
  /** The `integrations` that the page loads analytics.js with. */
  integrations?: Record<string, boolean>
  /** The page uses Segment's consent wrapper, and may change what the visitor agrees to. */
  consent?: ConsentOptions
  /** Nothing is kept in cookies or the like, which takes most of the time of a call. */
  disableClientPersistence?: boolean
  /** The mappings of the definition; its presets if left out. */
  mappings?: object[]
}

export interface ConsentOptions {
  model: 'opt-in' | 'opt-out'
  /** Whether the visitor agrees to the category that Heap is in. */
  agrees: boolean
  /** Who knows that Heap is in that category: Segment's settings if left out, else the page alone. */
  isKnownByPage?: boolean
}

type Start = (site: Visit, options?: StartOptions) => Promise<void>

/** Starts analytics.js with Heap on the page, and no other destination. */
export const startHeap: Start = (site, options) => start(site, false, options)

/** Starts analytics.js with Heap as Segment's own analytics.js has it: an action apart, each held up until Heap is ready. */
export const startDestination: Start = (site, options) => start(site, true, options)

/** The category that Heap is in. */
const CATEGORY = 'Analytics'

async function start(
  { page }: Visit,
  isDestination: boolean,
  { settings, integrations, consent, disableClientPersistence, mappings = destination.presets ?? [] }: StartOptions = {}
): Promise<void> {
  const { name } = destination
  const subscriptions = mappings.map((mapping) => ({ enabled: true, ...mapping }))
  const heapSettings = { appId: '12343283', ...settings }
  const listed = consent && !consent.isKnownByPage ? { [name]: { consentSettings: { categories: [CATEGORY] } } } : {}
  const remotePlugins = isDestination
    ? [{ name, creationName: name, url: '', libraryName: '', settings: { ...heapSettings, subscriptions } }]
    : undefined
  const cdnSettings = {
    integrations: { ...SEGMENT_SETTINGS.integrations, ...listed },
    ...(consent && { consentSettings: { allCategories: [CATEGORY, 'Other'], hasUnmappedDestinations: true } }),
    ...(remotePlugins && { remotePlugins })
  }
  await page.evaluate(
    ({ isDestination, heapSettings, cdnSettings, options, consent, name, CATEGORY }) => {
      const analytics = (window.analytics = new window.AnalyticsBrowser())
      const state = Object.assign(window, { agrees: consent?.agrees })
      if (consent) {
        window.createWrapper({
          getCategories: () => ({ [CATEGORY]: state.agrees === true, Other: true }),
          shouldLoadSegment: (context) => context.load({ consentModel: consent.model }),
          ...(consent.isKnownByPage && { integrationCategoryMappings: { [name]: [CATEGORY] } })
        })(analytics)
      }
      const plugins = isDestination ? [window.heapDestination] : undefined
      analytics.load({ writeKey: 'any', plugins, cdnSettings: cdnSettings }, options)
      if (!isDestination) void analytics.register(window.heapPlugin(heapSettings))
    },
    {
      isDestination,
      heapSettings,
      cdnSettings,
      options: { integrations, disableClientPersistence },
      consent,
      name,
      CATEGORY
    }
  )
}

/** The visitor changes their mind. */
export async function decide({ page }: Visit, agrees: boolean): Promise<void> {
  await page.evaluate((agrees) => void Object.assign(window, { agrees }), agrees)
}

/** What the library finds when it starts. */
export const STARTED = ['library', '12343283', { shouldFetchServerConfig: false }]

export const US_LIBRARY = 'https://cdn.us.heap-api.com/config/12343283/heap_config.js'
export const EU_LIBRARY = 'https://cdn.eu.heap-api.com/config/12343283/heap_config.js'

/** What is said where there is no Heap, before the reason. */
export const NOT_LOADED = 'Heap is not loaded, and sees nothing of this page as long as it is not:'

/** How Heap may come to a page. */
export const WAYS = [
  ['the plugin', startHeap],
  ['Segment’s own analytics.js', startDestination]
] as const

/** The call for an event. */
export function tracked(event: string, properties: object = {}): unknown[] {
  return ['track', event, { ...properties, segment_library: 'browser-destination' }]
}

/** Runs tests on pages of the site, each of which says what was warned of; nothing may go wrong unseen. */
export function onPageOf<Options, V extends Visit>(visit: (options: Options) => Promise<V>) {
  return async (options: Options & { warnings?: unknown[] }, test: (site: V) => Promise<void>): Promise<void> => {
    const site = await visit(options)
    try {
      await test(site)
      expect(site.warnings).toEqual(options.warnings ?? [])
      expect(site.errors).toStrictEqual([])
    } finally {
      await site.leave()
    }
  }
}

/** Something that happens when it is told to. */
export function later(): { happens: Promise<void>; now: () => void } {
  let now = (): void => undefined
  const happens = new Promise<void>((resolve) => (now = resolve))
  return { happens, now }
}

/** A CDN that answers only when it is told to. */
export function slowCdn(library = LIBRARY): { cdn: () => Promise<string>; answer: () => void } {
  const { happens, now } = later()
  return { cdn: () => happens.then(() => library), answer: now }
}

/** Waits until Heap's library has been called so often, other than to tell it the visitor's ID, and gives these calls. */
export async function callsOf(site: Visit, count: number): Promise<unknown[][]> {
  await site.page.waitForFunction(
    (expected) => window.heapCalls?.filter(([name]) => name !== 'addUserProperties').length >= expected,
    count
  )
  return (await heapCallsOf(site)) ?? []
}

/** All calls of Heap's library but those that tell it the visitor's ID, which each event does; undefined before it has arrived. */
export async function heapCallsOf({ page }: Visit): Promise<unknown[][] | undefined> {
  const calls = await page.evaluate<unknown[][] | undefined>(() => window.heapCalls)
  return calls?.filter(([name, properties]) => {
    return name !== 'addUserProperties' || Object.keys(properties as object).join() !== 'anonymous_id'
  })
}

/** Lets what the page has begun come to its end. */
export function settle({ page }: Visit): Promise<void> {
  return page.evaluate(() => new Promise<void>((go) => setTimeout(go, 50)))
}

/** Nothing of Heap is asked for, and nothing of it is on the page. */
export async function expectNoHeap(site: Visit): Promise<void> {
  await settle(site)
  expect(site.requests).toStrictEqual([])
  const found = await site.page.evaluate(() => [
    typeof window.heap,
    'heapReadyCb' in window,
    'heapCalls' in window,
    document.querySelectorAll('script[src*="heap"]').length
  ])
  expect(found).toStrictEqual(['undefined', false, false, 0])
}

/** A visitor looks around, and says their name. */
export function useAnalytics({ page }: Visit, name: string): Promise<void> {
  return page.evaluate(async (name) => {
    const { analytics } = window
    await analytics.page('Shop')
    await analytics.identify(name)
    await analytics.track(`By ${name}`)
    await analytics.ready()
  }, name)
}
