import type { Context } from '@segment/analytics-next'
import type { BrowserContext, Route } from 'playwright-core'
import { beforeAll, describe, launchChromium } from '../../../__tests__/chromium'
import { codeBlock } from '../../../__tests__/docs'
import { decide, LIBRARY, serveLibrary, startDestination, startHeap, visit } from './site'
import type { ConsentOptions, StartOptions, Visit, VisitOptions } from './site'

// What the rules are is tested without a browser, beside this file. Here it is shown that they hold on a page, with the real
// analytics.js and Segment's real consent wrapper.

const US_LIBRARY = 'https://cdn.us.heap-api.com/config/12343283/heap_config.js'
const EU_LIBRARY = 'https://cdn.eu.heap-api.com/config/12343283/heap_config.js'
const NOT_LOADED = 'Heap is not loaded, and sees nothing of this page as long as it is not:'

/** What the library finds when it starts. */
const STARTED = ['library', '12343283', { shouldFetchServerConfig: false }]

/** The call for an event. */
function tracked(event: string, properties: object = {}): unknown[] {
  return ['track', event, { ...properties, segment_library: 'browser-destination' }]
}

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
  { warnings = [], ...options }: VisitOptions & { warnings?: unknown[] },
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

/** Something that happens when it is told to. */
function later(): { happens: Promise<void>; now: () => void } {
  let now = (): void => undefined
  const happens = new Promise<void>((resolve) => (now = resolve))
  return { happens, now }
}

/** A CDN that answers only when it is told to. */
function slowCdn(library = LIBRARY): { cdn: (route: Route) => Promise<void>; answer: () => void } {
  const { happens, now } = later()
  return { cdn: (route) => happens.then(() => serveLibrary(route, library)), answer: now }
}

/** Waits until Heap's library has been called so often, other than to tell it the visitor's ID, and gives these calls. */
async function callsOf(site: Visit, count: number): Promise<unknown[][]> {
  await site.page.waitForFunction(
    (expected) => window.heapCalls?.filter(([name]) => name !== 'addUserProperties').length >= expected,
    count
  )
  return (await heapCallsOf(site)) ?? []
}

/** All calls of Heap's library but those that tell it the visitor's ID, which each event does; undefined before it has arrived. */
async function heapCallsOf(site: Visit): Promise<unknown[][] | undefined> {
  const calls = (await site.heapCalls()) as unknown[][] | undefined
  return calls?.filter(([name, properties]) => {
    return name !== 'addUserProperties' || Object.keys(properties as object).join() !== 'anonymous_id'
  })
}

/** Lets what the page has begun come to its end. */
function settle(site: Visit): Promise<void> {
  return site.page.evaluate(() => new Promise((go) => setTimeout(go, 50)))
}

const WAYS = [
  ['the plugin', startHeap],
  ['Segment’s own analytics.js', startDestination]
] as const

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
      expect(await site.heapCalls()).toBeUndefined()
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

  it.concurrent('is kept where calls do not wait for each other, resets among them', async () => {
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
      expect(await heapCallsOf(site)).toStrictEqual([
        STARTED,
        ['identify', 'alice'],
        ['addUserProperties', { plan: 'pro' }],
        tracked('By Alice'),
        ['resetIdentity'],
        tracked('By a stranger'),
        ['resetIdentity'],
        ['identify', 'bob'],
        tracked('By Bob')
      ])
    })
  })

  it.concurrent('is kept for a reset before the library has arrived', async () => {
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
        await new Promise((go) => setTimeout(go, 1200))
      })
      answer()
      expect(await callsOf(site, 5)).toStrictEqual([
        STARTED,
        ['identify', 'alice'],
        tracked('By Alice'),
        ['resetIdentity'],
        tracked('By a stranger')
      ])
    })
  })

  it.concurrent('has each call once however often another destination makes analytics.js try again', async () => {
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
      expect(await heapCallsOf(site)).toStrictEqual([STARTED, tracked('Once'), tracked('Next')])
    })
  })

  it.concurrent('takes an event for the same whatever a middleware makes of its IDs', async () => {
    await onPage({}, async (site) => {
      await start(site)
      await site.page.evaluate(async () => {
        const { analytics } = window
        await analytics.register(
          window.otherPlugin('before', {
            track: (context) => {
              const { userId, messageId } = context.event
              Object.assign(context.event, { userId: `hash of ${String(userId)}`, messageId: `my-${messageId}` })
              return context
            }
          })
        )
        await analytics.identify('alice')
        await analytics.track('By Alice')
      })
      expect(await callsOf(site, 3)).toStrictEqual([STARTED, ['identify', 'alice'], tracked('By Alice')])
    })
  })

  it.concurrent('leaves an anonymous visitor where an identity names nobody, whoever Heap knew before', async () => {
    const warning = expect.stringMatching(
      /^Heap: Identity is "guest", a placeholder.*The visitor is anonymous to Heap from here on\.$/
    )
    await onPage({ warnings: [warning, warning] }, async (site) => {
      await start(site)
      await site.page.evaluate(async () => {
        await window.analytics.identify('guest', { plan: 'none' })
        await window.analytics.identify('alice', { plan: 'pro' })
        await window.analytics.identify('guest')
        await window.analytics.track('By a guest')
      })
      expect(await callsOf(site, 5)).toStrictEqual([
        STARTED,
        ['resetIdentity'],
        ['addUserProperties', { plan: 'none' }],
        ['identify', 'alice'],
        ['addUserProperties', { plan: 'pro' }],
        ['resetIdentity'],
        tracked('By a guest')
      ])
    })
  })
})

describe('the order of calls', () => {
  it.concurrent('has a reset at once where Heap has all calls before it, however long Segment takes', async () => {
    const { happens: segmentAnswers, now: answer } = later()
    await onPage({ segmentAnswers }, async (site) => {
      await startHeap(site)
      await site.page.evaluate(() => {
        void window.analytics.identify('alice')
        void window.analytics.track('Logged Out')
      })
      await callsOf(site, 3)
      const calls = await site.page.evaluate(async () => {
        await window.analytics.reset()
        await new Promise((go) => setTimeout(go, 50))
        return window.heapCalls
      })
      expect(calls.at(-1)).toStrictEqual(['resetIdentity'])
      answer()
    })
  })

  it.concurrent('gives no call to the next visitor that comes after a reset made for the last', async () => {
    await onPage({ warnings: [tooLate('Late')] }, async (site) => {
      await startHeap(site)
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
      expect(await heapCallsOf(site)).toStrictEqual([STARTED, ['identify', 'alice'], ['resetIdentity']])
      await site.page.evaluate(async () => {
        window.dispatchEvent(new Event('go on'))
        await window.analytics.track('By a stranger')
      })
      expect(await callsOf(site, 4)).toStrictEqual([
        STARTED,
        ['identify', 'alice'],
        ['resetIdentity'],
        tracked('By a stranger')
      ])
    })
  })

  it.concurrent('gives no call of an earlier page to another visitor', async () => {
    await onPage({ warnings: [tooLate('By Alice')] }, async (site) => {
      await site.page.evaluate(() => {
        const event = { type: 'track', properties: {}, integrations: {}, context: { page: {} }, timestamp: 0 }
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
      await startHeap(site)
      await site.page.evaluate(() => window.analytics.track('Now'))
      expect(await callsOf(site, 3)).toStrictEqual([STARTED, tracked('By a stranger'), tracked('Now')])
    })
  })

  it.concurrent('does not wait for a call that a middleware of the page has stopped for good', async () => {
    await onPage({}, async (site) => {
      await startHeap(site)
      await site.page.evaluate(async () => {
        const { analytics } = window
        await analytics.addSourceMiddleware(({ payload, next }) => {
          if (payload.obj.event !== 'Stopped') next(payload)
        })
        await analytics.track('First')
        await analytics.track('Stopped')
        await analytics.reset()
        await new Promise((go) => setTimeout(go, 50))
      })
      expect(await heapCallsOf(site)).toStrictEqual([STARTED, tracked('First'), ['resetIdentity']])
    })
  })

  it.concurrent(
    'is kept over a reset and another identity where the page is busy or a middleware is slow',
    async () => {
      await onPage({}, async (site) => {
        await startHeap(site)
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
          tracked('By Alice'),
          ['resetIdentity'],
          ['identify', 'bob'],
          tracked('By Bob'),
          ['identify', 'carol'],
          tracked('By Carol')
        ])
      })
    }
  )

  it.concurrent('gives no call to the person who has come after', async () => {
    const identifyTooLate = tooLate('').replace('track call ""', 'identify call')
    await onPage({ warnings: [tooLate('By Alice'), identifyTooLate] }, async (site) => {
      await startHeap(site)
      await site.page.evaluate(async () => {
        const { analytics } = window
        const hold = (name: string) => async (context: Context) => {
          const { event, userId } = context.event
          if (name === event || (name === userId && context.event.type === 'identify'))
            await new Promise((resolve) => window.addEventListener(`go on with ${name}`, resolve, { once: true }))
          return context
        }
        await analytics.register(window.otherPlugin('before', { track: hold('By Alice'), identify: hold('bob') }))
        await analytics.track('By somebody')
        await analytics.identify('alice')
        void analytics.track('By Alice')
        void analytics.identify('bob')
        await analytics.identify('carol')
        for (const name of ['By Alice', 'bob']) window.dispatchEvent(new Event(`go on with ${name}`))
        await analytics.track('By Carol')
        await new Promise((go) => setTimeout(go, 50))
      })
      expect(await heapCallsOf(site)).toStrictEqual([
        STARTED,
        tracked('By somebody'),
        ['identify', 'alice'],
        ['identify', 'carol'],
        tracked('By Carol')
      ])
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
    const site = await visit(browser, { cdn })
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

describe('a page whose visitor said no', () => {
  /** Nothing of Heap is asked for, and nothing of it is on the page. */
  async function expectNoHeap(site: Visit): Promise<void> {
    await settle(site)
    expect(site.requests).toStrictEqual([])
    const globals = await site.page.evaluate(() => [typeof window.heap, 'heapReadyCb' in window, 'heapCalls' in window])
    expect(globals).toStrictEqual(['undefined', false, false])
    expect(await site.page.locator('script[src*="heap"]').count()).toBe(0)
  }

  async function useAnalytics(site: Visit, name: string): Promise<void> {
    await site.page.evaluate(async (name) => {
      const { analytics } = window
      await analytics.page('Shop')
      await analytics.identify(name)
      await analytics.track(`By ${name}`)
      await analytics.ready()
    }, name)
  }

  const NAME = 'Heap Web (Actions)'

  describe.each(WAYS)('through %s', (way, start) => {
    it.concurrent.each<Record<string, boolean>>([{ [NAME]: false }, { Heap: false }, { All: false }])(
      'by integrations, has no Heap with %j',
      async (integrations) => {
        await onPage({}, async (site) => {
          await start(site, { integrations })
          await useAnalytics(site, 'alice')
          await site.page.evaluate(() => window.analytics.reset())
          await expectNoHeap(site)
        })
      }
    )

    it.concurrent.each<Record<string, boolean>>(
      way === 'the plugin'
        ? [
            { All: false, [NAME]: true },
            { All: false, Heap: true }
          ]
        : [{ All: false, [NAME]: true }]
    )('by integrations, has Heap with %j', async (integrations) => {
      await onPage({}, async (site) => {
        await start(site, { integrations })
        await useAnalytics(site, 'alice')
        expect(await callsOf(site, 3)).toStrictEqual([STARTED, ['identify', 'alice'], tracked('By alice')])
      })
    })

    it.concurrent('for a call, gives that call to nobody', async () => {
      await onPage({}, async (site) => {
        await start(site)
        await site.page.evaluate(async (name) => {
          const { analytics } = window
          for (const integrations of [{ Heap: false }, { All: false }, { [name]: false }]) {
            await analytics.track('Private', {}, { integrations })
          }
          await analytics.page('Shop')
          await analytics.group('acme', { size: 7 })
          await analytics.track('Public', {}, { integrations: { All: false, [name]: true } })
        }, NAME)
        expect(await callsOf(site, 2)).toStrictEqual([STARTED, tracked('Public')])
      })
    })

    describe.each(['opt-in', 'opt-out'] as const)('to Segment’s consent wrapper, %s,', (model) => {
      it.concurrent('has no Heap', async () => {
        // As a plugin, it cannot tell from Segment's settings why they do not list it.
        const warnings =
          way === 'the plugin' && model === 'opt-in' ? [expect.stringContaining('Consent is managed')] : []
        await onPage({ warnings }, async (site) => {
          await start(site, { consent: { model, agrees: false } })
          await useAnalytics(site, 'alice')
          await expectNoHeap(site)
        })
      })

      it.concurrent('has Heap for who said yes, from the first page call', async () => {
        await onPage({}, async (site) => {
          await start(site, { consent: { model, agrees: true } })
          await site.page.evaluate(() => window.analytics.page('Shop'))
          expect(await callsOf(site, 1)).toStrictEqual([STARTED])
          await useAnalytics(site, 'alice')
          expect(await callsOf(site, 3)).toStrictEqual([STARTED, ['identify', 'alice'], tracked('By alice')])
          expect(site.requests).toStrictEqual([`GET ${US_LIBRARY}`])
        })
      })
    })

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

  it.concurrent.each<[ConsentOptions, StartOptions['settings'], boolean]>([
    [{ model: 'opt-out', agrees: false, isKnownByPage: true }, {}, false],
    [{ model: 'opt-out', agrees: true, isKnownByPage: true }, {}, true],
    [{ model: 'opt-in', agrees: false, isKnownByPage: true }, { consentCategories: ['Analytics'] }, false],
    [{ model: 'opt-in', agrees: true, isKnownByPage: true }, { consentCategories: ['Analytics'] }, true]
  ])('is heard where only the page knows the category of the plugin: %j', async (consent, settings, hasHeap) => {
    await onPage({}, async (site) => {
      await startHeap(site, { consent, settings })
      await useAnalytics(site, 'alice')
      if (hasHeap) expect(await callsOf(site, 3)).toHaveLength(3)
      else await expectNoHeap(site)
    })
  })

  it.concurrent('is heard by a plugin that is registered late, which gets no call from before', async () => {
    const warnings = ['Heap: The track call "Before" was made before Heap was registered, so it is left out.']
    await onPage({ warnings }, async (site) => {
      await site.page.evaluate(async () => {
        const analytics = (window.analytics = window.AnalyticsBrowser.load({ writeKey: 'any' }))
        await analytics
        const before = analytics.track('Before')
        await analytics.register(window.heapPlugin({ appId: '12343283' }))
        await before
        await analytics.track('After')
      })
      expect(await callsOf(site, 2)).toStrictEqual([STARTED, tracked('After')])
    })
  })

  it.concurrent('is heard where a middleware of the page says it', async () => {
    await onPage({}, async (site) => {
      await startHeap(site)
      await site.page.evaluate(async (name) => {
        const { analytics } = window
        await analytics
        await analytics.addDestinationMiddleware(name, ({ payload, next }) => {
          if (payload.obj.event === 'Secret') return
          Object.assign(payload.obj.properties ?? {}, { email: '(removed)' })
          next(payload)
        })
        await analytics.track('Secret')
        await analytics.track('Public', { email: 'alice@example.com' })
      }, NAME)
      expect(await callsOf(site, 2)).toStrictEqual([STARTED, tracked('Public', { email: '(removed)' })])
    })
  })
})

describe('the plugin', () => {
  it.concurrent('takes what the page itself calls of Heap before the library has arrived', async () => {
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
        tracked('From Segment')
      ])
    })
  })

  it.concurrent('is each call once where Heap is registered twice, or once more', async () => {
    const warning =
      'Heap is registered already. The second registration is left out, so that Heap sees each event once.'
    await onPage({ warnings: [warning, warning] }, async (site) => {
      await site.page.evaluate(async () => {
        const analytics = (window.analytics = window.AnalyticsBrowser.load({ writeKey: 'any' }))
        const plugin = window.heapPlugin({ appId: '12343283' })
        await analytics.register(plugin)
        await analytics.register(plugin)
        await analytics.register(window.heapPlugin({ appId: '12343283' }))
        await analytics.ready()
        await analytics.identify('alice')
        await analytics.track('Signed Up')
        await analytics.reset()
      })
      expect(await callsOf(site, 4)).toStrictEqual([
        STARTED,
        ['identify', 'alice'],
        tracked('Signed Up'),
        ['resetIdentity']
      ])
    })
  })

  it.concurrent('can be taken away and put back', async () => {
    await onPage({}, async (site) => {
      await startHeap(site)
      await site.page.evaluate(async () => {
        const { analytics } = window
        await analytics.identify('alice')
        await analytics.deregister('Heap Web (Actions)')
        await analytics.track('Not for Heap')
        await analytics.reset()
        await analytics.register(window.heapPlugin({ appId: '12343283' }))
        await analytics.identify('bob')
        await analytics.reset()
        await analytics.track('By a stranger')
      })
      expect(await heapCallsOf(site)).toStrictEqual([
        STARTED,
        ['identify', 'alice'],
        ['identify', 'bob'],
        ['resetIdentity'],
        tracked('By a stranger')
      ])
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

  const SNIPPET = `
    window.heapReadyCb = window.heapReadyCb || []
    window.heap = window.heap || []
    heap.load = (id, config = {}) => {
      heap.envId = id
      heap.clientConfig = { ...config, own: true }
      const script = document.createElement('script')
      script.async = true
      script.src = 'https://cdn.eu.heap-api.com/config/' + id + '/heap_config.js'
      document.head.append(script)
      for (const name of ['identify', 'addUserProperties', 'track', 'resetIdentity'])
        heap[name] = (...args) => heapReadyCb.push({ name, fn: () => heap[name] && heap[name](...args) })
    }
    heap.load('12343283')`

  it.concurrent('is the page’s own where the page has begun to load it', async () => {
    const { cdn, answer } = slowCdn()
    const html = `<script>${SNIPPET}; heap.track('From the snippet', {})</script>`
    await onPage({ cdn, html }, async (site) => {
      await startHeap(site)
      await site.page.evaluate(() => window.analytics.track('From Segment'))
      answer()
      expect(await callsOf(site, 3)).toStrictEqual([
        ['library', '12343283', { own: true }],
        ['track', 'From the snippet', {}],
        tracked('From Segment')
      ])
      expect(site.requests).toStrictEqual([`GET ${EU_LIBRARY}`])
    })
  })

  it.concurrent('is the page’s own where the page has it, of whatever App ID, of which it is told', async () => {
    const warnings = [
      'Heap: The page has Heap of App ID 999 already. It is used, so what comes from Segment goes there and not to App ID 12343283.'
    ]
    const html = `<script>heap = []; heap.envId = '999'; ${LIBRARY}</script>`
    await onPage({ html, warnings }, async (site) => {
      await startHeap(site)
      await site.page.evaluate(() => window.analytics.track('From Segment'))
      expect(await callsOf(site, 2)).toStrictEqual([['library', '999', undefined], tracked('From Segment')])
      expect(site.requests).toStrictEqual([])
    })
  })

  it.concurrent.each(['before', 'after'])(
    'is the only one where Heap’s snippet comes %s it has arrived',
    async (when) => {
      const { cdn, answer } = slowCdn()
      const warnings = [
        'Heap: Heap’s own snippet, of App ID 12343283, is on this page too. It loads nothing: Heap of App ID 12343283 is here already. Remove one of the two.'
      ]
      await onPage({ cdn, warnings }, async (site) => {
        if (when === 'after') answer()
        await startHeap(site)
        await site.page.waitForFunction((name) => name in window, when === 'after' ? 'heapCalls' : 'heap')
        await site.page.evaluate(`${SNIPPET}; heap.load('12343283'); heap.track('From the page', {})`)
        answer()
        await callsOf(site, 2)
        await site.page.evaluate(() => window.analytics.track('From Segment'))
        expect(await callsOf(site, 3)).toStrictEqual([STARTED, ['track', 'From the page', {}], tracked('From Segment')])
        expect(site.requests).toStrictEqual([`GET ${US_LIBRARY}`])
      })
    }
  )

  it.concurrent('is not loaded twice where a script of the page loads it without a queue', async () => {
    const { cdn, answer } = slowCdn()
    await onPage({ cdn, html: `<script async src="${US_LIBRARY}"></script>` }, async (site) => {
      await startHeap(site)
      await site.page.evaluate(() => window.analytics.track('Early'))
      answer()
      expect(await callsOf(site, 2)).toStrictEqual([STARTED, tracked('Early')])
      expect(site.requests).toStrictEqual([`GET ${US_LIBRARY}`])
    })
  })

  /** It knows nothing of the queue of the current one. */
  const CLASSIC_LIBRARY = `const queue = heapReadyCb.splice(0); ${LIBRARY}; heapReadyCb.push(...queue)`

  it.concurrent.each<[string, string, StartOptions['settings']]>([
    ['the page loads it', '<script async src="https://cdn.heapanalytics.com/js/heap-12343283.js"></script>', {}],
    ['the settings name it', '', { trackingServer: 'https://heapanalytics.com' }]
  ])('may be the classic one, where %s', async (_who, html, settings) => {
    const { cdn, answer } = slowCdn(CLASSIC_LIBRARY)
    await onPage({ cdn, html }, async (site) => {
      await startHeap(site, { settings })
      await site.page.evaluate(async () => {
        void window.analytics.identify('alice')
        await window.analytics.track('Early')
      })
      answer()
      await callsOf(site, 3)
      await site.page.evaluate(() => window.analytics.track('Late'))
      expect((await callsOf(site, 4)).slice(1)).toStrictEqual([
        ['identify', 'alice'],
        tracked('Early'),
        tracked('Late')
      ])
      expect(site.requests).toStrictEqual(['GET https://cdn.heapanalytics.com/js/heap-12343283.js'])
    })
  })

  it.concurrent('may fail in whatever way', async () => {
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

  it.concurrent('may be an object with methods, or put itself in the place of its loader', async () => {
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
      await callsOf(site, 2)
      await site.page.evaluate(() => window.analytics.track('Late'))
      expect(await callsOf(site, 3)).toStrictEqual([STARTED, tracked('Early'), tracked('Late')])
    })
  })

  it.concurrent('waits for a page that is prerendered to be shown', async () => {
    await onPage({}, async (site) => {
      await site.page.evaluate(() => {
        Object.defineProperty(document, 'prerendering', { value: true, configurable: true })
      })
      await startHeap(site)
      await site.page.evaluate(() => window.analytics.track('Early'))
      await settle(site)
      expect(site.requests).toStrictEqual([])
      await site.page.evaluate(() => document.dispatchEvent(new Event('prerenderingchange')))
      expect(await callsOf(site, 2)).toStrictEqual([STARTED, tracked('Early')])
    })
  })
})

describe('a page that cannot have Heap', () => {
  /** Uses the page as if nothing were wrong, and shows that the rest of Segment works. */
  async function useWithoutHeap(site: Visit, settings = {}): Promise<void> {
    await startHeap(site, { settings })
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

  it.concurrent('goes on, with one warning, where the CDN is blocked, and keeps nothing', async () => {
    const cdn = (route: Route) => route.abort('blockedbyclient')
    await onPage({ cdn, warnings: [`${NOT_LOADED} Failed to load ${US_LIBRARY}.`] }, async (site) => {
      await useWithoutHeap(site)
      const kept = await site.page.evaluate(() => {
        for (let call = 0; call < 2000; call++) window.heap?.track?.('From the page', {})
        return [(window as { heapReadyCb?: unknown[] }).heapReadyCb, 'load' in (window.heap ?? {})]
      })
      expect(kept).toStrictEqual([[], false])
    })
  })

  it.concurrent('goes on, with one warning, where the script of the page fails', async () => {
    const { happens: failed, now: fail } = later()
    const cdn = (route: Route) => failed.then(() => route.abort('connectionrefused'))
    const warnings = [`${NOT_LOADED} Failed to load ${EU_LIBRARY}.`]
    await onPage({ cdn, warnings, html: `<script async src="${EU_LIBRARY}"></script>` }, async (site) => {
      await startHeap(site)
      await site.page.waitForFunction(() => window.heap)
      fail()
      await site.page.evaluate(() => window.analytics.ready())
    })
  })

  /** For Heap, the time goes by faster. */
  async function useForLong(site: Visit): Promise<void> {
    await site.page.evaluate(() => {
      const wait = window.setTimeout.bind(window)
      window.setTimeout = ((run: () => void, ms: number) => wait(run, ms === 15_000 ? 300 : ms)) as never
    })
    await useWithoutHeap(site)
  }

  const gaveUp = `${NOT_LOADED} ${US_LIBRARY} did not start Heap within 15 seconds.`

  it.concurrent('goes on, with one warning, where the CDN serves something else', async () => {
    await onPage({ cdn: (route) => serveLibrary(route, '// Not Heap'), warnings: [gaveUp] }, useForLong)
  })

  it.concurrent(
    'goes on, with one warning, where the CDN does not answer; should it yet, Heap gets all calls',
    async () => {
      const { cdn, answer } = slowCdn()
      await onPage({ cdn, warnings: [gaveUp] }, async (site) => {
        await useForLong(site)
        answer()
        expect(await callsOf(site, 5)).toStrictEqual([
          STARTED,
          tracked('Before'),
          ['identify', 'alice'],
          ['addUserProperties', { plan: 'pro' }],
          ['resetIdentity'],
          tracked('After')
        ])
      })
    }
  )

  it.concurrent('says how many calls of the page it could not keep for a library that does not come', async () => {
    const { cdn, answer } = slowCdn()
    const warnings = [
      'Heap: 50000 calls wait for Heap’s library. Those after them are left out.',
      'Heap: 11 calls made before its library arrived were left out.'
    ]
    await onPage({ cdn, warnings }, async (site) => {
      await startHeap(site)
      await site.page.waitForFunction(() => window.heap)
      await site.page.evaluate(() => {
        for (let call = 0; call < 50_010; call++) window.heap?.track?.('From the page', {})
      })
      answer()
      await site.page.waitForFunction(() => window.heapCalls?.length === 50_000)
    })
  })

  it.concurrent('goes on, with one warning, for wrong settings', async () => {
    const reason = 'App ID "my app" is not a Heap environment ID, which is a number such as 12343283'
    await onPage({ warnings: [`${NOT_LOADED} ${reason}.`] }, async (site) => {
      await useWithoutHeap(site, { appId: 'my app' })
      expect(site.requests).toStrictEqual([])
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
    const site = await visit(browser, { csp })
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

describe('the definition', () => {
  it.concurrent('gives the event of an identify call to the person that it names', async () => {
    const mappings = [
      {
        name: 'Signed In',
        partnerAction: 'trackEvent',
        subscribe: 'type = "identify"',
        mapping: { name: 'Signed In' }
      },
      {
        name: 'Identify',
        partnerAction: 'identifyUser',
        subscribe: 'type = "identify"',
        mapping: { userId: { '@path': '$.userId' } }
      }
    ]
    await onPage({}, async (site) => {
      await startDestination(site, { mappings })
      await site.page.evaluate(async () => {
        await Promise.all([window.analytics.identify('alice'), window.analytics.identify('bob')])
      })
      expect(await callsOf(site, 5)).toStrictEqual([
        STARTED,
        ['identify', 'alice'],
        tracked('Signed In'),
        ['identify', 'bob'],
        tracked('Signed In')
      ])
    })
  })
})
