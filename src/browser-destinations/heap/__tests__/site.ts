import type { AnalyticsBrowser, ContextCancelation, Plugin } from '@segment/analytics-next'
import type { BrowserContext, Page, Route } from 'playwright-core'
import { bundleForPage, servePages } from '../../../__tests__/browser'
import { destination } from '..'
import type { Settings } from '../generated-types'
import type { HeapLibrary } from '../heapLibrary'
import { heapOnPage } from './heapOnPage'

declare global {
  /** What a page of the site finds. */
  interface Window {
    AnalyticsBrowser: typeof AnalyticsBrowser
    heapPlugin: (settings: Settings) => Plugin
    /** The definition as Segment's own analytics.js uses it. */
    heapDestination: NonNullable<Parameters<typeof AnalyticsBrowser.load>[0]['plugins']>[number]
    /** Another plugin of the page, which does nothing but what is given. */
    otherPlugin: (type: Plugin['type'], methods: Pick<Plugin, 'track' | 'identify'>) => Plugin
    ContextCancelation: typeof ContextCancelation
    analytics: AnalyticsBrowser
    heap?: Partial<HeapLibrary>
    heapCalls: unknown[][]
  }
}

/** What Segment's CDN answers for a source without destinations in the browser. */
const SEGMENT_SETTINGS = { integrations: { 'Segment.io': { apiKey: 'any' } } }

const SCRIPT = bundleForPage(`
  import { AnalyticsBrowser, ContextCancelation } from '@segment/analytics-next'
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
  Object.assign(window, { otherPlugin, AnalyticsBrowser, ContextCancelation, heapPlugin, heapDestination })
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
  /** How long Segment takes to answer, in milliseconds. */
  segmentTakes?: number
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

/** Opens the site's page, of which this browser remembers nothing: each visit is to an origin of its own. */
export async function visit(
  browser: BrowserContext,
  { cdn = serveLibrary, segmentTakes = 0, csp, html = '', script = SCRIPT }: VisitOptions = {}
): Promise<Visit> {
  const site = await servePages((path) => {
    if (path === '/site.js') return { type: 'text/javascript', body: script }
    if (path !== '/') return undefined
    const body = `<!doctype html><title>Shop</title>${html}<script src="/site.js"></script>`
    return { type: 'text/html', body, headers: { ...(csp && { 'content-security-policy': csp }) } }
  })
  // Only cookies are kept whatever the port.
  await browser.clearCookies()
  const page = await browser.newPage()
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
    (url) => url.origin !== site.url,
    async (route) => {
      const request = route.request()
      if (new URL(request.url()).hostname === 'api.segment.io') {
        segment.push((request.postDataJSON() as { event: string }).event)
        await new Promise((go) => setTimeout(go, segmentTakes))
        return route.fulfill({ json: { success: true }, headers: { 'access-control-allow-origin': '*' } })
      }
      if (new URL(request.url()).hostname === 'cdn.segment.com') {
        return route.fulfill({ json: SEGMENT_SETTINGS, headers: { 'access-control-allow-origin': '*' } })
      }
      requests.push(`${request.method()} ${request.url()}`)
      return cdn(route)
    }
  )
  // A page is used before all of its scripts have come.
  await page.goto(site.url, { waitUntil: 'domcontentloaded' })
  return {
    page,
    requests,
    segment,
    warnings,
    errors,
    heapCalls: () => page.evaluate(() => window.heapCalls),
    async leave() {
      await page.close()
      site.close()
    }
  }
}

/** Starts analytics.js with Heap on the page, and no other destination. */
export async function startHeap({ page }: Visit, settings: Partial<Settings> = {}): Promise<void> {
  await page.evaluate(
    (heapSettings) => {
      window.analytics = window.AnalyticsBrowser.load({ writeKey: 'any' })
      void window.analytics.register(window.heapPlugin(heapSettings))
    },
    { appId: '12343283', ...settings }
  )
}

/** Starts analytics.js with Heap as Segment's own analytics.js has it: an action apart, each held up until Heap is ready. */
export async function startDestination(
  { page }: Visit,
  settings: Partial<Settings> = {},
  presets: object[] = destination.presets ?? []
): Promise<void> {
  const subscriptions = presets.map((preset) => ({ ...preset, enabled: true }))
  await page.evaluate(
    (heapSettings: object) => {
      window.analytics = window.AnalyticsBrowser.load({
        writeKey: 'any',
        plugins: [window.heapDestination],
        cdnSettings: {
          integrations: { 'Segment.io': { apiKey: 'any' } },
          remotePlugins: [
            { name: 'Heap', creationName: 'Heap', url: '', libraryName: '', settings: { ...heapSettings } }
          ]
        }
      })
    },
    { appId: '12343283', ...settings, subscriptions }
  )
}
