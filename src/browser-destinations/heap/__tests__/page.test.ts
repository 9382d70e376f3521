import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Browser, Route } from 'playwright-core'
import { launchChromium } from '../../../__tests__/browser'
import { destination } from '..'
import { LIBRARY, serveLibrary, startHeap, visit } from './site'
import type { Visit, VisitOptions } from './site'

const US_LIBRARY = 'https://cdn.us.heap-api.com/config/12343283/heap_config.js'
const EU_LIBRARY = 'https://cdn.eu.heap-api.com/config/12343283/heap_config.js'

/** What the library finds when it starts. */
const STARTED = ['library', '12343283', { shouldFetchServerConfig: false }]

let browser: Browser
beforeAll(async () => {
  browser = await launchChromium()
})
afterAll(() => browser.close())

/** Runs a test on a page of the site, of which the test says what was warned of; nothing may go wrong unseen. */
async function onPage(
  { warnings = [], ...options }: VisitOptions & { warnings?: string[] },
  test: (site: Visit) => Promise<void>
): Promise<void> {
  const site = await visit(browser, options)
  try {
    await test(site)
    expect(site.warnings).toEqual(warnings)
    expect(site.errors).toStrictEqual([])
  } finally {
    await site.leave()
  }
}

/** A CDN that answers only when it is told to. */
function slowCdn(): { cdn: (route: Route) => Promise<void>; answer: () => void } {
  let answer = (): void => undefined
  const told = new Promise<void>((resolve) => (answer = resolve))
  return { cdn: (route) => told.then(() => serveLibrary(route)), answer: () => answer() }
}

/** Waits until Heap's library has been called so often, and gives all calls. */
async function callsOf(site: Visit, count: number): Promise<unknown[][]> {
  await site.page.waitForFunction((expected) => window.heapCalls?.length >= expected, count)
  return site.heapCalls()
}

describe('the order of calls', () => {
  it('keeps what was called before the library has arrived and after, each once', async () => {
    const { cdn, answer } = slowCdn()
    await onPage({ cdn }, async (site) => {
      await startHeap(site)
      await site.page.evaluate(async () => {
        await window.analytics.track('Page Opened')
        await window.analytics.identify('alice', { plan: 'pro' })
        for (let step = 1; step <= 3; step++) await window.analytics.track('Step', { step })
      })
      expect(await site.heapCalls()).toBeUndefined()
      answer()
      await site.page.evaluate(async () => {
        await window.analytics.ready()
        for (let step = 4; step <= 6; step++) await window.analytics.track('Step', { step })
        await window.analytics.identify('alice', { plan: 'free' })
      })
      expect(await site.heapCalls()).toStrictEqual([
        STARTED,
        ['track', 'Page Opened', {}],
        ['identify', 'alice'],
        ['addUserProperties', { plan: 'pro' }],
        ...[1, 2, 3, 4, 5, 6].map((step) => ['track', 'Step', { step }]),
        ['identify', 'alice'],
        ['addUserProperties', { plan: 'free' }]
      ])
      expect(site.requests).toStrictEqual([`GET ${US_LIBRARY}`])
    })
  })

  it('takes what the page itself calls of Heap before the library has arrived', async () => {
    const { cdn, answer } = slowCdn()
    await onPage({ cdn }, async (site) => {
      await startHeap(site)
      await site.page.waitForFunction(() => typeof window.heap?.track === 'function')
      await site.page.evaluate(async () => {
        window.heap?.track?.('From the page', { direct: true })
        await window.analytics.track('From Segment')
      })
      answer()
      expect(await callsOf(site, 3)).toStrictEqual([
        STARTED,
        ['track', 'From the page', { direct: true }],
        ['track', 'From Segment', {}]
      ])
    })
  })

  it('is kept where calls do not wait for each other, resets among them', async () => {
    await onPage({}, async (site) => {
      await startHeap(site)
      await site.page.evaluate(async () => {
        await window.analytics.ready()
        const { analytics } = window
        const calls = [analytics.identify('alice', { plan: 'pro' }), analytics.track('By Alice')]
        await analytics.reset()
        calls.push(analytics.track('By a stranger'))
        await analytics.reset()
        calls.push(analytics.identify('bob'), analytics.track('By Bob'))
        await Promise.all(calls)
      })
      expect(await site.heapCalls()).toStrictEqual([
        STARTED,
        ['identify', 'alice'],
        ['addUserProperties', { plan: 'pro' }],
        ['track', 'By Alice', {}],
        ['resetIdentity'],
        ['track', 'By a stranger', {}],
        ['resetIdentity'],
        ['identify', 'bob'],
        ['track', 'By Bob', {}]
      ])
    })
  })

  it('is kept for a reset before the library has arrived', async () => {
    const { cdn, answer } = slowCdn()
    await onPage({ cdn }, async (site) => {
      await startHeap(site)
      await site.page.evaluate(async () => {
        await window.analytics.identify('alice')
        await window.analytics.reset()
        await window.analytics.track('By a stranger')
      })
      answer()
      expect(await callsOf(site, 4)).toStrictEqual([
        STARTED,
        ['identify', 'alice'],
        ['resetIdentity'],
        ['track', 'By a stranger', {}]
      ])
    })
  })

  it('is each call once where Heap is registered twice', async () => {
    const warnings = [
      'Heap is registered already, so that it sees each event once. The second registration is left out.'
    ]
    await onPage({ warnings }, async (site) => {
      await startHeap(site)
      await site.page.evaluate(async () => {
        await window.analytics.register(window.heapPlugin({ appId: '12343283' }))
        await window.analytics.ready()
        await window.analytics.identify('alice')
        await window.analytics.track('Signed Up')
        await window.analytics.reset()
      })
      expect(await site.heapCalls()).toStrictEqual([
        STARTED,
        ['identify', 'alice'],
        ['track', 'Signed Up', {}],
        ['resetIdentity']
      ])
    })
  })

  it('does not let a reset wait for long for a call that is held up', async () => {
    await onPage({}, async (site) => {
      await startHeap(site)
      await site.page.evaluate(async () => {
        await window.analytics.register({
          name: 'Slow middleware',
          type: 'before',
          version: '1.0.0',
          isLoaded: () => true,
          load: () => Promise.resolve(),
          track: async (context) => {
            await new Promise((resolve) => window.addEventListener('go on', resolve, { once: true }))
            return context
          }
        })
        await window.analytics.identify('alice')
        void window.analytics.track('Late')
        await window.analytics.reset()
      })
      expect(await callsOf(site, 3)).toStrictEqual([STARTED, ['identify', 'alice'], ['resetIdentity']])
      await site.page.evaluate(() => window.dispatchEvent(new Event('go on')))
      expect(await callsOf(site, 4)).toStrictEqual([
        STARTED,
        ['identify', 'alice'],
        ['resetIdentity'],
        ['track', 'Late', {}]
      ])
    })
  })
})

describe('what Heap is given', () => {
  it('is the contract example', async () => {
    await onPage({}, async (site) => {
      await startHeap(site)
      await site.page.evaluate(() =>
        window.analytics.track('Signed Up', {
          foo: { bar: { cheese: 'american', prop: [1, 2, 3], products: [{ A: 'Jello' }, { B: 'Peanut' }] } }
        })
      )
      expect(await callsOf(site, 2)).toStrictEqual([
        STARTED,
        [
          'track',
          'Signed Up',
          {
            'foo.bar.cheese': 'american',
            'foo.bar.prop': '[1,2,3]',
            'foo.bar.products': '[{"A":"Jello"},{"B":"Peanut"}]'
          }
        ]
      ])
    })
  })

  it('keeps numbers and booleans, makes text of dates and arrays, and leaves out what is nothing', async () => {
    await onPage({}, async (site) => {
      await startHeap(site)
      await site.page.evaluate(async () => {
        const values = () => ({
          text: 'blue',
          price: 12.5,
          zero: 0,
          paid: true,
          gift: false,
          at: new Date('2026-11-23T10:00:00.000Z'),
          sizes: [42, null, 'XL', new Date(0)],
          none: [],
          nothing: null,
          missing: undefined,
          unknown: NaN,
          empty: {},
          address: { city: 'Berlin', geo: { lat: 52.5 } },
          long: 'x'.repeat(2000)
        })
        await window.analytics.track('Order', values())
        await window.analytics.identify('alice', { ...values(), id: 7, Email: 'alice@example.com' })
      })
      const expected = {
        text: 'blue',
        price: 12.5,
        zero: 0,
        paid: true,
        gift: false,
        at: '2026-11-23T10:00:00.000Z',
        sizes: '[42,null,"XL","1970-01-01T00:00:00.000Z"]',
        none: '[]',
        'address.city': 'Berlin',
        'address.geo.lat': 52.5,
        long: 'x'.repeat(1023)
      }
      expect(await callsOf(site, 4)).toStrictEqual([
        STARTED,
        ['track', 'Order', expected],
        ['identify', 'alice'],
        ['addUserProperties', { ...expected, segment_id: 7, email: 'alice@example.com' }]
      ])
    })
  })

  it('is no identity for a visitor who is not known, but their traits', async () => {
    await onPage({}, async (site) => {
      await startHeap(site)
      await site.page.evaluate(async () => {
        await window.analytics.identify({ plan: 'pro' })
        await window.analytics.identify('  ', { plan: 'free' })
      })
      expect(await callsOf(site, 3)).toStrictEqual([
        STARTED,
        ['addUserProperties', { plan: 'pro' }],
        ['addUserProperties', { plan: 'free' }]
      ])
    })
  })

  it('is the identity alone where there are no traits, trimmed, and a number as text', async () => {
    await onPage({}, async (site) => {
      await startHeap(site)
      await site.page.evaluate(async () => {
        await window.analytics.identify(' alice ')
        await window.analytics.reset()
        await window.analytics.identify(4711 as unknown as string)
      })
      expect(await callsOf(site, 4)).toStrictEqual([
        STARTED,
        ['identify', 'alice'],
        ['resetIdentity'],
        ['identify', '4711']
      ])
    })
  })

  it.each([
    ['undefined', 'Identity is "undefined", a placeholder that names nobody'],
    ['NULL', 'Identity is "NULL", a placeholder that names nobody'],
    ['0', 'Identity is "0", a placeholder that names nobody'],
    ['[object Object]', 'Identity is "[object Object]", a placeholder that names nobody'],
    ['a'.repeat(256), 'Identity is 256 characters long']
  ])('is never the identity %s, of which the developer is told', async (userId, warning) => {
    await onPage({ warnings: [expect.stringContaining(`Heap: ${warning}`) as string] }, async (site) => {
      await startHeap(site)
      await site.page.evaluate((id) => window.analytics.identify(id, { plan: 'pro' }), userId)
      expect(await callsOf(site, 2)).toStrictEqual([STARTED, ['addUserProperties', { plan: 'pro' }]])
    })
  })

  it('is nothing of what Heap cannot take, and all that comes after', async () => {
    await onPage(
      {
        warnings: [
          'Heap: Event Name is 1025 characters long; Heap accepts at most 1024. The event was not sent.',
          expect.stringMatching(/^Heap: .*"loop\.loop" contains itself/) as string,
          'Heap: An event has no name, so it was not sent.'
        ]
      },
      async (site) => {
        await startHeap(site)
        await site.page.evaluate(async () => {
          const loop: Record<string, unknown> = {}
          loop.loop = { loop }
          await window.analytics.track('x'.repeat(1025))
          await window.analytics.track('Loop', loop)
          await window.analytics.track(' ')
          await window.analytics.track('x'.repeat(1024), { good: true })
        })
        expect(await callsOf(site, 2)).toStrictEqual([STARTED, ['track', 'x'.repeat(1024), { good: true }]])
      }
    )
  })

  it('is nothing of a call that leaves Heap out, and nothing of other calls', async () => {
    await onPage({}, async (site) => {
      await startHeap(site)
      await site.page.evaluate(async () => {
        const { analytics } = window
        await analytics.track('Private', {}, { integrations: { Heap: false } })
        await analytics.track('Private', {}, { integrations: { All: false } })
        await analytics.page('Shop')
        await analytics.group('acme', { size: 7 })
        await analytics.track('Public', {}, { integrations: { All: false, Heap: true } })
      })
      expect(await callsOf(site, 2)).toStrictEqual([STARTED, ['track', 'Public', {}]])
    })
  })
})

describe('the library', () => {
  it('comes from the region’s CDN, with the settings', async () => {
    await onPage({}, async (site) => {
      await startHeap(site, {
        region: 'EU',
        disableTextCapture: true,
        secureCookie: false,
        ingestServer: 'https://heap.example.com'
      })
      expect(await callsOf(site, 1)).toStrictEqual([
        [
          'library',
          '12343283',
          {
            disableTextCapture: true,
            secureCookie: false,
            ingestServer: 'https://heap.example.com',
            shouldFetchServerConfig: false
          }
        ]
      ])
      expect(site.requests).toStrictEqual([`GET ${EU_LIBRARY}`])
    })
  })

  it('comes from a host of one’s own, and does not hold up the page', async () => {
    await onPage({}, async (site) => {
      await startHeap(site, { hostname: ' heap.example.com ', region: 'EU' })
      expect(await callsOf(site, 1)).toStrictEqual([STARTED])
      expect(site.requests).toStrictEqual(['GET https://heap.example.com/config/12343283/heap_config.js'])
      const script = site.page.locator('script[src*="heap_config"]')
      expect(await script.evaluate((element: HTMLScriptElement) => element.async)).toBe(true)
    })
  })

  const SNIPPET = `<script>
    window.heapReadyCb = []
    window.heap = []
    heap.envId = '999'
    heap.clientConfig = { own: true }
    for (const name of ['identify', 'addUserProperties', 'track', 'resetIdentity'])
      heap[name] = (...args) => heapReadyCb.push({ name, fn: () => heap[name](...args) })
    heap.track('From the snippet', {})
  </script>`

  it.each([
    ['has begun to load it', `${SNIPPET}<script async src="${EU_LIBRARY}"></script>`],
    ['has it', `${SNIPPET}<script src="${EU_LIBRARY}"></script>`]
  ])('is the page’s own where the page %s', async (_state, html) => {
    await onPage({ html }, async (site) => {
      await startHeap(site)
      await site.page.evaluate(async () => {
        await window.analytics.ready()
        await window.analytics.track('From Segment')
      })
      expect(await callsOf(site, 3)).toStrictEqual([
        ['library', '999', { own: true }],
        ['track', 'From the snippet', {}],
        ['track', 'From Segment', {}]
      ])
      expect(site.requests).toStrictEqual([`GET ${EU_LIBRARY}`])
    })
  })

  it('is not loaded twice where a script of the page loads it without a queue', async () => {
    const { cdn, answer } = slowCdn()
    await onPage({ cdn, html: `<script async src="${US_LIBRARY}"></script>` }, async (site) => {
      await startHeap(site)
      await site.page.evaluate(() => window.analytics.track('Early'))
      answer()
      expect(await callsOf(site, 2)).toStrictEqual([STARTED, ['track', 'Early', {}]])
      expect(site.requests).toStrictEqual([`GET ${US_LIBRARY}`])
    })
  })

  it('may put itself in the place of its loader', async () => {
    const cdn = (route: Route) =>
      route.fulfill({ contentType: 'text/javascript', body: `window.heap = { ...window.heap }; ${LIBRARY}` })
    await onPage({ cdn }, async (site) => {
      await startHeap(site)
      await site.page.evaluate(async () => {
        await window.analytics.track('Early')
        await window.analytics.ready()
        await window.analytics.track('Late')
      })
      expect(await callsOf(site, 3)).toStrictEqual([STARTED, ['track', 'Early', {}], ['track', 'Late', {}]])
    })
  })
})

describe('a page that cannot have Heap', () => {
  /** Uses the page as if nothing were wrong, and shows that the rest of Segment works. */
  async function useWithoutHeap(site: Visit, settings = {}): Promise<void> {
    await startHeap(site, settings)
    const seen = await site.page.evaluate(async () => {
      const seen: unknown[] = []
      await window.analytics.register({
        name: 'Other',
        type: 'destination',
        version: '1.0.0',
        isLoaded: () => true,
        load: () => Promise.resolve(),
        track: (context) => {
          seen.push(context.event.event)
          return context
        }
      })
      await window.analytics.track('Before')
      await window.analytics.ready()
      await window.analytics.identify('alice', { plan: 'pro' })
      await window.analytics.reset()
      await window.analytics.track('After')
      return seen
    })
    expect(seen).toStrictEqual(['Before', 'After'])
    expect(site.segment.filter(Boolean)).toStrictEqual(['Before', 'After'])
  }

  it.each<[string, VisitOptions['cdn']]>([
    ['is blocked', (route) => route.abort('blockedbyclient')],
    ['is down', (route) => route.abort('connectionrefused')],
    ['answers 503', (route) => route.fulfill({ status: 503 })]
  ])('as the CDN %s goes on, with one warning', async (_state, cdn) => {
    const warnings = [`Heap is not loaded, so it sees nothing of this page: Failed to load ${US_LIBRARY}.`]
    await onPage({ cdn, warnings }, (site) => useWithoutHeap(site))
  })

  it('as the CDN serves something else goes on, with one warning', async () => {
    await onPage(
      {
        cdn: (route) => route.fulfill({ contentType: 'text/javascript', body: '// Not Heap' }),
        warnings: [
          `Heap is not loaded, so it sees nothing of this page: ${US_LIBRARY} was loaded, but Heap did not start within 15 seconds.`
        ]
      },
      async (site) => {
        await site.page.clock.install()
        const used = useWithoutHeap(site)
        const clock = setInterval(() => void site.page.clock.runFor(1000).catch(() => undefined), 20)
        await used
        clearInterval(clock)
      }
    )
  })

  it.each<[string, object, string]>([
    [
      'App ID that is missing',
      { appId: undefined },
      'App ID "" is not a Heap environment ID, which is a number such as 12343283'
    ],
    [
      'App ID that is a name',
      { appId: 'my app' },
      'App ID "my app" is not a Heap environment ID, which is a number such as 12343283'
    ],
    [
      'App ID that is a path',
      { appId: '1/../2' },
      'App ID "1/../2" is not a Heap environment ID, which is a number such as 12343283'
    ],
    ['unknown region', { region: 'APAC' }, 'Data Region "APAC" is unknown; select US or EU'],
    [
      'hostname that is a URL',
      { hostname: 'https://heap.example.com' },
      'Hostname "https://heap.example.com" is not a host name such as heap.example.com'
    ]
  ])('for an %s goes on, with one warning', async (_what, settings, reason) => {
    await onPage({ warnings: [`Heap is not loaded, so it sees nothing of this page: ${reason}.`] }, async (site) => {
      await useWithoutHeap(site, settings)
      expect(site.requests).toStrictEqual([])
    })
  })
})

describe('a page with a Content-Security-Policy', () => {
  const readme = readFileSync(path.join(__dirname, '../../../../README.md'), 'utf8')
  const csp = /^script-src .*$/m.exec(readme)?.[0] ?? ''

  it('has Heap under the policy that the README names', async () => {
    await onPage({ csp }, async (site) => {
      await startHeap(site)
      await site.page.evaluate(() => window.analytics.track('Signed Up', { price: 12.5 }))
      expect(await callsOf(site, 2)).toStrictEqual([STARTED, ['track', 'Signed Up', { price: 12.5 }]])
      expect(site.segment).toStrictEqual(['Signed Up'])
    })
  })

  it('goes on without Heap under one that does not let it in', async () => {
    const warnings = [`Heap is not loaded, so it sees nothing of this page: Failed to load ${EU_LIBRARY}.`]
    const site = await visit(browser, { csp })
    try {
      await startHeap(site, { region: 'EU' })
      await site.page.evaluate(() => window.analytics.track('Signed Up'))
      await site.page.evaluate(() => window.analytics.ready())
      expect(site.warnings).toStrictEqual(warnings)
      expect(site.errors).toStrictEqual([expect.stringContaining('violates the following Content Security Policy')])
      expect(site.requests).toStrictEqual([])
      expect(site.segment).toStrictEqual(['Signed Up'])
    } finally {
      await site.leave()
    }
  })
})

describe('the definition', () => {
  it('does the same through Segment’s own analytics.js', async () => {
    const { cdn, answer } = slowCdn()
    await onPage({ cdn }, async (site) => {
      await site.page.evaluate(async (presets) => {
        const subscriptions = presets.map((preset) => ({ ...preset, enabled: true }))
        const plugins = await window.heapPlugins({ appId: '12343283', region: 'EU', subscriptions })
        window.analytics = window.AnalyticsBrowser.load({ writeKey: 'any' })
        await window.analytics.register(...plugins)
      }, destination.presets as object[])
      answer()
      await site.page.waitForFunction(() => window.heapCalls?.length > 0)
      await site.page.evaluate(async () => {
        const { analytics } = window
        await analytics.track('Signed Up', { price: 12.5, sizes: [42, 43] })
        await analytics.identify('alice', { address: { city: 'Berlin' } })
        await analytics.identify({ vip: true })
        const last = analytics.track('Bye')
        await analytics.reset()
        await last
        await analytics.track('Hello')
      })
      expect(await site.heapCalls()).toStrictEqual([
        ['library', '12343283', { shouldFetchServerConfig: false }],
        ['track', 'Signed Up', { price: 12.5, sizes: '[42,43]' }],
        ['identify', 'alice'],
        ['addUserProperties', { 'address.city': 'Berlin' }],
        ['identify', 'alice'],
        ['addUserProperties', { 'address.city': 'Berlin', vip: true }],
        ['track', 'Bye', {}],
        ['resetIdentity'],
        ['track', 'Hello', {}]
      ])
      expect(site.requests).toStrictEqual([`GET ${EU_LIBRARY}`])
    })
  })

  it('has the presets of the web destination', () => {
    expect(destination.presets).toStrictEqual([
      {
        name: 'Track Event',
        subscribe: 'type = "track"',
        partnerAction: 'trackEvent',
        mapping: { event: { '@path': '$.event' }, properties: { '@path': '$.properties' } },
        type: 'automatic'
      },
      {
        name: 'Identify User',
        subscribe: 'type = "identify"',
        partnerAction: 'identifyUser',
        mapping: { user_id: { '@path': '$.userId' }, traits: { '@path': '$.traits' } },
        type: 'automatic'
      }
    ])
  })
})
