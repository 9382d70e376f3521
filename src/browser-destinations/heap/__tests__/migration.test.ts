import { tableRows } from '../../../__tests__/docs'
import { destination } from '..'
import type { Settings } from '../generated-types'
import { heapCallsFor, onPlainPage, PRESETS } from './plainPage'
import type { Mapping, PlainEvent } from './plainPage'

/**
 * What who migrates from the published web destination has, and what becomes of it here: Heap's library is called with the same, but
 * for differences that are wanted. What the published one calls was written down from its code at 970a17ee, and compared with it.
 */

const LIBRARY = { segment_library: 'browser-destination' }

/** Every field of the published destination is mapped. */
const ALL_FIELDS: Mapping[] = [
  {
    partnerAction: 'trackEvent',
    subscribe: 'type = "track"',
    mapping: {
      name: { '@path': '$.event' },
      properties: { '@path': '$.properties' },
      identity: { '@path': '$.userId' },
      anonymousId: { '@path': '$.anonymousId' },
      traits: { '@path': '$.context.traits' }
    }
  },
  {
    partnerAction: 'identifyUser',
    subscribe: 'type = "identify"',
    mapping: { userId: { '@path': '$.userId' }, traits: { '@path': '$.traits' } }
  }
]

interface Row {
  what: string
  mappings?: Mapping[]
  settings?: Partial<Settings>
  event: PlainEvent
  published: unknown[][]
  /** Where it differs, and in which row of docs/device-mode.md that stands. */
  ours?: unknown[][]
  differs?: string
}

const track = (properties: object, more: object = {}): PlainEvent => ({
  type: 'track',
  event: 'Order',
  properties,
  ...more
})
const orderOf = (properties: object): unknown[] => ['track', 'Order', { ...properties, ...LIBRARY }]

const PRODUCTS = [
  { sku: 'A-1', variant: 'Black', colors: { main: 'black' } },
  { sku: 'B-2', variant: 'Navy', colors: { main: 'blue' } },
  { sku: 'C-3', variant: 'White', tags: ['new', 'sale'] }
]
const itemsOf = (count: number): unknown[][] =>
  [
    { sku: 'A-1', variant: 'Black', 'colors.main': 'black' },
    { sku: 'B-2', variant: 'Navy', 'colors.main': 'blue' },
    { sku: 'C-3', variant: 'White', tags: '["new","sale"]' }
  ]
    .slice(0, count)
    .map((item) => ['track', 'Order products item', { ...item, ...LIBRARY }])

const NUMBER = 'A number or a boolean'
const NULL = '`null`'
const DATE = 'A date'
const ORDER = 'An identity beside user properties'
const NOBODY = 'An ID that stands for nobody, such as `undefined`'
const NESTED = 'Nested traits, and nested properties behind the Browser Array Limit'
const NO_TRAITS = 'No traits'
const NAMES = '`id`, `user_id` and `Email` among the traits'
const NO_NAME = 'An event without a name'
const UNSENDABLE = 'A property that cannot be sent, and `null` in a list under the Browser Array Limit'
const PLAIN_ENTRY = 'A text or a number in a list under the Browser Array Limit'
const TOO_LONG = 'What is longer than Heap takes'
const CLASSIC = 'A Tracking Server alone'
const NO_SCHEME = 'An Ingest Server without `https://`'

const ROWS: Row[] = [
  {
    what: 'an event of a visitor',
    event: track({ coupon: 'SAVE10' }, { anonymousId: 'a-1' }),
    published: [['addUserProperties', { anonymous_id: 'a-1' }], orderOf({ coupon: 'SAVE10' })]
  },
  {
    what: 'an event with what is known of the person',
    event: track({}, { anonymousId: 'a-1', context: { traits: { plan: 'pro', address: { city: 'Berlin' } } } }),
    published: [['addUserProperties', { anonymous_id: 'a-1', plan: 'pro', 'address.city': 'Berlin' }], orderOf({})]
  },
  {
    what: 'an event without an anonymous ID',
    event: track({}, { context: { traits: {} } }),
    published: [orderOf({})]
  },
  {
    what: 'an event without properties',
    event: { type: 'track', event: 'Order' },
    published: [orderOf({})]
  },
  {
    what: 'a trait of the name that Heap joins visitors by',
    event: track({}, { anonymousId: 'a-1', context: { traits: { anonymous_id: 'a-2' } } }),
    published: [['addUserProperties', { anonymous_id: 'a-2' }], orderOf({})]
  },
  {
    what: 'an identity on an event',
    mappings: ALL_FIELDS,
    event: track({}, { userId: 'alice', anonymousId: 'a-1', context: { traits: { plan: 'pro' } } }),
    published: [['addUserProperties', { anonymous_id: 'a-1', plan: 'pro' }], ['identify', 'alice'], orderOf({})],
    ours: [['identify', 'alice'], ['addUserProperties', { plan: 'pro', anonymous_id: 'a-1' }], orderOf({})],
    differs: ORDER
  },
  {
    what: 'an identity that is not there',
    mappings: ALL_FIELDS,
    event: track({}, { anonymousId: 'a-1' }),
    published: [['addUserProperties', { anonymous_id: 'a-1' }], orderOf({})]
  },
  {
    what: 'an identity that names nobody',
    mappings: ALL_FIELDS,
    event: track({}, { userId: 'undefined' }),
    published: [['identify', 'undefined'], orderOf({})],
    ours: [['resetIdentity'], orderOf({})],
    differs: NOBODY
  },
  {
    what: 'an anonymous ID that names nobody',
    event: track({}, { anonymousId: 'null' }),
    published: [['addUserProperties', { anonymous_id: 'null' }], orderOf({})],
    ours: [orderOf({})],
    differs: NOBODY
  },
  {
    what: 'nested properties and lists',
    event: track({ cart: { shop: { city: 'Berlin' }, none: {} }, sizes: ['S', 'M'], products: PRODUCTS, empty: [] }),
    published: [
      orderOf({
        'cart.shop.city': 'Berlin',
        sizes: '["S","M"]',
        products: JSON.stringify(PRODUCTS),
        empty: '[]'
      })
    ]
  },
  {
    what: 'numbers and booleans',
    event: track({ total: 12.5, items: 0, gift: false, cart: { paid: true } }),
    published: [orderOf({ total: '12.5', items: '0', gift: 'false', 'cart.paid': 'true' })],
    ours: [orderOf({ total: 12.5, items: 0, gift: false, 'cart.paid': true })],
    differs: NUMBER
  },
  {
    what: 'null',
    event: track({ coupon: null, cart: { coupon: null } }),
    published: [orderOf({ coupon: null, 'cart.coupon': null })],
    ours: [orderOf({})],
    differs: NULL
  },
  {
    what: 'a date',
    event: track({ at: new Date('2026-11-23T10:00:00.000Z') }),
    published: [orderOf({})],
    ours: [orderOf({ at: '2026-11-23T10:00:00.000Z' })],
    differs: DATE
  },
  {
    what: 'a property of the name of Segment’s',
    event: track({ segment_library: 'mine' }),
    published: [orderOf({})]
  },
  {
    what: 'an event without a name',
    event: { type: 'track', properties: {} },
    published: [['track', undefined, LIBRARY]],
    ours: [],
    differs: NO_NAME
  },
  {
    what: 'a property that cannot be written',
    event: track({ coupon: 'SAVE10', amounts: [10n] }),
    published: [],
    ours: [orderOf({ coupon: 'SAVE10' })],
    differs: UNSENDABLE
  },
  {
    what: 'a list within the limit',
    settings: { browserArrayLimit: 5 },
    event: track({ coupon: 'SAVE10', products: PRODUCTS }),
    published: [...itemsOf(3), orderOf({ coupon: 'SAVE10', products: JSON.stringify(PRODUCTS) })]
  },
  {
    what: 'a list over the limit',
    settings: { browserArrayLimit: 2 },
    event: track({ products: PRODUCTS }),
    published: [...itemsOf(2), orderOf({ products: JSON.stringify(PRODUCTS) })]
  },
  {
    what: 'two lists, the second of which comes over the limit',
    settings: { browserArrayLimit: 3 },
    event: track({ first: [{ key: 'a' }, { key: 'b' }], second: [{ key: 'c' }, { key: 'd' }] }),
    published: [
      ['track', 'Order first item', { key: 'a', ...LIBRARY }],
      ['track', 'Order first item', { key: 'b', ...LIBRARY }],
      ['track', 'Order second item', { key: 'c', ...LIBRARY }],
      orderOf({ first: '[{"key":"a"},{"key":"b"}]', second: '[{"key":"c"},{"key":"d"}]' })
    ]
  },
  {
    what: 'nested lists, which are no events of their own',
    settings: { browserArrayLimit: 5 },
    event: track({ cart: { products: [{ key: 'a' }] } }),
    published: [orderOf({ 'cart.products': '[{"key":"a"}]' })]
  },
  {
    what: 'a property behind those that reach the limit',
    settings: { browserArrayLimit: 1 },
    event: track({ products: [{ key: 'a' }], cart: { shop: { city: 'Berlin' } } }),
    published: [
      ['track', 'Order products item', { key: 'a', ...LIBRARY }],
      orderOf({ products: '[{"key":"a"}]', cart: { shop: { city: 'Berlin' } } })
    ],
    ours: [
      ['track', 'Order products item', { key: 'a', ...LIBRARY }],
      orderOf({ products: '[{"key":"a"}]', 'cart.shop.city': 'Berlin' })
    ],
    differs: NESTED
  },
  {
    what: 'a list of texts',
    settings: { browserArrayLimit: 5 },
    event: track({ sizes: ['S', 'XL'] }),
    published: [
      ['track', 'Order sizes item', { 0: 'S', ...LIBRARY }],
      ['track', 'Order sizes item', { 0: 'X', 1: 'L', ...LIBRARY }],
      orderOf({ sizes: '["S","XL"]' })
    ],
    ours: [
      ['track', 'Order sizes item', { sizes: 'S', ...LIBRARY }],
      ['track', 'Order sizes item', { sizes: 'XL', ...LIBRARY }],
      orderOf({ sizes: '["S","XL"]' })
    ],
    differs: PLAIN_ENTRY
  },
  {
    what: 'a list with nothing in it',
    settings: { browserArrayLimit: 5 },
    event: track({ sizes: [null], more: [] }),
    published: [],
    ours: [orderOf({ sizes: '[null]', more: '[]' })],
    differs: UNSENDABLE
  },
  {
    what: 'a key and a text that are too long',
    event: track({ ['k'.repeat(600)]: 'x'.repeat(2000) }),
    published: [orderOf({ ['k'.repeat(600)]: 'x'.repeat(2000) })],
    ours: [orderOf({ ['k'.repeat(511)]: 'x'.repeat(1023) })],
    differs: TOO_LONG
  },
  {
    what: 'an identify call',
    event: { type: 'identify', userId: 'alice', traits: { plan: 'pro' } },
    published: [
      ['addUserProperties', { plan: 'pro' }],
      ['identify', 'alice']
    ],
    ours: [
      ['identify', 'alice'],
      ['addUserProperties', { plan: 'pro' }]
    ],
    differs: ORDER
  },
  {
    what: 'an identify call without traits',
    event: { type: 'identify', userId: 'alice', traits: {} },
    published: [
      ['addUserProperties', {}],
      ['identify', 'alice']
    ],
    ours: [['identify', 'alice']],
    differs: NO_TRAITS
  },
  {
    what: 'an identify call without a person',
    event: { type: 'identify', traits: { vip: true } },
    published: [['addUserProperties', { vip: true }]]
  },
  {
    what: 'an identify call with nested traits',
    event: { type: 'identify', traits: { address: { city: 'Berlin' }, teams: ['a'], since: null } },
    published: [['addUserProperties', { address: { city: 'Berlin' }, teams: ['a'], since: null }]],
    ours: [['addUserProperties', { 'address.city': 'Berlin', teams: '["a"]' }]],
    differs: NESTED
  },
  {
    what: 'an identify call of nobody',
    event: { type: 'identify', userId: 'null', traits: { plan: 'none' } },
    published: [
      ['addUserProperties', { plan: 'none' }],
      ['identify', 'null']
    ],
    ours: [['resetIdentity'], ['addUserProperties', { plan: 'none' }]],
    differs: NOBODY
  },
  {
    what: 'traits of names that Heap does not take',
    event: { type: 'identify', traits: { id: '7', user_id: '8', Email: 'alice@example.com' } },
    published: [['addUserProperties', { id: '7', user_id: '8', Email: 'alice@example.com' }]],
    ours: [['addUserProperties', { segment_id: '7', segment_user_id: '8', email: 'alice@example.com' }]],
    differs: NAMES
  }
]

describe('a mapping of the published destination', () => {
  it.each(ROWS)('gives Heap $what', async ({ mappings, settings, event, published, ours, differs }) => {
    const { calls } = await heapCallsFor([event], { mappings, settings })
    expect(calls).toStrictEqual(ours ?? published)
    expect(Boolean(ours)).toBe(Boolean(differs))
  })

  it('has the same presets', () => {
    expect(PRESETS).toStrictEqual([
      {
        name: 'Track Event',
        subscribe: 'type = "track"',
        partnerAction: 'trackEvent',
        mapping: {
          name: { '@path': '$.event' },
          properties: { '@path': '$.properties' },
          anonymousId: { '@path': '$.anonymousId' },
          traits: { '@path': '$.context.traits' }
        },
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

  it('is found under the same names', () => {
    expect(destination.name).toBe('Heap Web (Actions)')
    expect(destination.slug).toBe('actions-heap-web')
    expect(Object.keys(destination.actions).sort()).toStrictEqual(['identifyUser', 'trackEvent'])
    expect(Object.keys(destination.actions.trackEvent.fields)).toStrictEqual([
      'name',
      'properties',
      'identity',
      'anonymousId',
      'traits'
    ])
    expect(Object.keys(destination.actions.identifyUser.fields)).toStrictEqual(['userId', 'traits'])
  })
})

const CURRENT = 'https://cdn.us.heap-api.com/config/12343283/heap_config.js'

interface LibraryRow {
  settings: Partial<Settings>
  /** The script, and the settings that Heap's library finds. */
  published: [url: string, config: object]
  ours?: [url: string, config: object]
  differs?: string
}

/** The published destination always says these two; where they are not set, Heap takes the same for them. */
const UNSET = { disableTextCapture: false, secureCookie: false }

const LIBRARIES: LibraryRow[] = [
  { settings: {}, published: [CURRENT, {}] },
  {
    settings: { disableTextCapture: true, secureCookie: true },
    published: [CURRENT, { disableTextCapture: true, secureCookie: true }]
  },
  {
    settings: { ingestServer: 'https://in.example.com' },
    published: [CURRENT, { ingestServer: 'https://in.example.com' }]
  },
  {
    settings: { hostname: 'heap.example.com' },
    published: ['https://heap.example.com/config/12343283/heap_config.js', {}]
  },
  {
    settings: { hostname: 'heap.example.com', trackingServer: 'https://t.example.com' },
    published: ['https://heap.example.com/js/heap-12343283.js', { trackingServer: 'https://t.example.com' }]
  },
  {
    settings: {
      hostname: 'heap.example.com',
      trackingServer: 'https://t.example.com',
      ingestServer: 'https://in.example.com'
    },
    published: [
      'https://heap.example.com/js/heap-12343283.js',
      { trackingServer: 'https://t.example.com', ingestServer: 'https://in.example.com' }
    ]
  },
  {
    settings: { trackingServer: 'https://t.example.com', ingestServer: 'https://in.example.com' },
    published: [CURRENT, { trackingServer: 'https://t.example.com', ingestServer: 'https://in.example.com' }]
  },
  {
    // What the published one says of this setting is the classic library, which is what it was made for.
    settings: { trackingServer: 'https://t.example.com' },
    published: [CURRENT, { trackingServer: 'https://t.example.com' }],
    ours: ['https://cdn.heapanalytics.com/js/heap-12343283.js', { trackingServer: 'https://t.example.com' }],
    differs: CLASSIC
  },
  {
    settings: { ingestServer: 'in.example.com' },
    published: [CURRENT, { ingestServer: 'in.example.com' }],
    ours: [CURRENT, { ingestServer: 'https://in.example.com' }],
    differs: NO_SCHEME
  }
]

describe('the settings of the published destination', () => {
  beforeEach(() => {
    jest.useFakeTimers()
  })
  afterEach(() => {
    jest.useRealTimers()
  })

  it.each(LIBRARIES)('load the same library for $settings', async ({ settings, published, ours }) => {
    const page = onPlainPage()
    const scripts: string[] = []
    const loadScript = (src: string): Promise<HTMLScriptElement> => {
      scripts.push(src)
      return new Promise(() => undefined)
    }
    void destination.initialize(
      { settings: { appId: '12343283', ...settings }, analytics: {} as never },
      { loadScript, resolveWhen: () => Promise.reject(new Error('Nothing is polled for.')) }
    )
    await Promise.resolve()
    const [url, config] = ours ?? published
    expect(scripts).toStrictEqual([url])
    expect(page.heap?.envId).toBe('12343283')
    expect({ ...UNSET, ...page.heap?.clientConfig }).toStrictEqual({
      ...UNSET,
      ...config,
      shouldFetchServerConfig: false
    })
    expect(page.warnings).toStrictEqual([])
  })

  it('are all there', () => {
    expect(Object.keys(destination.settings ?? {})).toEqual(
      expect.arrayContaining([
        'appId',
        'disableTextCapture',
        'secureCookie',
        'trackingServer',
        'ingestServer',
        'hostname',
        'browserArrayLimit'
      ])
    )
    const required = Object.entries(destination.settings ?? {}).filter(([, { required }]) => required)
    expect(required.map(([key]) => key)).toStrictEqual(['appId'])
  })
})

it('differs in nothing but what docs/device-mode.md says', () => {
  const rows = tableRows('docs/device-mode.md', '## From Heap Web (Actions) as Segment publishes it')
  const differences = [...ROWS, ...LIBRARIES].flatMap(({ differs }) => differs ?? [])
  expect(rows.map(([what]) => what).sort()).toStrictEqual([...new Set(differences)].sort())
})
