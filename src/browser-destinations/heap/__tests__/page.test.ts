import type { Context } from '@segment/analytics-next'
import type { BrowserContext, Route } from 'playwright-core'
import { beforeAll, describe, launchChromium } from '../../../__tests__/chromium'
import { codeBlock } from '../../../__tests__/docs'
import { destination } from '..'
import { LIBRARY, serveLibrary, startDestination, startHeap, visit } from './site'
import type { Visit, VisitOptions } from './site'

const US_LIBRARY = 'https://cdn.us.heap-api.com/config/12343283/heap_config.js'
const EU_LIBRARY = 'https://cdn.eu.heap-api.com/config/12343283/heap_config.js'

/** What the library finds when it starts. */
const STARTED = ['library', '12343283', { shouldFetchServerConfig: false }]

/** What is said of a track call that comes too late. */
function tooLate(event: string): string {
  return `Heap: The track call "${event}" comes too late: the visitor has changed since it was made. It is left out, as Heap would count it for the wrong person.`
}

let browser: BrowserContext
beforeAll(async () => {
  // A context for each page would take longer than the page.
  browser = await (await launchChromium()).newContext()
})

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
function slowCdn(library = LIBRARY): { cdn: (route: Route) => Promise<void>; answer: () => void } {
  let answer = (): void => undefined
  const told = new Promise<void>((resolve) => (answer = resolve))
  return { cdn: (route) => told.then(() => serveLibrary(route, library)), answer: () => answer() }
}

/** Waits until Heap's library has been called so often, and gives all calls. */
async function callsOf(site: Visit, count: number): Promise<unknown[][]> {
  await site.page.waitForFunction((expected) => window.heapCalls?.length >= expected, count)
  return site.heapCalls()
}

describe.each([
  ['the plugin', startHeap],
  ['Segment’s own analytics.js', startDestination]
])('the order of calls, through %s,', (_way, start) => {
  it('keeps what was called before the library has arrived and after, each once', async () => {
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
        await new Promise((go) => setTimeout(go, 200))
        void analytics.identify('bob')
        await new Promise((go) => setTimeout(go, 200))
        void analytics.track('By Bob')
      })
      expect(await site.heapCalls()).toBeUndefined()
      answer()
      await site.page.waitForFunction(() => window.heapCalls?.length > 1)
      await site.page.evaluate(async () => {
        for (let step = 4; step <= 6; step++) await window.analytics.track('Step', { step })
        await window.analytics.identify('bob', { plan: 'free' })
      })
      expect(await site.heapCalls()).toStrictEqual([
        STARTED,
        ['track', 'Page Opened', {}],
        ['identify', 'alice'],
        ['addUserProperties', { plan: 'pro' }],
        ...[1, 2, 3].map((step) => ['track', 'Step', { step }]),
        ['identify', 'bob'],
        ['track', 'By Bob', {}],
        ...[4, 5, 6].map((step) => ['track', 'Step', { step }]),
        ['identify', 'bob'],
        ['addUserProperties', { plan: 'free' }]
      ])
      expect(site.requests).toStrictEqual([`GET ${US_LIBRARY}`])
    })
  })

  it('is kept where calls do not wait for each other, resets among them', async () => {
    await onPage({}, async (site) => {
      await start(site)
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
      await start(site)
      await site.page.evaluate(async () => {
        const { analytics } = window
        await analytics
        void analytics.identify('alice')
        void analytics.track('By Alice')
        await analytics.reset()
        void analytics.track('By a stranger')
        // Longer than a reset waits once the library is there.
        await new Promise((go) => setTimeout(go, 1500))
      })
      answer()
      expect(await callsOf(site, 5)).toStrictEqual([
        STARTED,
        ['identify', 'alice'],
        ['track', 'By Alice', {}],
        ['resetIdentity'],
        ['track', 'By a stranger', {}]
      ])
    })
  })

  it('has a reset at once where Heap has all calls before it, however long Segment takes', async () => {
    await onPage({ segmentTakes: 2000 }, async (site) => {
      await start(site)
      await site.page.evaluate(() => {
        void window.analytics.page('Shop')
        void window.analytics.identify('alice')
        void window.analytics.track('Logged Out')
      })
      await callsOf(site, 3)
      const calls = await site.page.evaluate(async () => {
        await window.analytics.reset()
        // Only the plugin knows that Heap is to get nothing of a page call.
        window.dispatchEvent(new Event('pagehide'))
        return window.heapCalls
      })
      expect(calls).toStrictEqual([STARTED, ['identify', 'alice'], ['track', 'Logged Out', {}], ['resetIdentity']])
    })
  })

  it('gives no call to the next visitor that comes after a reset made for the last', async () => {
    await onPage({ warnings: [tooLate('Late'), tooLate('Late')] }, async (site) => {
      await start(site)
      await site.page.evaluate(async () => {
        const { analytics } = window
        await analytics.register(
          window.otherPlugin('before', {
            track: async (context) => {
              if (context.event.event !== 'Late') return context
              await new Promise((resolve) => window.addEventListener('go on', resolve, { once: true }))
              return context
            }
          })
        )
        await analytics.identify('alice')
        void analytics.track('Late')
        // A reset that waits is not forgotten when the visitor goes.
        await analytics.reset()
        window.dispatchEvent(new Event('pagehide'))
      })
      expect(await site.heapCalls()).toStrictEqual([STARTED, ['identify', 'alice'], ['resetIdentity']])
      await site.page.evaluate(async () => {
        window.dispatchEvent(new Event('go on'))
        await window.analytics.identify('bob')
        void window.analytics.track('Late')
        await window.analytics.reset()
      })
      // And it does not wait for long.
      expect(await callsOf(site, 5)).toHaveLength(5)
      await site.page.evaluate(async () => {
        window.dispatchEvent(new Event('go on'))
        await window.analytics.track('By a stranger')
      })
      expect(await site.heapCalls()).toStrictEqual([
        STARTED,
        ['identify', 'alice'],
        ['resetIdentity'],
        ['identify', 'bob'],
        ['resetIdentity'],
        ['track', 'By a stranger', {}]
      ])
    })
  })

  it('gives no call of an earlier page to another visitor', async () => {
    await onPage({ warnings: [tooLate('By Alice')] }, async (site) => {
      await site.page.evaluate(() => {
        const event = { type: 'track', properties: {}, integrations: {}, context: { page: {} } }
        const contexts = [
          {
            id: '1',
            event: { ...event, event: 'By Alice', anonymousId: 'a-1', userId: 'alice', messageId: 'message-1' }
          },
          { id: '2', event: { ...event, event: 'By a stranger', anonymousId: 'a-2', messageId: 'message-2' } }
        ]
        localStorage.setItem('persisted-queue:v1:any:event-queue:items', JSON.stringify(contexts))
        localStorage.setItem('ajs_anonymous_id', '"a-2"')
      })
      await start(site)
      await site.page.evaluate(() => window.analytics.track('Now'))
      expect(await callsOf(site, 3)).toStrictEqual([STARTED, ['track', 'By a stranger', {}], ['track', 'Now', {}]])
    })
  })

  it('has each call once however often another destination makes analytics.js try again', async () => {
    await onPage({}, async (site) => {
      await start(site)
      const attempts = await site.page.evaluate(async () => {
        const { analytics } = window
        let attempts = 0
        await analytics.register(
          window.otherPlugin('destination', {
            track: async (context) => {
              attempts++
              // The first fails before Heap is called, the second after.
              if (attempts === 2) await new Promise((go) => setTimeout(go, 50))
              if (attempts > 2) return context
              return context.cancel(new window.ContextCancelation({ retry: true, type: 'middleware_cancellation' }))
            }
          })
        )
        // It waits as briefly as it does by chance.
        Math.random = () => 0
        const once = analytics.track('Once')
        // What is no reset does not make another visitor of it.
        await analytics.setAnonymousId('device-1')
        await once
        await analytics.track('Next')
        return attempts
      })
      expect(attempts).toBe(4)
      expect(await site.heapCalls()).toStrictEqual([STARTED, ['track', 'Once', {}], ['track', 'Next', {}]])
    })
  })

  it('is kept over a reset and another identity where the page is busy or a middleware is slow', async () => {
    await onPage({}, async (site) => {
      await start(site)
      await site.page.evaluate(async () => {
        const { analytics } = window
        await analytics.register(
          window.otherPlugin('before', {
            track: async (context) => {
              if (context.event.event === 'By Bob') await new Promise((go) => setTimeout(go, 50))
              return context
            }
          })
        )
        await analytics.identify('alice')
        void analytics.track('By Alice')
        await analytics.reset()
        await new Promise((go) => setTimeout(go))
        const until = performance.now() + 1200
        while (performance.now() < until);
        void analytics.identify('bob')
        void analytics.track('By Bob')
        void analytics.identify('carol')
        await analytics.track('By Carol')
      })
      expect(await callsOf(site, 8)).toStrictEqual([
        STARTED,
        ['identify', 'alice'],
        ['track', 'By Alice', {}],
        ['resetIdentity'],
        ['identify', 'bob'],
        ['track', 'By Bob', {}],
        ['identify', 'carol'],
        ['track', 'By Carol', {}]
      ])
    })
  })

  it('gives no call to the person who has come after', async () => {
    const identifyTooLate = tooLate('').replace('track call ""', 'identify call')
    await onPage({ warnings: [tooLate('By Alice'), identifyTooLate] }, async (site) => {
      await start(site)
      await site.page.evaluate(async () => {
        const { analytics } = window
        const hold = (name: string) => async (context: Context) => {
          const { event, userId } = context.event
          if (name === event || (name === userId && context.event.type === 'identify'))
            await new Promise((resolve) => window.addEventListener(`go on with ${name}`, resolve, { once: true }))
          return context
        }
        await analytics.register(
          window.otherPlugin('before', {
            track: hold('By Alice'),
            identify: hold('bob')
          })
        )
        await analytics.track('By somebody')
        await analytics.identify('alice')
        void analytics.track('By Alice')
        void analytics.identify('bob')
        await analytics.identify('carol')
        for (const name of ['By Alice', 'bob']) window.dispatchEvent(new Event(`go on with ${name}`))
        await analytics.track('By Carol')
      })
      expect(await callsOf(site, 5)).toStrictEqual([
        STARTED,
        ['track', 'By somebody', {}],
        ['identify', 'alice'],
        ['identify', 'carol'],
        ['track', 'By Carol', {}]
      ])
      await site.page.waitForTimeout(100)
    })
  })

  it('takes an event for the same whatever a middleware makes of its IDs', async () => {
    await onPage({}, async (site) => {
      await start(site)
      await site.page.evaluate(async () => {
        const { analytics } = window
        await analytics.register(
          window.otherPlugin('before', {
            track: (context) => {
              Object.assign(context.event, { userId: `hash of ${String(context.event.userId)}` })
              return context
            }
          })
        )
        await analytics.identify('alice')
        await analytics.track('By Alice')
      })
      expect(await callsOf(site, 3)).toStrictEqual([STARTED, ['identify', 'alice'], ['track', 'By Alice', {}]])
    })
  })

  it('leaves an anonymous visitor where the next identity names nobody', async () => {
    const warning = expect.stringMatching(
      /^Heap: Identity is "guest", a placeholder.*The visitor is anonymous to Heap from here on\.$/
    ) as string
    await onPage({ warnings: [warning] }, async (site) => {
      await start(site)
      await site.page.evaluate(async () => {
        await window.analytics.identify('alice', { plan: 'pro' })
        await window.analytics.identify('guest', { plan: 'none' })
        await window.analytics.track('By a guest')
      })
      expect(await callsOf(site, 6)).toStrictEqual([
        STARTED,
        ['identify', 'alice'],
        ['addUserProperties', { plan: 'pro' }],
        ['resetIdentity'],
        ['addUserProperties', { plan: 'none' }],
        ['track', 'By a guest', {}]
      ])
    })
  })
})

describe('the plugin', () => {
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

  it('is each call once where Heap is registered twice', async () => {
    const warnings = [
      'Heap is registered already. The second registration is left out, so that Heap sees each event once.'
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

  it('is left out where it is registered once more', async () => {
    const warnings = [
      'Heap is registered already. The second registration is left out, so that Heap sees each event once.'
    ]
    await onPage({ warnings }, async (site) => {
      await site.page.evaluate(async () => {
        const { analytics } = Object.assign(window, { analytics: window.AnalyticsBrowser.load({ writeKey: 'any' }) })
        const plugin = window.heapPlugin({ appId: '12343283' })
        await analytics.register(plugin)
        await analytics.register(plugin)
        await analytics.identify('alice')
        await analytics.reset()
      })
      expect(await callsOf(site, 3)).toStrictEqual([STARTED, ['identify', 'alice'], ['resetIdentity']])
    })
  })

  it('lets nobody be taken for the person of an earlier page', async () => {
    const warnings = [expect.stringContaining('Identity is "guest", a placeholder') as string]
    await onPage({ warnings }, async (site) => {
      await site.page.evaluate(() => localStorage.setItem('ajs_user_id', '"alice"'))
      await startHeap(site)
      await site.page.evaluate(() => window.analytics.identify('guest', { plan: 'none' }))
      expect(await callsOf(site, 3)).toStrictEqual([
        STARTED,
        ['resetIdentity'],
        ['addUserProperties', { plan: 'none' }]
      ])
    })
  })

  it('knows a call whose message ID a middleware has changed', async () => {
    await onPage({}, async (site) => {
      await startHeap(site)
      await site.page.evaluate(async () => {
        const { analytics } = window
        await analytics.register(
          window.otherPlugin('before', {
            track: (context) => {
              Object.assign(context.event, { messageId: `my-${context.event.messageId}` })
              return context
            }
          })
        )
        await analytics.identify('alice')
        void analytics.track('By Alice')
        await analytics.reset()
        await analytics.track('By a stranger')
      })
      expect(await callsOf(site, 5)).toStrictEqual([
        STARTED,
        ['identify', 'alice'],
        ['track', 'By Alice', {}],
        ['resetIdentity'],
        ['track', 'By a stranger', {}]
      ])
    })
  })

  it('can be taken away and put back', async () => {
    await onPage({}, async (site) => {
      await startHeap(site)
      await site.page.evaluate(async () => {
        const { analytics } = window
        await analytics.identify('alice')
        await analytics.deregister('Heap')
        await analytics.track('Not for Heap')
        await analytics.reset()
        await analytics.register(window.heapPlugin({ appId: '12343283' }))
        await analytics.identify('bob')
        await analytics.reset()
        await analytics.track('By a stranger')
      })
      expect(await site.heapCalls()).toStrictEqual([
        STARTED,
        ['identify', 'alice'],
        ['identify', 'bob'],
        ['resetIdentity'],
        ['track', 'By a stranger', {}]
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

  it('is never an identity that Heap must not get, of which the developer is told', async () => {
    const placeholders = ['undefined', 'NULL', '0', '[object Object]']
    const warnings = [
      ...placeholders.map((id) => `Identity is "${id}", a placeholder that names nobody`),
      'Identity is 256 characters long'
    ].map((warning) => expect.stringContaining(`Heap: ${warning}`) as string)
    await onPage({ warnings }, async (site) => {
      await startHeap(site)
      await site.page.evaluate(
        async (ids) => {
          for (const [number, id] of ids.entries()) await window.analytics.identify(id, { number })
        },
        [...placeholders, 'a'.repeat(256)]
      )
      expect(await callsOf(site, 6)).toStrictEqual([
        STARTED,
        ...[0, 1, 2, 3, 4].map((number) => ['addUserProperties', { number }])
      ])
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

  it('comes from the US where the settings are left empty', async () => {
    await onPage({}, async (site) => {
      await startHeap(site, { region: '', disableTextCapture: null, ingestServer: '', hostname: '' } as object)
      expect(await callsOf(site, 1)).toStrictEqual([STARTED])
      expect(site.requests).toStrictEqual([`GET ${US_LIBRARY}`])
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

  it('may be the classic one, which does not know the queue of the current', async () => {
    const classic = 'https://cdn.heapanalytics.com/js/heap-12343283.js'
    const { cdn, answer } = slowCdn(`
      const queue = heapReadyCb.splice(0);
      ${LIBRARY};
      heapReadyCb.push(...queue);
      setTimeout(() => analytics.reset())`)
    await onPage({ cdn, html: `<script async src="${classic}"></script>` }, async (site) => {
      await startHeap(site)
      await site.page.evaluate(async () => {
        void window.analytics.identify('alice')
        await window.analytics.track('Early')
      })
      answer()
      expect(await callsOf(site, 4)).toStrictEqual([
        STARTED,
        ['identify', 'alice'],
        ['track', 'Early', {}],
        ['resetIdentity']
      ])
      expect(site.requests).toStrictEqual([`GET ${classic}`])
    })
  })

  it('may fail in whatever way', async () => {
    const failing = `${LIBRARY}; heap.track = () => { throw Object.create(null) }; heap.identify = () => { throw new Error('broken') }`
    const warnings = ['Heap: broken', 'Heap: its library failed with object']
    await onPage({ cdn: (route) => serveLibrary(route, failing), warnings }, async (site) => {
      await startHeap(site)
      await site.page.evaluate(async () => {
        await window.analytics.ready()
        await window.analytics.identify('alice')
        await window.analytics.track('Lost')
      })
    })
  })

  it('may be an object with methods', async () => {
    const { cdn, answer } = slowCdn(`
      const queue = heapReadyCb.splice(0);
      ${LIBRARY};
      class Heap { calls = heapCalls; track(...args) { this.calls.push(['track', ...args]) } }
      heap = new Heap()
      queue.forEach(({ fn }) => fn())`)
    await onPage({ cdn }, async (site) => {
      await startHeap(site)
      await site.page.evaluate(() => window.analytics.track('Early'))
      answer()
      expect(await callsOf(site, 2)).toStrictEqual([STARTED, ['track', 'Early', {}]])
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
      await window.analytics.register(
        window.otherPlugin('destination', {
          track: (context) => {
            seen.push(context.event.event)
            return context
          }
        })
      )
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
    const warnings = [
      `Heap is not loaded, and sees nothing of this page as long as it is not: Failed to load ${US_LIBRARY}.`
    ]
    await onPage({ cdn, warnings }, async (site) => {
      await useWithoutHeap(site)
      const kept = await site.page.evaluate(() => {
        for (let call = 0; call < 2000; call++) window.heap?.track?.('From the page', {})
        return (window as { heapReadyCb?: unknown[] }).heapReadyCb
      })
      expect(kept).toStrictEqual([])
    })
  })

  /** Runs the page's clock while it is used. */
  async function useForLong(site: Visit): Promise<void> {
    await site.page.clock.install()
    const used = useWithoutHeap(site)
    const clock = setInterval(() => void site.page.clock.runFor(1000).catch(() => undefined), 20)
    await used
    clearInterval(clock)
  }

  const gaveUp = `Heap is not loaded, and sees nothing of this page as long as it is not: ${US_LIBRARY} did not start Heap within 15 seconds.`

  it('as the CDN serves something else goes on, with one warning', async () => {
    await onPage({ cdn: (route) => serveLibrary(route, '// Not Heap'), warnings: [gaveUp] }, useForLong)
  })

  it('as the CDN does not answer goes on, with one warning; should it answer yet, Heap gets all calls', async () => {
    const { cdn, answer } = slowCdn()
    await onPage({ cdn, warnings: [gaveUp] }, async (site) => {
      await useForLong(site)
      answer()
      expect(await callsOf(site, 6)).toStrictEqual([
        STARTED,
        ['track', 'Before', {}],
        ['identify', 'alice'],
        ['addUserProperties', { plan: 'pro' }],
        ['resetIdentity'],
        ['track', 'After', {}]
      ])
    })
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
      'ingest server that is no URL',
      { ingestServer: 'heap.example.com' },
      'Ingest Server "heap.example.com" is not a URL such as https://heap.example.com'
    ],
    [
      'hostname that is a URL',
      { hostname: 'https://heap.example.com' },
      'Hostname "https://heap.example.com" is not a host name such as heap.example.com'
    ]
  ])('for an %s goes on, with one warning', async (_what, settings, reason) => {
    await onPage(
      { warnings: [`Heap is not loaded, and sees nothing of this page as long as it is not: ${reason}.`] },
      async (site) => {
        await useWithoutHeap(site, settings)
        expect(site.requests).toStrictEqual([])
      }
    )
  })
})

describe('a page with a Content-Security-Policy', () => {
  const csp = codeBlock('docs/device-mode.md', 'script-src').trim()

  it('has Heap under the policy that docs/device-mode.md names', async () => {
    await onPage({ csp }, async (site) => {
      await startHeap(site)
      await site.page.evaluate(() => window.analytics.track('Signed Up', { price: 12.5 }))
      expect(await callsOf(site, 2)).toStrictEqual([STARTED, ['track', 'Signed Up', { price: 12.5 }]])
      expect(site.segment).toStrictEqual(['Signed Up'])
    })
  })

  it('goes on without Heap under one that does not let it in', async () => {
    const warnings = [
      `Heap is not loaded, and sees nothing of this page as long as it is not: Failed to load ${EU_LIBRARY}.`
    ]
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
  it('says what a mapping gives that Heap cannot take, and takes a number for a name', async () => {
    const warnings = [
      'Heap: Event Properties must be an object but it was a string. Nothing of it was sent.',
      'Heap: User Properties must be an object but it was an array. Nothing of it was sent.'
    ]
    await onPage({ warnings }, async (site) => {
      await startDestination(site, { region: 'EU' })
      await site.page.evaluate(async () => {
        const { analytics } = window
        const given: Record<string, object> = {
          Text: { properties: 'text' },
          List: { traits: ['list'] },
          Number: { event: 404 }
        }
        const change = (context: Context) => {
          const { event, traits } = context.event
          Object.assign(context.event, given[String(event ?? traits?.kind)])
          return context
        }
        await analytics.register(
          window.otherPlugin('before', {
            track: change,
            identify: change
          })
        )
        await analytics.track('Text')
        await analytics.identify('alice', { kind: 'List' })
        await analytics.track('Number', { price: 12.5, sizes: [42, 43] })
        await analytics.identify('alice', { kind: null, vip: true })
      })
      expect(await callsOf(site, 4)).toStrictEqual([
        STARTED,
        ['identify', 'alice'],
        ['track', '404', { price: 12.5, sizes: '[42,43]' }],
        ['identify', 'alice'],
        ['addUserProperties', { vip: true }]
      ])
      expect(site.requests).toStrictEqual([`GET ${EU_LIBRARY}`])
    })
  })

  it('gives the event of an identify call to the person that it names', async () => {
    await onPage({}, async (site) => {
      const presets = destination.presets ?? []
      const signedIn = {
        name: 'Signed In',
        partnerAction: 'trackEvent',
        subscribe: 'type = "identify"',
        mapping: { name: 'Signed In' },
        type: 'automatic'
      }
      await startDestination(site, {}, [signedIn, ...presets])
      await site.page.evaluate(async () => {
        await window.analytics.identify('alice')
        await window.analytics.identify('bob')
      })
      expect(await callsOf(site, 5)).toStrictEqual([
        STARTED,
        ['identify', 'alice'],
        ['track', 'Signed In', {}],
        ['identify', 'bob'],
        ['track', 'Signed In', {}]
      ])
    })
  })

  it('has the presets of the web destination', () => {
    expect(destination.presets).toStrictEqual([
      {
        name: 'Track Event',
        subscribe: 'type = "track"',
        partnerAction: 'trackEvent',
        mapping: { name: { '@path': '$.event' }, properties: { '@path': '$.properties' } },
        type: 'automatic'
      },
      {
        name: 'Identify User',
        subscribe: 'type = "identify"',
        partnerAction: 'identifyUser',
        mapping: { userId: { '@path': '$.userId' }, traits: { '@path': '$.traits' } },
        type: 'automatic'
      }
    ])
  })
})
