import type { Context } from '@segment/analytics-next'
import {
  callsOf,
  EU_LIBRARY,
  expectNoHeap,
  heapCallsOf,
  later,
  LIBRARY,
  NOT_LOADED,
  onPageOf,
  settle,
  slowCdn,
  STARTED,
  startHeap,
  startDestination,
  tracked,
  US_LIBRARY,
  useAnalytics,
  WAYS
} from './site'
import type { ConsentOptions, StartOptions, Visit } from './site'
import { visitInJsdom } from './siteInJsdom'

// The rules themselves are tested without a page, beside this file. Here it is shown that they hold on one, with the real analytics.js
// and Segment's real consent wrapper. What takes a real browser is in pageInChromium.test.ts.

const onPage = onPageOf(visitInJsdom)

/** What is said of a track call that comes too late. */
function tooLate(event: string): string {
  return `Heap: The track call "${event}" comes too late: the visitor has changed since it was made. It is left out, as Heap would count it for the wrong person.`
}

describe.each(WAYS)('the order of calls, through %s,', (_way, start) => {
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

  it('takes an event for the same whatever a middleware makes of its IDs', async () => {
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

  it('leaves an anonymous visitor where an identity names nobody, whoever Heap knew before', async () => {
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
  it('has a reset at once where Heap has all calls before it, however long Segment takes', async () => {
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

  it('gives no call to the next visitor that comes after a reset made for the last', async () => {
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

  it('gives no call of an earlier page to another visitor', async () => {
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

  it('does not wait for a call that a middleware of the page has stopped for good', async () => {
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

  it('is kept over a reset and another identity where the page is busy or a middleware is slow', async () => {
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
  })
})

// Each of these waits for a second or more; they do so at the same time.
describe('the order of calls that wait', () => {
  it.concurrent.each(WAYS)('is kept for a reset before the library has arrived, through %s', async (_way, start) => {
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

  it.concurrent.each(WAYS)(
    'has each call once however often another destination makes analytics.js try again, through %s',
    async (_way, start) => {
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

describe('a page whose visitor said no', () => {
  const NAME = 'Heap Web (Actions)'

  describe.each(WAYS)('through %s', (way, start) => {
    it.each<Record<string, boolean>>([{ [NAME]: false }, { Heap: false }, { All: false }])(
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

    it.each<Record<string, boolean>>(
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

    it('for a call, gives that call to nobody', async () => {
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
      it('has no Heap', async () => {
        // As a plugin, it cannot tell from Segment's settings why they do not list it.
        const warnings =
          way === 'the plugin' && model === 'opt-in' ? [expect.stringContaining('Consent is managed')] : []
        await onPage({ warnings }, async (site) => {
          await start(site, { consent: { model, agrees: false } })
          await useAnalytics(site, 'alice')
          await expectNoHeap(site)
        })
      })

      it('has Heap for who said yes, from the first page call', async () => {
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
  })

  it.each<[ConsentOptions, StartOptions['settings'], boolean]>([
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

  it('is heard by a plugin that is registered late, which gets no call from before', async () => {
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

  it('is heard where a middleware of the page says it', async () => {
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
        tracked('From Segment')
      ])
    })
  })

  it('is each call once where Heap is registered twice, or once more', async () => {
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

  it('can be taken away and put back', async () => {
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

  it('is the page’s own where the page has begun to load it', async () => {
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

  it('is the page’s own where the page has it, of whatever App ID, of which it is told', async () => {
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

  it.each(['before', 'after'])('is the only one where Heap’s snippet comes %s it has arrived', async (when) => {
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
  })

  it('is not loaded twice where a script of the page loads it without a queue', async () => {
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

  it.each<[string, string, StartOptions['settings']]>([
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

  it('may fail in whatever way', async () => {
    const failing = `${LIBRARY}; heap.track = () => { throw Object.create(null) }; heap.identify = () => { throw new Error('broken') }`
    const warnings = ['Heap: broken', 'Heap: its library failed with object']
    await onPage({ cdn: () => Promise.resolve(failing), warnings }, async (site) => {
      await startHeap(site)
      await site.page.evaluate(async () => {
        await window.analytics.ready()
        await window.analytics.identify('alice')
        await window.analytics.track('Lost')
      })
    })
  })

  it('may be an object with methods, or put itself in the place of its loader', async () => {
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

  it('waits for a page that is prerendered to be shown', async () => {
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

  it('goes on, with one warning, where the CDN is blocked, and keeps nothing', async () => {
    const cdn = () => Promise.reject(new Error('blocked'))
    await onPage({ cdn, warnings: [`${NOT_LOADED} Failed to load ${US_LIBRARY}.`] }, async (site) => {
      await useWithoutHeap(site)
      const kept = await site.page.evaluate(() => {
        for (let call = 0; call < 2000; call++) window.heap?.track?.('From the page', {})
        return [(window as { heapReadyCb?: unknown[] }).heapReadyCb, 'load' in (window.heap ?? {})]
      })
      expect(kept).toStrictEqual([[], false])
    })
  })

  it('goes on, with one warning, where the script of the page fails', async () => {
    const { happens: failed, now: fail } = later()
    const cdn = () => failed.then(() => Promise.reject(new Error('refused')))
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

  it('goes on, with one warning, where the CDN serves something else', async () => {
    await onPage({ cdn: () => Promise.resolve('// Not Heap'), warnings: [gaveUp] }, useForLong)
  })

  it('goes on, with one warning, where the CDN does not answer; should it yet, Heap gets all calls', async () => {
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
  })

  it('says how many calls of the page it could not keep for a library that does not come', async () => {
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

  it('goes on, with one warning, for wrong settings', async () => {
    const reason = 'App ID is not a Heap environment ID, which is a number such as 12343283'
    await onPage({ warnings: [`${NOT_LOADED} ${reason}.`] }, async (site) => {
      await useWithoutHeap(site, { appId: 'my app' })
      expect(site.requests).toStrictEqual([])
    })
  })
})

describe('the definition', () => {
  it('gives the event of an identify call to the person that it names', async () => {
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
