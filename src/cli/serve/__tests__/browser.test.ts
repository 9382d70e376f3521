import type { Browser } from 'playwright-core'
import { bundleForPage, servePages } from '../../../__tests__/browser'
import { beforeAll, describe, launchChromium } from '../../../__tests__/chromium'
import { HeapEmulator, interceptHeap } from '../../../heap-emulator'
import type { EventResult, RecordedRun } from '../../engine/eventResult'
import { startServer } from '../server'

let browser: Browser
beforeAll(async () => {
  browser = await launchChromium()
})

const PAGE = bundleForPage(`
  import { AnalyticsBrowser } from '@segment/analytics-next'
  window.load = async (server) => {
    const analytics = AnalyticsBrowser.load({ writeKey: 'any', cdnURL: server })
    await analytics.page('Shop', { category: 'shoes' })
    await analytics.track('Product Viewed', { price: 12.5, sizes: [42, 43] })
    await analytics.identify('alice', { plan: 'pro' })
    await analytics.group('acme', { size: 7 })
    await analytics.screen('Basket')
    await analytics.alias('alice-2')
  }
`)

describe('analytics.js in a browser', () => {
  it('sends its events to a running serve, which delivers them', async () => {
    const heap = new HeapEmulator()
    const interception = interceptHeap(heap, { allowLocal: true })
    const results: EventResult<RecordedRun>[] = []
    const server = await startServer({
      port: 0,
      settings: { appId: '12343283' },
      emulator: heap,
      onResult: (result) => results.push(result),
      say: () => undefined
    })
    const pages = await servePages((path) =>
      path === '/page.js'
        ? { type: 'text/javascript', body: PAGE }
        : { type: 'text/html', body: '<title>Shop</title><script src="/page.js"></script>' }
    )
    try {
      const page = await browser.newPage()
      const elsewhere: string[] = []
      page.on('request', (request) => {
        if (!/^http:\/\/localhost[:/]/.test(request.url())) elsewhere.push(request.url())
      })
      await page.goto(`${pages.url}/shop`)
      await page.evaluate(async (url) => {
        await (window as unknown as { load: (server: string) => Promise<void> }).load(url)
      }, server.url)
      while (results.length < 6) await new Promise((go) => setTimeout(go, 20))

      expect(elsewhere).toStrictEqual([])
      const byType = Object.fromEntries(results.map(({ event, delivered }) => [event.type, delivered]))
      expect(byType).toStrictEqual({
        page: true,
        track: true,
        identify: true,
        group: true,
        screen: true,
        alias: false
      })
      const { events, users, accounts } = heap.environment('US', '12343283')
      const anonymous_id = String(events[0].user_identifier.anonymous_id)
      expect(anonymous_id).toMatch(/^[\w-]{36}$/)
      expect(events.map(({ event, user, properties }) => [event, user, properties])).toEqual(
        expect.arrayContaining([
          [
            'Page viewed',
            'alice',
            expect.objectContaining({ name: 'Shop', category: 'shoes', title: 'Shop', url: `${pages.url}/shop` })
          ],
          ['Product Viewed', 'alice', expect.objectContaining({ price: '12.5', sizes: '[42,43]' })],
          ['Screen viewed', 'alice', expect.objectContaining({ name: 'Basket' })]
        ])
      )
      expect(events).toHaveLength(3)
      expect(users).toStrictEqual([
        { identity: 'alice', properties: { anonymous_id, plan: 'pro', account_id: 'acme' } }
      ])
      expect(accounts).toStrictEqual([{ account_id: 'acme', properties: { size: '7' } }])
    } finally {
      pages.close()
      await server.stop()
      interception.restore()
    }
  })
})
