import type { SegmentEvent } from '@segment/actions-core'
import { interceptHeap } from '../../heap-emulator'
import type { Fault, FaultRule, HeapEmulator, Interception } from '../../heap-emulator'
import { FunctionsRuntime } from '../../segment-functions'
import type { EventResult } from '../../segment-functions'
import type { BuildOptions } from '..'
import { BothWays, build, examples, Heap, PRESETS } from './bothWays'

const TRACK = '/api/integrations/track'
const PROFILE = '/api/add_user_properties'

function eventOf(given: Partial<SegmentEvent> & Record<string, unknown> = {}): SegmentEvent {
  return {
    type: 'track',
    event: 'Opened',
    messageId: 'message-0001',
    userId: 'ann',
    anonymousId: 'visitor-1',
    ...given
  }
}

/** Kinds of events that real sources send. */
const KINDS: [string, SegmentEvent][] = [
  ['a placeholder as ID', eventOf({ userId: '"null"' })],
  ['a placeholder for both IDs', eventOf({ userId: 'undefined', anonymousId: '[object Object]' })],
  ['an ID of blanks', eventOf({ userId: ' ', anonymousId: '\u200b' })],
  ['a number as ID', eventOf({ userId: 42 as never })],
  ['a number past 2^53 as ID', eventOf({ userId: (2 ** 53 + 2) as never })],
  ['an object as ID', eventOf({ userId: { id: 1 } as never })],
  ['a list as ID', eventOf({ userId: ['ann', 'ben'] as never })],
  ['an ID too long', eventOf({ userId: 'a'.repeat(256) })],
  ['no ID', eventOf({ userId: undefined, anonymousId: undefined })],
  ['a list as properties', eventOf({ properties: ['a'] as never })],
  ['an empty list as properties', eventOf({ properties: [] as never, context: { traits: [] as never } })],
  ['a text as properties', eventOf({ properties: 'blue' as never })],
  ['a compact date', eventOf({ timestamp: '20261123' })],
  ['a date with its zone inside', eventOf({ timestamp: 'Mon Nov 23 10:00:00 PST 2026' })],
  ['a date in the order of a country', eventOf({ timestamp: '05.11.2026 10:00' })],
  ['an impossible date', eventOf({ timestamp: '2026-02-30T10:00:00Z' })],
  ['a zero as time', eventOf({ timestamp: '0001-01-01T00:00:00Z' })],
  ['epoch milliseconds', eventOf({ timestamp: 1795428421000 as never })],
  ['epoch milliseconds as text', eventOf({ timestamp: '1795428421000' })],
  ['no date', eventOf({ timestamp: 'yesterday' })],
  ['NUL and halves of surrogates', eventOf({ event: 'Op\u0000en\ud83d', properties: { 'k\udc00': 'v\u0000' } })],
  ['emoji at the limit', eventOf({ properties: { a: `${'x'.repeat(1022)}😀` } })],
  ['a list too long for a property', eventOf({ properties: { products: Array.from({ length: 60 }, product) } })],
  ['sixty properties', eventOf({ properties: Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`p${n}`, n])) })],
  ['properties in properties', eventOf({ properties: { order: { total: 1.5, items: [{ sku: 'a' }], none: null } } })],
  ['traits with reserved names', eventOf({ type: 'identify', traits: { id: 1, ID: 2, user_id: 3, Email: 'a@b.c' } })],
  [
    'placeholders in traits',
    eventOf({ type: 'identify', traits: { anonymous_id: ' undefined ', account_id: 'null' } })
  ],
  ['a page without a name', eventOf({ type: 'page', event: undefined, properties: { url: 'https://a.test' } })],
  ['a screen with a name', eventOf({ type: 'screen', event: undefined, name: 'Home' })],
  ['a group', eventOf({ type: 'group', groupId: 'acme', traits: { plan: 'pro' } })],
  ['a group without an ID', eventOf({ type: 'group', traits: { plan: 'pro' } })],
  ['a message ID that is empty', eventOf({ messageId: '' })],
  ['a message ID that is null', eventOf({ messageId: null as never })],
  ['an alias', eventOf({ type: 'alias', previousId: 'bob' })],
  ['a key __proto__', eventOf({ properties: JSON.parse('{"__proto__":{"a":1},"constructor":2}') as never })]
]

function product(_: unknown, number: number) {
  return { id: `sku-${number}`, name: `Product ${number}`, price: 18.5, quantity: number }
}

const ALL = [...examples(), ...examples('refused'), ...KINDS.map(([, event]) => event)]

const heap = new Heap()
let interception: Interception
let both: BothWays

/** The script with the documented globals alone, and with those of an older runtime. */
async function scripts(options?: Omit<BuildOptions, 'engine'>): Promise<FunctionsRuntime[]> {
  const { code } = await build(PRESETS, options)
  return [new FunctionsRuntime(code), new FunctionsRuntime(code, { globals: 'older' })]
}

beforeAll(async () => {
  interception = interceptHeap(heap)
  both = new BothWays(heap, await scripts())
})
afterAll(() => interception.restore())

describe('the script does as the framework', () => {
  it('with every example', async () => {
    for (const event of examples()) {
      expect((await both.event(event)).result).toStrictEqual({ delivered: true })
    }
  })

  it('with every example that is refused', async () => {
    for (const event of examples('refused')) {
      expect((await both.event(event)).result).toMatchObject({ delivered: false, isRetried: false })
    }
  })

  it.each(KINDS)('with %s', async (_kind, event) => {
    await both.event(event)
  })

  it('with all of them in a batch', async () => {
    const { result } = await both.batch(ALL)
    expect(result.filter(({ delivered }) => delivered).length).toBeGreaterThan(25)
    expect(result.filter(({ delivered }) => !delivered).length).toBeGreaterThan(20)
  })

  it.each<[string, Fault | Fault[], string?]>([
    ['429', { status: 429 }],
    ['500', { status: 500 }],
    ['502 with a page of HTML', { status: 502, body: '<html><p>Bad gateway</p></html>' }],
    ['401', { status: 401 }],
    ['403', { status: 403, body: 'Forbidden' }],
    ['404', { status: 404, body: '{"error":"no such environment"}' }],
    ['408', { status: 408 }],
    ['423', { status: 423 }],
    ['a redirect', { status: 302, headers: { location: 'https://elsewhere.test/' } }],
    ['a connection that is reset', 'reset'],
    ['an event that is stored before the connection is reset', { connection: 'reset', after: 'storing' }],
    ['500 for the profile alone', { status: 500 }, PROFILE],
    ['403 for the profile alone', { status: 403, body: 'no' }, PROFILE],
    ['429 for the event and 403 for the profile', [{ status: 429 }, { status: 403 }]]
  ])('when Heap answers %s', async (_answer, faults, ...[path]) => {
    const arrange = (heap: HeapEmulator) => {
      for (const fault of [faults].flat()) heap.failNext(fault, 1, path)
    }
    const alone = await both.event(eventOf(), arrange)
    expect(alone.result.delivered).toBe(false)
    const { result } = await both.batch(
      ['a', 'b', 'c'].map((id) => eventOf({ messageId: `message-${id}`, userId: id })),
      arrange
    )
    expect(result.some(({ delivered }) => !delivered)).toBe(true)
  })

  it('when Heap refuses some of a large batch', async () => {
    const events = Array.from({ length: 150 }, (_, number) => {
      const common = { messageId: `message-${number}`, userId: `user-${number % 50}`, anonymousId: `visitor-${number}` }
      if (number % 37 === 5) return eventOf({ ...common, userId: 'null', anonymousId: null })
      if (number % 5 === 1) return eventOf({ ...common, type: 'identify', traits: { number } })
      if (number % 7 === 1) return eventOf({ ...common, type: 'group', groupId: `group-${number % 3}` })
      return eventOf(common)
    })
    const bad = new Set(['message-3', 'message-147'])
    const rule: FaultRule = ({ path, body }) => {
      const { events: given = [] } = body as { events?: { idempotency_key: string }[] }
      return path === TRACK && given.some(({ idempotency_key }) => bad.has(idempotency_key))
        ? { status: 400, body: 'bad entry' }
        : undefined
    }
    const { result, stored } = await both.batch(events, (heap) => heap.failWhen(rule))
    expect(result.filter(({ delivered }) => !delivered)).toHaveLength(2 + 4)
    expect(stored[0].users.length).toBeGreaterThan(40)
  })

  it('with a batch as large as Segment makes them', async () => {
    const events = Array.from({ length: 400 }, (_, number) =>
      eventOf({ messageId: `message-${number}`, userId: `u-${number}` })
    )
    const { result, stored } = await both.batch(events)
    expect(result).toStrictEqual(events.map(() => ({ delivered: true })))
    expect(stored[0].events).toHaveLength(400)
  })
})

describe('a slow Heap', () => {
  // Long enough for a busy machine; all that is slow is waited for at once, each with an App ID of its own.
  const DEADLINE = 2000
  const events = ['1', '2', '3'].map((number) =>
    eventOf({ messageId: `message-000${number}`, anonymousId: `visitor-${number}` })
  )
  const others = [
    eventOf({ messageId: 'message-0004', userId: undefined }),
    eventOf({ type: 'group', groupId: 'acme' })
  ]

  /** Which requests get no answer, or another than they would. */
  const cases: { name: string; events: SegmentEvent[]; fault: (path: string, number: number) => Fault | undefined }[] =
    [
      {
        name: 'the event',
        events: [...events, ...others],
        fault: (path) => (path === TRACK ? 'no answer' : undefined)
      },
      {
        name: 'the profile',
        events: [...events, others[0]],
        fault: (path) => (path === PROFILE ? 'no answer' : undefined)
      },
      {
        name: 'what was halved',
        events,
        fault: (path, number) => (path === TRACK ? (number === 0 ? { status: 400 } : 'no answer') : undefined)
      }
    ]

  const ways = ['framework', 'script', 'script in an older runtime'] as const
  const results = new Map<string, EventResult[]>()
  const appIdOf = (name: string, way: (typeof ways)[number]) =>
    String(100 + 10 * cases.findIndex((one) => one.name === name) + ways.indexOf(way))

  beforeAll(async () => {
    const [documented, older] = await scripts({ deadline: DEADLINE })
    heap.reset()
    heap.sent = []
    heap.failWhen(({ path, body }) => {
      const { app_id } = body as { app_id: string }
      const asked = sentBy(app_id).filter((one) => one.path === path).length
      return cases[Math.floor((Number(app_id) - 100) / 10)].fault(path, asked - 1)
    })
    const deliver = async ({ name, events }: (typeof cases)[number], way: (typeof ways)[number]) => {
      const settings = { appId: appIdOf(name, way) }
      const run = {
        framework: () =>
          new BothWays(heap, [], PRESETS, settings).batchThroughFramework(events, AbortSignal.timeout(DEADLINE)),
        script: () => documented.invokeBatch(events, settings),
        'script in an older runtime': () => older.invokeBatch(events, settings)
      }[way]
      results.set(settings.appId, await run())
    }
    await Promise.all(cases.flatMap((one) => ways.map((way) => deliver(one, way))))
  })

  function sentBy(appId: string) {
    return heap.sent.filter(({ body }) => (JSON.parse(body) as { app_id: string }).app_id === appId)
  }

  /** What came of a case, without the App ID. */
  function outcomeOf(name: string, way: (typeof ways)[number]) {
    const appId = appIdOf(name, way)
    const { app_id: _appId, ...stored } = heap.environment('US', appId)
    const sent = sentBy(appId).map(({ path, body }) => `${path} ${body.replace(`"${appId}"`, '"the App ID"')}`)
    return { result: results.get(appId), stored, sent: sent.sort() }
  }

  it.each(cases)('with $name is answered for as the framework does under Segment’s time limit', ({ name }) => {
    const framework = outcomeOf(name, 'framework')
    expect(outcomeOf(name, 'script')).toStrictEqual(framework)
    expect(outcomeOf(name, 'script in an older runtime')).toStrictEqual(framework)
  })

  it('costs no event that was stored another delivery', () => {
    const message = expect.stringMatching(
      /^The event was stored\. The user properties were not updated: Heap did not answer in time/
    ) as string
    const retried = { delivered: false, error: 500, message, isRetried: true }
    expect(outcomeOf('the profile', 'script').result).toStrictEqual([retried, retried, retried, { delivered: true }])
    expect(outcomeOf('the profile', 'script').stored.events).toHaveLength(4)
  })

  it('gets no new request after the deadline', () => {
    expect(outcomeOf('what was halved', 'script').sent.filter((one) => one.startsWith(TRACK))).toHaveLength(3)
  })
})
