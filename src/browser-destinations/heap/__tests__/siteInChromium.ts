import type { BrowserContext, Page } from 'playwright-core'
import { servePages } from '../../../__tests__/browser'
import { LIBRARY, SCRIPT, SEGMENT_SETTINGS } from './site'
import type { Visit, VisitOptions } from './site'

let visits = 0
/** Pages that were left. To open another takes longer than to use one of them again. */
const left: Page[] = []

/** A visit in a real browser. */
export interface ChromiumVisit extends Visit {
  page: Page
}

/** Opens the site's page. Each visit is to a host of its own, of which this browser remembers nothing. */
export async function visitInChromium(
  browser: BrowserContext,
  {
    cdn = () => Promise.resolve(LIBRARY),
    segmentAnswers,
    csp
  }: VisitOptions & {
    /** The page's Content-Security-Policy. */
    csp?: string
  } = {}
): Promise<ChromiumVisit> {
  const server = await servePages((path) => {
    if (path === '/site.js') return { type: 'text/javascript', body: SCRIPT }
    if (path !== '/') return undefined
    const body = `<!doctype html><title>Shop</title><script src="/site.js"></script>`
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
      const library = await cdn().catch(() => undefined)
      if (library === undefined) return route.abort()
      return route.fulfill({ contentType: 'text/javascript', body: library })
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
    async leave() {
      page.removeAllListeners()
      await page.unrouteAll()
      left.push(page)
      server.close()
    }
  }
}
