import type { AnalyticsBrowser, CDNSettings, ContextCancelation, Plugin } from '@segment/analytics-next'
import type { createWrapper } from '@segment/analytics-consent-tools'
import type { BrowserContext, Page, Route } from 'playwright-core'
import { bundleForPage, servePages } from '../../../__tests__/browser'
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
const SEGMENT_SETTINGS: CDNSettings = { integrations: { 'Segment.io': { apiKey: 'any' } } }

const SCRIPT = bundleForPage(`
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

/** A visit to a site that uses analytics.js. Nothing leaves this machine: the CDN's answer is given here. */
export interface Visit {
  page: Page
  /** What the page asked of hosts other than its own and Segment's, as method and URL. */
  requests: string[]
  /** The events that Segment itself was sent. */
  segment: string[]
  warnings: string[]
  /** Exceptions that nobody caught, and errors in the console. */
  errors: string[]
  heapCalls(): Promise<unknown[][]>
  leave(): Promise<void>
}

/** How a visit differs from an ordinary one. */
export interface VisitOptions {
  /** What the CDN does; it serves the library if left out. */
  cdn?: (route: Route) => Promise<void>
  /** Segment answers only then. */
  segmentAnswers?: Promise<void>
  /** The page's Content-Security-Policy. */
  csp?: string
  /** The page's HTML before its script. */
  html?: string
  /** The page's script; analytics.js and Heap, not yet started, if left out. */
  script?: string
}

/** The CDN as it works. */
export function serveLibrary(route: Route, library = LIBRARY): Promise<void> {
  return route.fulfill({ contentType: 'text/javascript', body: library })
}

let visits = 0
/** Pages that were left. To open another takes longer than to use one of them again. */
const left: Page[] = []

/** Opens the site's page, of which this browser remembers nothing: each visit is to a host of its own. */
export async function visit(
  browser: BrowserContext,
  { cdn = serveLibrary, segmentAnswers, csp, html = '', script = SCRIPT }: VisitOptions = {}
): Promise<Visit> {
  const server = await servePages((path) => {
    if (path === '/site.js') return { type: 'text/javascript', body: script }
    if (path !== '/') return undefined
    const body = `<!doctype html><title>Shop</title>${html}<script src="/site.js"></script>`
    return { type: 'text/html', body, headers: { ...(csp && { 'content-security-policy': csp }) } }
  })
  const url = server.url.replace('localhost', `visit-${++visits}.localhost`)
  const page = left.pop() ?? (await browser.newPage())
  const requests: string[] = []
  const segment: string[] = []
  const warnings: string[] = []
  const errors: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'warning') warnings.push(message.text())
    // The browser itself reports an answer that failed.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) errors.push(message.text())
  })
  page.on('pageerror', (error) => errors.push(String(error)))
  await page.route(
    ({ origin }) => origin !== url,
    async (route) => {
      const request = route.request()
      const { hostname } = new URL(request.url())
      const headers = { 'access-control-allow-origin': '*' }
      if (hostname === 'api.segment.io') {
        segment.push((request.postDataJSON() as { event: string }).event)
        await segmentAnswers
        return route.fulfill({ json: { success: true }, headers })
      }
      if (hostname === 'cdn.segment.com') return route.fulfill({ json: SEGMENT_SETTINGS, headers })
      requests.push(`${request.method()} ${request.url()}`)
      return cdn(route)
    }
  )
  // A page is used before all of its scripts have come.
  await page.goto(url, { waitUntil: 'domcontentloaded' })
  return {
    page,
    requests,
    segment,
    warnings,
    errors,
    heapCalls: () => page.evaluate(() => window.heapCalls),
    async leave() {
      page.removeAllListeners()
      await page.unrouteAll()
      left.push(page)
      server.close()
    }
  }
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
