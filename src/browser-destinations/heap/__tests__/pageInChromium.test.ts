import type { BrowserContext } from 'playwright-core'
import { beforeAll, describe, it, launchChromium } from '../../../__tests__/chromium'
import { codeBlock } from '../../../__tests__/docs'
import {
  callsOf,
  decide,
  EU_LIBRARY,
  expectNoHeap,
  heapCallsOf,
  NOT_LOADED,
  onPageOf,
  settle,
  slowCdn,
  STARTED,
  startDestination,
  startHeap,
  tracked,
  US_LIBRARY,
  useAnalytics,
  WAYS
} from './site'
import { visitInChromium } from './siteInChromium'

// What only a browser shows, and that it is wired there: scripts that load, policies, many calls at once. The rest is in
// pageInJsdom.test.ts.

let browser: BrowserContext
beforeAll(async () => {
  // A context for each page would take longer than the page.
  browser = await (await launchChromium()).newContext()
})

const onPage = onPageOf((options: Parameters<typeof visitInChromium>[1]) => visitInChromium(browser, options))

describe.each(WAYS)('the order of calls, through %s,', (_way, start) => {
  it.concurrent('keeps what was called before the library has arrived and after, each once', async () => {
    const { cdn, answer } = slowCdn()
    await onPage({ cdn }, async (site) => {
      await start(site)
      await site.page.evaluate(async () => {
        const { analytics } = window
        // Before it is there itself, analytics.js puts calls in an order of its own.
        await analytics
        void analytics.track('Page Opened')
        void analytics.identify('alice', { plan: 'pro' })
        for (let step = 1; step <= 3; step++) void analytics.track('Step', { step })
        await new Promise((go) => setTimeout(go, 50))
        void analytics.identify('bob')
        await new Promise((go) => setTimeout(go, 50))
        void analytics.track('By Bob')
      })
      expect(await heapCallsOf(site)).toBeUndefined()
      answer()
      await callsOf(site, 8)
      await site.page.evaluate(async () => {
        for (let step = 4; step <= 6; step++) await window.analytics.track('Step', { step })
        await window.analytics.identify('bob', { plan: 'free' })
      })
      expect(await heapCallsOf(site)).toStrictEqual([
        STARTED,
        tracked('Page Opened'),
        ['identify', 'alice'],
        ['addUserProperties', { plan: 'pro' }],
        ...[1, 2, 3].map((step) => tracked('Step', { step })),
        ['identify', 'bob'],
        tracked('By Bob'),
        ...[4, 5, 6].map((step) => tracked('Step', { step })),
        ['identify', 'bob'],
        ['addUserProperties', { plan: 'free' }]
      ])
      expect(site.requests).toStrictEqual([`GET ${US_LIBRARY}`])
    })
  })
})

describe('nothing is lost, nor given to somebody else,', () => {
  // What analytics.js itself needs for so many calls is the time that these take, in which Heap may be given up.
  it.concurrent.each([
    ['the plugin', startHeap, 5000],
    ['Segment’s own analytics.js', startDestination, 1200]
  ] as const)('of all that is called at once before the library arrives, through %s', async (_way, start, count) => {
    const { cdn, answer } = slowCdn()
    const site = await visitInChromium(browser, { cdn })
    try {
      await start(site, { integrations: { 'Segment.io': false }, disableClientPersistence: true })
      await site.page.evaluate(async (count) => {
        const { analytics } = window
        await analytics
        for (let call = 0; call < count; call++) {
          if (call === 0) void analytics.identify('alice')
          if (call === count / 2) {
            void analytics.reset()
            void analytics.identify('bob')
          }
          void analytics.track(call < count / 2 ? 'By Alice' : 'By Bob', { call })
        }
      }, count)
      answer()
      // Looking often at so many calls would hold them up.
      await site.page.waitForFunction((count) => window.heapCalls?.length >= 2 * count, count, { polling: 250 })
      const calls = JSON.parse(
        await site.page.evaluate(() => {
          return JSON.stringify(window.heapCalls.filter(([name]) => name !== 'addUserProperties'))
        })
      ) as unknown[][]
      const events = (from: number, to: number, name: string): string[] =>
        Array.from({ length: to - from }, (_, index) => JSON.stringify(tracked(name, { call: from + index })))
      expect(calls.map((call) => JSON.stringify(call))).toStrictEqual([
        JSON.stringify(STARTED),
        '["identify","alice"]',
        ...events(0, count / 2, 'By Alice'),
        '["resetIdentity"]',
        '["identify","bob"]',
        ...events(count / 2, count, 'By Bob')
      ])
      expect(site.warnings.filter((warning) => !warning.includes('within 15 seconds'))).toStrictEqual([])
      expect(site.errors).toStrictEqual([])
    } finally {
      await site.leave()
    }
  })
})

describe.each(WAYS)('a page whose visitor said no, through %s,', (_way, start) => {
  it.concurrent('and says yes later, has Heap from then on, without what was before', async () => {
    await onPage({}, async (site) => {
      await start(site, { consent: { model: 'opt-out', agrees: false } })
      await useAnalytics(site, 'alice')
      await expectNoHeap(site)
      await decide(site, true)
      await site.page.evaluate(() => window.analytics.track('After'))
      // Heap may remember yet another person.
      expect(await callsOf(site, 3)).toStrictEqual([STARTED, ['resetIdentity'], tracked('After')])
      await decide(site, false)
      await useAnalytics(site, 'bob')
      await settle(site)
      expect(await heapCallsOf(site)).toHaveLength(3)
    })
  })
})

describe('the library', () => {
  it.concurrent('comes from where the settings say, with what they say, and does not hold up the page', async () => {
    await onPage({}, async (site) => {
      await startHeap(site, { settings: { region: 'EU', disableTextCapture: true, nonce: 'abc' } })
      expect(await callsOf(site, 1)).toStrictEqual([
        ['library', '12343283', { disableTextCapture: true, shouldFetchServerConfig: false }]
      ])
      expect(site.requests).toStrictEqual([`GET ${EU_LIBRARY}`])
      const script = site.page.locator('script[src*="heap_config"]')
      const { isAsync, nonce } = await script.evaluate((element: HTMLScriptElement) => {
        return { isAsync: element.async, nonce: element.nonce }
      })
      expect([isAsync, nonce]).toStrictEqual([true, 'abc'])
    })
  })
})

describe('a page with a Content-Security-Policy', () => {
  const csp = codeBlock('docs/device-mode.md', 'script-src').trim()

  it.concurrent('has Heap under the policy that docs/device-mode.md names', async () => {
    await onPage({ csp }, async (site) => {
      await startHeap(site)
      await site.page.evaluate(() => window.analytics.track('Signed Up', { price: 12.5 }))
      expect(await callsOf(site, 2)).toStrictEqual([STARTED, tracked('Signed Up', { price: 12.5 })])
      expect(site.segment).toStrictEqual(['Signed Up'])
    })
  })

  it.concurrent('has Heap under one that wants a nonce', async () => {
    const nonce = "script-src 'self' 'nonce-abc'; connect-src https://api.segment.io"
    await onPage({ csp: nonce }, async (site) => {
      await startHeap(site, { settings: { nonce: 'abc' } })
      await site.page.evaluate(() => window.analytics.track('Signed Up'))
      expect(await callsOf(site, 2)).toStrictEqual([STARTED, tracked('Signed Up')])
    })
  })

  it.concurrent('goes on without Heap under one that does not let it in', async () => {
    const site = await visitInChromium(browser, { csp })
    try {
      await startHeap(site, { settings: { region: 'EU' } })
      await site.page.evaluate(() => window.analytics.track('Signed Up'))
      await site.page.evaluate(() => window.analytics.ready())
      expect(site.warnings).toStrictEqual([`${NOT_LOADED} Failed to load ${EU_LIBRARY}.`])
      expect(site.errors).toStrictEqual([expect.stringContaining('violates the following Content Security Policy')])
      expect(site.requests).toStrictEqual([])
      expect(site.segment).toStrictEqual(['Signed Up'])
    } finally {
      await site.leave()
    }
  })
})
