import { heapCallsFor } from './plainPage'
import type { PlainEvent } from './plainPage'

const LIBRARY = { segment_library: 'browser-destination' }

const track = (event: unknown, properties?: unknown): PlainEvent => ({ type: 'track', event, properties })
const identify = (userId: unknown, traits?: unknown): PlainEvent => ({ type: 'identify', userId, traits })

/** All kinds of values, and what becomes of them. */
const VALUES = {
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
}
const FLAT = {
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

describe('what Heap is given', () => {
  it('is the contract example', async () => {
    const foo = { bar: { cheese: 'american', prop: [1, 2, 3], products: [{ A: 'Jello' }, { B: 'Peanut' }] } }
    const { calls } = await heapCallsFor([track('Signed Up', { foo })])
    expect(calls).toStrictEqual([
      [
        'track',
        'Signed Up',
        {
          'foo.bar.cheese': 'american',
          'foo.bar.prop': '[1,2,3]',
          'foo.bar.products': '[{"A":"Jello"},{"B":"Peanut"}]',
          ...LIBRARY
        }
      ]
    ])
  })

  it('keeps numbers and booleans, makes text of dates and arrays, and leaves out what is nothing', async () => {
    const traits = { ...VALUES, id: 7, Email: 'alice@example.com' }
    const { calls, warnings } = await heapCallsFor([track('Order', VALUES), identify('alice', traits)])
    expect(calls).toStrictEqual([
      ['track', 'Order', { ...FLAT, ...LIBRARY }],
      ['identify', 'alice'],
      ['addUserProperties', { ...FLAT, segment_id: 7, email: 'alice@example.com' }]
    ])
    expect(warnings).toStrictEqual([])
  })

  it('is no identity for a visitor who is not known, but their traits', async () => {
    const { calls } = await heapCallsFor([
      identify(undefined, { plan: 'pro' }),
      identify('  ', { plan: 'free' }),
      identify(null, { plan: 'old' })
    ])
    expect(calls).toStrictEqual(['pro', 'free', 'old'].map((plan) => ['addUserProperties', { plan }]))
  })

  it('is the identity alone where there are no traits, trimmed, and a number as text', async () => {
    const { calls } = await heapCallsFor([identify(' alice '), identify(4711, {})])
    expect(calls).toStrictEqual([
      ['identify', 'alice'],
      ['identify', '4711']
    ])
  })

  it('takes a number for the name of an event', async () => {
    const { calls } = await heapCallsFor([track(404)])
    expect(calls).toStrictEqual([['track', '404', LIBRARY]])
  })

  it('takes an empty list for an empty object, as some languages write it', async () => {
    const { calls, warnings } = await heapCallsFor([track('Order', []), identify('alice', [])])
    expect(calls).toStrictEqual([
      ['track', 'Order', LIBRARY],
      ['identify', 'alice']
    ])
    expect(warnings).toStrictEqual([])
  })
})

describe('an identity that Heap must not get', () => {
  it.each(['undefined', 'NULL', '0', '[object Object]', 'guest'])(
    'makes the visitor anonymous, whoever Heap takes them for, as %s does',
    async (placeholder) => {
      const { calls, warnings } = await heapCallsFor([identify(placeholder, { plan: 'none' })])
      expect(calls).toStrictEqual([['resetIdentity'], ['addUserProperties', { plan: 'none' }]])
      expect(warnings).toStrictEqual([
        expect.stringMatching(
          /^Heap: Identity is ".*", a placeholder that names nobody.* The visitor is anonymous to Heap from here on\.$/
        )
      ])
    }
  )

  it('may be too long', async () => {
    const { calls, warnings } = await heapCallsFor([identify('a'.repeat(254)), identify('a'.repeat(255))])
    expect(calls).toStrictEqual([['identify', 'a'.repeat(254)], ['resetIdentity']])
    expect(warnings).toStrictEqual([
      'Heap: Identity is 255 characters long; Heap accepts at most 254. Map a shorter ID to it. The visitor is anonymous to Heap from here on.'
    ])
  })

  it.each(['unknown', 'a'.repeat(1024)])('may be that of a visitor', async (anonymousId) => {
    const event = { ...track('Order'), anonymousId, context: { traits: { plan: 'pro' } } }
    const { calls, warnings } = await heapCallsFor([event])
    expect(calls).toStrictEqual([
      ['addUserProperties', { plan: 'pro' }],
      ['track', 'Order', LIBRARY]
    ])
    expect(warnings).toStrictEqual([expect.stringMatching(/^Heap: Anonymous ID is /)])
  })

  it('may be a trait', async () => {
    const { calls, warnings } = await heapCallsFor([identify('alice', { anonymous_id: 'null', plan: 'pro' })])
    expect(calls).toStrictEqual([
      ['identify', 'alice'],
      ['addUserProperties', { plan: 'pro' }]
    ])
    expect(warnings).toStrictEqual([expect.stringMatching(/^Heap: Anonymous ID is "null"/)])
  })

  it('may be the account of a person', async () => {
    const { calls, warnings } = await heapCallsFor([
      identify('alice', { account_id: '"null"', plan: 'pro' }),
      identify('bob', { account_id: ' acme ' })
    ])
    expect(calls).toStrictEqual([
      ['identify', 'alice'],
      ['addUserProperties', { plan: 'pro' }],
      ['identify', 'bob'],
      ['addUserProperties', { account_id: 'acme' }]
    ])
    expect(warnings).toStrictEqual([expect.stringMatching(/^Heap: Trait "account_id" is ""null""/)])
  })
})

describe('an ID that says more than its text', () => {
  const ofMany = 'a'.repeat(2000)

  it.each<[unknown, string]>([
    [2 ** 53, 'Identity is the number "9007199254740992", whose last digits may be lost'],
    [['ann'], 'Identity must be a string but it was an array.'],
    [true, 'Identity is "true", a placeholder']
  ])('is none, and leaves no earlier visitor known: %j', async (userId, problem) => {
    const { calls, warnings } = await heapCallsFor([identify(userId)])
    expect(calls).toStrictEqual([['resetIdentity']])
    expect(warnings).toStrictEqual([expect.stringContaining(problem)])
  })

  it.each<[string, unknown, RegExp]>([
    ['anonymous_id', 2 ** 53, /^Heap: Anonymous ID is the number "9007199254740992"/],
    ['anonymous_id', ofMany, /^Heap: Anonymous ID is 2000 characters long/],
    ['account_id', 2 ** 53, /^Heap: Trait "account_id" is the number "9007199254740992"/],
    ['account_id', ofMany, /^Heap: Trait "account_id" is 2000 characters long/]
  ])('is left out as the trait %s', async (name, value, warning) => {
    const { calls, warnings } = await heapCallsFor([identify('alice', { [name]: value, plan: 'pro' })])
    expect(calls).toStrictEqual([
      ['identify', 'alice'],
      ['addUserProperties', { plan: 'pro' }]
    ])
    expect(warnings).toStrictEqual([expect.stringMatching(warning)])
  })

  it.each<[unknown, number]>([
    ['null', 1],
    [['x'], 0]
  ])('leaves the visitor’s own ID as it is: %j', async (trait, said) => {
    const event = { ...track('Order'), anonymousId: 'visitor-1', context: { traits: { anonymous_id: trait } } }
    const { calls, warnings } = await heapCallsFor([event])
    expect(calls).toStrictEqual([
      ['addUserProperties', { anonymous_id: 'visitor-1' }],
      ['track', 'Order', LIBRARY]
    ])
    expect(warnings).toHaveLength(said)
  })

  it('is no list of accounts', async () => {
    const { calls } = await heapCallsFor([identify('alice', { account_id: ['acme'] })])
    expect(calls).toStrictEqual([['identify', 'alice']])
  })
})

describe('what Heap cannot take', () => {
  it('is left out with a word, and the rest goes', async () => {
    const failing = {
      toJSON: () => {
        throw new Error('no')
      }
    }
    const { calls, warnings } = await heapCallsFor([
      track('Order', { total: 12.5, failing, amounts: [1n], coupon: 'SAVE10' }),
      identify('alice', { plan: 'pro', amounts: [1n] })
    ])
    expect(calls).toStrictEqual([
      ['track', 'Order', { total: 12.5, coupon: 'SAVE10', ...LIBRARY }],
      ['identify', 'alice'],
      ['addUserProperties', { plan: 'pro' }]
    ])
    expect(warnings).toStrictEqual([
      expect.stringMatching(/^Heap: .*"failing" has a toJSON that fails/),
      expect.stringMatching(/^Heap: .*"amounts" is an array that cannot be written as JSON/),
      expect.stringMatching(/^Heap: .*"amounts" is an array that cannot be written as JSON/)
    ])
  })

  it('is said where a mapping gives it', async () => {
    const { calls, warnings } = await heapCallsFor([track('Text', 'text'), identify('alice', ['list'])])
    expect(calls).toStrictEqual([
      ['track', 'Text', LIBRARY],
      ['identify', 'alice']
    ])
    expect(warnings).toStrictEqual([
      'Heap: Event Properties must be an object but it was a string. Nothing of it was sent.',
      'Heap: User Properties must be an object but it was an array. Nothing of it was sent.'
    ])
  })

  it('is an event without a name, or with one that is too long', async () => {
    const { calls, warnings } = await heapCallsFor([
      track(' '),
      track('x'.repeat(256)),
      track('x'.repeat(255), { good: true })
    ])
    expect(calls).toStrictEqual([['track', 'x'.repeat(255), { good: true, ...LIBRARY }]])
    expect(warnings).toStrictEqual([
      'Heap: An event has no name, so it was not sent.',
      'Heap: Event Name is 256 characters long; Heap accepts at most 255. The event was not sent.'
    ])
  })

  it('is an event of a list whose name is too long, but not the event that has the list', async () => {
    const properties = { ['k'.repeat(250)]: [{ a: 1 }, { a: 2 }], good: true }
    const { calls } = await heapCallsFor([track('Order', properties)], { settings: { browserArrayLimit: 5 } })
    expect(calls).toStrictEqual([
      ['track', 'Order', { good: true, ['k'.repeat(250)]: '[{"a":1},{"a":2}]', ...LIBRARY }]
    ])
  })

  it('is cut, keys to 511 and texts to 1,023 characters, but never in the middle of one', async () => {
    const { calls } = await heapCallsFor([
      track('Order', { ['k'.repeat(600)]: 'x'.repeat(1500), [`${'k'.repeat(510)}😀`]: 1, kept: true })
    ])
    expect(calls).toStrictEqual([
      ['track', 'Order', { ['k'.repeat(511)]: 'x'.repeat(1023), ['k'.repeat(510)]: 1, kept: true, ...LIBRARY }]
    ])
  })
})

describe('Browser Array Limit', () => {
  it.each([0, -1, NaN, undefined])('makes no events of lists where it is %s', async (browserArrayLimit) => {
    const { calls } = await heapCallsFor([track('Order', { list: [{ a: 1 }] })], { settings: { browserArrayLimit } })
    expect(calls).toStrictEqual([['track', 'Order', { list: '[{"a":1}]', ...LIBRARY }]])
  })

  it('may come as text, as settings do', async () => {
    const settings = { browserArrayLimit: '1' as unknown as number }
    const { calls } = await heapCallsFor([track('Order', { list: [{ a: 1 }, { a: 2 }] })], { settings })
    expect(calls).toStrictEqual([
      ['track', 'Order list item', { a: 1, ...LIBRARY }],
      ['track', 'Order', { list: '[{"a":1},{"a":2}]', ...LIBRARY }]
    ])
  })

  it('leaves the event itself as it is, for the other destinations', async () => {
    const event = track('Order', { list: [{ a: 1 }, { a: 2 }], more: { deep: true } })
    const before = JSON.parse(JSON.stringify(event)) as PlainEvent
    await heapCallsFor([event], { settings: { browserArrayLimit: 1 } })
    expect(event).toStrictEqual(before)
  })

  it('makes events of what is no object under the name of its list', async () => {
    const settings = { browserArrayLimit: 10 }
    const list = [7, null, 'a', [1, 2], new Date(0), undefined, { b: 1 }]
    const { calls } = await heapCallsFor([track('Order', { list })], { settings })
    expect(calls.slice(0, -1).map(([, name, properties]) => [name, properties])).toStrictEqual(
      [{ list: 7 }, { list: 'a' }, { list: '[1,2]' }, { list: '1970-01-01T00:00:00.000Z' }, { b: 1 }].map((entry) => [
        'Order list item',
        { ...entry, ...LIBRARY }
      ])
    )
  })
})
