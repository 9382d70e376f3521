import { asUserProperties, flatten, flattenTyped } from '../flatten'
import type { NestedMode } from '../flatten'
import { InvalidPayloadError } from '../invalidPayload'
import { MAX_PROPERTY_LENGTH } from '../text'

const LIMIT = MAX_PROPERTY_LENGTH

describe('flatten', () => {
  it('is the contract example', () => {
    const properties = {
      foo: { bar: { cheese: 'american', prop: [1, 2, 3], products: [{ A: 'Jello' }, { B: 'Peanut' }] } }
    }
    expect(flatten(properties)).toStrictEqual({
      'foo.bar.cheese': 'american',
      'foo.bar.prop': '[1,2,3]',
      'foo.bar.products': '[{"A":"Jello"},{"B":"Peanut"}]'
    })
  })

  it.each([
    ['a string', 'blue', 'blue'],
    ['an empty string', '', ''],
    ['a string that reads null', 'null', 'null'],
    ['an integer', 42, '42'],
    ['zero', 0, '0'],
    ['a negative number', -1.5, '-1.5'],
    ['a large number', 1e21, '1e+21'],
    ['true', true, 'true'],
    ['false', false, 'false'],
    ['a bigint', 9007199254740993n, '9007199254740993'],
    ['a date', new Date('2026-11-23T10:00:00.000Z'), '2026-11-23T10:00:00.000Z'],
    ['an object with toJSON', { toJSON: () => 12.5 }, '12.5'],
    ['a toJSON that gives a date', { toJSON: () => new Date(0) }, '1970-01-01T00:00:00.000Z'],
    ['an array', [1, 'two', true, null], '[1,"two",true,null]'],
    ['an array of dates', [new Date(0)], '["1970-01-01T00:00:00.000Z"]'],
    ['an array of objects', [{ a: { b: 1 } }], '[{"a":{"b":1}}]'],
    ['an empty array', [], '[]']
  ])('gives %s its string', (_kind, value, expected) => {
    expect(flatten({ value })).toStrictEqual({ value: expected })
  })

  it.each([
    ['null', null],
    ['undefined', undefined],
    ['NaN', NaN],
    ['infinity', Infinity],
    ['minus infinity', -Infinity],
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['an invalid date', new Date('never')],
    ['a toJSON that gives nothing', { toJSON: () => undefined }],
    ['an empty object', {}],
    ['an object of nothing', { a: { b: null }, c: {} }]
  ])('makes nothing of %s', (_kind, value) => {
    expect(flatten({ before: 1, value, after: 2 })).toStrictEqual({ before: '1', after: '2' })
  })

  it('flattens what toJSON gives', () => {
    expect(flatten({ price: { toJSON: () => ({ amount: 5, at: new Date(0) }) } })).toStrictEqual({
      'price.amount': '5',
      'price.at': '1970-01-01T00:00:00.000Z'
    })
  })

  it('takes the entries of an object whose toJSON gives itself', () => {
    const self = {
      amount: 5,
      toJSON(): unknown {
        return this
      }
    }
    expect(flatten({ self })).toStrictEqual({ 'self.amount': '5' })
  })

  it('takes own entries only, in any order of kinds', () => {
    const inherited = Object.create({ hidden: 1 }) as Record<string, unknown>
    inherited.shown = 2
    expect(flatten(inherited)).toStrictEqual({ shown: '2' })
  })

  it('cuts a value to the limit', () => {
    expect(flatten({ exact: 'x'.repeat(LIMIT), long: 'x'.repeat(LIMIT + 1) })).toStrictEqual({
      exact: 'x'.repeat(LIMIT),
      long: 'x'.repeat(LIMIT)
    })
  })

  it('does not cut a character in half', () => {
    const { value } = flatten({ value: `${'x'.repeat(LIMIT - 1)}😀` })
    expect(value).toBe('x'.repeat(LIMIT - 1))
    expect(flatten({ value: `${'x'.repeat(LIMIT - 2)}😀y` }).value).toBe(`${'x'.repeat(LIMIT - 2)}😀`)
  })

  it('cuts a key to the limit', () => {
    expect(flatten({ [`${'k'.repeat(LIMIT)}1`]: 'a' })).toStrictEqual({ ['k'.repeat(LIMIT)]: 'a' })
    expect(flatten({ ['k'.repeat(LIMIT - 1)]: { deep: 'a' } })).toStrictEqual({ [`${'k'.repeat(LIMIT - 1)}.`]: 'a' })
  })

  it('lets the later of two keys that meet win', () => {
    expect(flatten({ 'a.b': 1, a: { b: 2 } })).toStrictEqual({ 'a.b': '2' })
    expect(flatten({ a: { b: 2 }, 'a.b': 1 })).toStrictEqual({ 'a.b': '1' })
    const long = 'k'.repeat(LIMIT)
    expect(flatten({ [`${long}1`]: 'first', [`${long}2`]: 'second' })).toStrictEqual({ [long]: 'second' })
  })

  it('nests to any depth', () => {
    let deep: object = { leaf: 'found' }
    for (let level = 0; level < 100_000; level++) deep = { a: deep }
    expect(flatten(deep)).toStrictEqual({ ['a.'.repeat(LIMIT).slice(0, LIMIT)]: 'found' })
  })

  it('takes __proto__, constructor and toString for data', () => {
    const properties: object = JSON.parse(
      '{"__proto__":"p","constructor":"c","toString":"t","a":{"__proto__":{"polluted":"yes"}}}'
    )
    const flat = flatten(properties)
    expect(Object.entries(flat)).toStrictEqual([
      ['__proto__', 'p'],
      ['constructor', 'c'],
      ['toString', 't'],
      ['a.__proto__.polluted', 'yes']
    ])
    expect(JSON.stringify(flat)).toBe('{"__proto__":"p","constructor":"c","toString":"t","a.__proto__.polluted":"yes"}')
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  it('adds to properties that are there, and wins over them', () => {
    const data = JSON.parse('{"b":{"c":2},"__proto__":"p"}') as object
    expect(Object.entries(flatten(data, undefined, { a: '1', 'b.c': '1' }))).toStrictEqual([
      ['a', '1'],
      ['b.c', '2'],
      ['__proto__', 'p']
    ])
  })

  it('takes the same object twice where it is not inside itself', () => {
    const address = { city: 'Berlin' }
    expect(flatten({ home: address, work: address, all: { again: address } })).toStrictEqual({
      'home.city': 'Berlin',
      'work.city': 'Berlin',
      'all.again.city': 'Berlin'
    })
  })

  describe('names the property it cannot express', () => {
    const circular: Record<string, unknown> = { name: 'loop' }
    circular.self = circular
    const list: unknown[] = []
    list.push(list)
    const endless = (): unknown => ({ toJSON: endless })
    const failing = {
      toJSON: () => {
        throw new Error('out of order\nwith details')
      }
    }
    const unprintable = {
      toJSON: () => {
        // Other people's code may throw anything.
        throw 'text'
      }
    }

    const throwing = Object.defineProperty({}, 'secret', {
      enumerable: true,
      get: () => {
        throw new Error('keep out')
      }
    })
    const closed = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('no entry')
        }
      }
    )
    const loop: unknown[] = []
    loop.push({ loop })

    it.each<[string, object, string]>([
      ['a circular object', { a: { b: circular } }, 'Property "a.b.self" contains itself'],
      ['a root in itself', circular, 'Property "self" contains itself'],
      ['a circular array', { a: { list } }, 'Property "a.list" is an array that cannot be written as JSON (Converting'],
      ['a bigint in an array', { ids: [1n] }, 'Property "ids" is an array that cannot be written as JSON (Do not know'],
      ['an endless toJSON', { a: endless() }, 'Property "a" has a toJSON whose answers never end'],
      ['a failing toJSON', { a: failing }, 'Property "a" has a toJSON that fails (out of order).'],
      ['a toJSON that throws no error', { a: unprintable }, 'Property "a" has a toJSON that fails (text).'],
      ['a getter that throws', { a: throwing }, 'Property "a.secret" cannot be read (keep out). Send a plain'],
      ['a getter in a list', { a: [throwing] }, 'Property "a" is an array that cannot be written as JSON (keep out).'],
      [
        'a proxy that shows no keys',
        { a: closed },
        'Property "a" cannot be read (no entry). Send a plain value instead.'
      ],
      [
        'a list in itself by way of an object',
        { list: loop },
        'Property "list" is an array that cannot be written as JSON'
      ]
    ])('%s', (_kind, properties, message) => {
      expect(() => flatten(properties)).toThrow(InvalidPayloadError)
      expect(() => flatten(properties)).toThrow(message)
    })

    it('with no more of a long name than a person can read', () => {
      const long = 'k'.repeat(5000)
      expect(() => flatten({ [long]: [1n] })).toThrow(`Property "${long.slice(0, 100)}…" is`)
    })
  })
})

describe('text that a store cannot hold', () => {
  it('leaves NUL out, and has U+FFFD for half of a surrogate pair', () => {
    expect(
      flatten({
        'n\0ul': 'a\0b',
        'half \ud83d': 'half \ude00',
        whole: '😀',
        list: ['\0', 'a\0', '\ud83d', { 'k\0\udc00': '😀\ud83d' }, '\\u0000', '\\\0', '\u0001'],
        deep: { '\0': { '\0x': 1 } }
      })
    ).toStrictEqual({
      nul: 'ab',
      'half \ufffd': 'half \ufffd',
      whole: '😀',
      list: '["","a","\ufffd",{"k\ufffd":"😀\ufffd"},"\\\\u0000","\\\\","\\u0001"]',
      'deep..x': '1'
    })
  })

  it('is left out before a limit cuts', () => {
    expect(flatten({ [`${'\0'.repeat(LIMIT)}key`]: `${'\0'.repeat(LIMIT)}value` })).toStrictEqual({ key: 'value' })
  })
})

describe('a list that is too long for a property', () => {
  const entry = (length: number) => 'x'.repeat(length - 2)

  it('keeps as many whole entries as fit, and says how many it left out', () => {
    const products = Array.from({ length: 12 }, (_, index) => ({ sku: `sku-${index}`, name: 'A board game'.repeat(7) }))
    const flat = flatten({ order: { products, total: 1 } })
    const kept = JSON.parse(flat['order.products']) as unknown[]
    expect(kept).toStrictEqual(products.slice(0, 9))
    expect(flat['order.products'].length + JSON.stringify(products[9]).length).toBeGreaterThanOrEqual(LIMIT)
    expect(Object.keys(flat)).toStrictEqual(['order.products', 'order.total', 'order.products.omitted'])
    expect(flat['order.products.omitted']).toBe('3')
  })

  it('keeps what fits to the last character', () => {
    expect(flatten({ list: [entry(LIMIT - 2)] })).toStrictEqual({ list: JSON.stringify([entry(LIMIT - 2)]) })
    expect(flatten({ list: [entry(500), entry(LIMIT - 503)] })).not.toHaveProperty(['list.omitted'])
    expect(flatten({ list: [entry(500), entry(LIMIT - 502)] })).toStrictEqual({
      list: JSON.stringify([entry(500)]),
      'list.omitted': '1'
    })
  })

  it('is empty where the first entry alone is too long', () => {
    expect(flatten({ list: [entry(LIMIT - 1), 1, 2] })).toStrictEqual({ list: '[]', 'list.omitted': '3' })
  })

  it('counts what it leaves out as JSON writes it', () => {
    const list = [undefined, () => 1, null, new Date(0), 'a\0', ...Array.from({ length: 1000 }, (_, index) => index)]
    const flat = flatten({ list })
    const kept = JSON.parse(flat.list) as unknown[]
    expect(kept.slice(0, 6)).toStrictEqual([null, null, null, '1970-01-01T00:00:00.000Z', 'a', 0])
    expect(flat['list.omitted']).toBe(String(list.length - kept.length))
  })

  it('leaves a property alone that has the name of the count', () => {
    const list = [entry(LIMIT)]
    const own = { list: '[]', 'list.omitted': 'mine' }
    expect(flatten({ list, 'list.omitted': 'mine' })).toStrictEqual(own)
    expect(flatten({ 'list.omitted': 'mine', list })).toStrictEqual(own)
    expect(flatten({ list }, undefined, { 'list.omitted': 'mine' })).toStrictEqual(own)
  })

  it('counts for the value that is sent where names meet', () => {
    const long = (omitted: number) => [...Array.from({ length: omitted }, () => entry(LIMIT)), 1]
    const counted = (list: string, omitted?: number) => (omitted ? { list, 'list.omitted': String(omitted) } : { list })
    const meeting = (one: unknown, other: unknown) => flatten({ list: one, 'list\0': other })
    expect(meeting(long(2), long(4))).toStrictEqual(counted('[]', 5))
    expect(meeting(long(2), [1])).toStrictEqual(counted('[1]'))
    expect(meeting(long(2), 'text')).toStrictEqual(counted('text'))
    expect(meeting([1], long(2))).toStrictEqual(counted('[]', 3))
    expect(meeting(long(2), null)).toStrictEqual(counted('[]', 3))
  })

  it('is the later of two counts whose names meet', () => {
    const key = 'k'.repeat(LIMIT - 1)
    const flat = flatten({ [`${key}1`]: [entry(LIMIT)], [`${key}2`]: [entry(LIMIT), entry(LIMIT)] })
    expect(Object.values(flat)).toStrictEqual(['[]', '[]', '2'])
  })

  it.each([LIMIT - 9, LIMIT - 8, LIMIT - 7, LIMIT - 1, LIMIT, LIMIT + 1])(
    'says so where its name has %i characters, too',
    (length) => {
      const key = 'k'.repeat(length)
      const flat = flatten({ [key]: [entry(LIMIT)] })
      expect(flat).toStrictEqual({
        [key.slice(0, LIMIT)]: '[]',
        [`${key.slice(0, LIMIT - 8)}.omitted`]: '1'
      })
    }
  )
})

describe('flatten, in the mode', () => {
  const properties = {
    plain: 1,
    at: new Date(0),
    order: { total: 2, items: [{ sku: 'a', tags: ['x', null] }, 'b'] },
    foods: ['cheese', { kind: 'bread' }, [1, [2]], null, new Date(0)],
    none: [],
    empty: {},
    nothing: null
  }

  it.each<[NestedMode | undefined, Record<string, string>]>([
    [
      'flatten_objects',
      {
        'order.total': '2',
        'order.items': '[{"sku":"a","tags":["x",null]},"b"]',
        foods: '["cheese",{"kind":"bread"},[1,[2]],null,"1970-01-01T00:00:00.000Z"]',
        none: '[]'
      }
    ],
    [
      'flatten',
      {
        'order.total': '2',
        'order.items.0.sku': 'a',
        'order.items.0.tags.0': 'x',
        'order.items.1': 'b',
        'foods.0': 'cheese',
        'foods.1.kind': 'bread',
        'foods.2.0': '1',
        'foods.2.1.0': '2',
        'foods.4': '1970-01-01T00:00:00.000Z'
      }
    ],
    [
      'stringify',
      {
        order: '{"total":2,"items":[{"sku":"a","tags":["x",null]},"b"]}',
        foods: '["cheese",{"kind":"bread"},[1,[2]],null,"1970-01-01T00:00:00.000Z"]',
        none: '[]',
        empty: '{}'
      }
    ],
    ['drop', {}]
  ])('%s', (mode, nested) => {
    expect(flatten(properties, mode)).toStrictEqual({ plain: '1', at: '1970-01-01T00:00:00.000Z', ...nested })
  })

  it('stringify keeps as many whole entries of an object as fit', () => {
    const order = { total: 1, undefined: undefined, note: 'x'.repeat(900), '"quoted"': 'y'.repeat(300), last: 2 }
    const flat = flatten({ order }, 'stringify')
    expect(flat).toStrictEqual({ order: `{"total":1,"note":"${'x'.repeat(900)}"}`, 'order.omitted': '2' })
  })

  it('flatten names an array that contains itself', () => {
    const list: unknown[] = []
    list.push({ list })
    expect(() => flatten({ list }, 'flatten')).toThrow('Property "list.0.list" contains itself')
  })

  it('stringify names an object that contains itself', () => {
    const order: Record<string, unknown> = {}
    order.order = order
    expect(() => flatten({ order }, 'stringify')).toThrow(
      'Property "order" is an object that cannot be written as JSON (Converting circular structure to JSON).'
    )
  })
})

describe('flatten, of what is deep', () => {
  it('takes every leaf on the way, the names of which stop growing at the limit', () => {
    let deep: object = {}
    for (let level = 100_000; level > 0; level--) deep = { a: deep, leaf: level }
    const flat = flatten(deep)
    expect(Object.keys(flat).length).toBeLessThan(520)
    expect(flat['a.a.leaf']).toBe('3')
  })

  it('finds an object in itself far down', () => {
    const deep: Record<string, unknown> = {}
    const root: Record<string, unknown> = {}
    let end = root
    for (let level = 0; level < 5000; level++) end = end.a = {}
    Object.assign(end, { b: deep })
    deep.c = { deep }
    expect(() => flatten(root)).toThrow(/^Property "(?:a\.)+…" contains itself/)
  })
})

describe('flattenTyped', () => {
  it('keeps numbers and booleans, at any depth', () => {
    expect(flattenTyped({ price: 12.5, none: 0, order: { paid: true, gift: false, count: -3 } })).toStrictEqual({
      price: 12.5,
      none: 0,
      'order.paid': true,
      'order.gift': false,
      'order.count': -3
    })
  })

  it('makes of everything else what flatten makes of it', () => {
    const properties = {
      text: 'x'.repeat(LIMIT + 1),
      date: new Date(0),
      big: 9007199254740993n,
      list: [1, true, null],
      long: ['x'.repeat(LIMIT)],
      nothing: null,
      missing: undefined,
      nan: NaN,
      infinite: Infinity,
      method: () => 1
    }
    expect(flattenTyped(properties)).toStrictEqual({ ...flatten(properties), 'long.omitted': 1 })
    expect(Object.keys(flattenTyped(properties))).toStrictEqual(['text', 'date', 'big', 'list', 'long', 'long.omitted'])
  })

  it('takes the value that toJSON gives', () => {
    expect(flattenTyped({ price: { toJSON: () => 12.5 } })).toStrictEqual({ price: 12.5 })
  })

  it('gets the names of user properties, too', () => {
    expect(asUserProperties(flattenTyped({ id: 7, Email: 'a@example.com', vip: true }))).toStrictEqual({
      segment_id: 7,
      email: 'a@example.com',
      vip: true
    })
  })
})

describe('asUserProperties', () => {
  const userPropertiesOf = (traits: object) => asUserProperties(flatten(traits))

  it('renames what Heap refuses as a user property', () => {
    expect(userPropertiesOf({ id: 1, user_id: 2, name: 'Alice', company: { id: 3 } })).toStrictEqual({
      segment_id: '1',
      segment_user_id: '2',
      name: 'Alice',
      'company.id': '3'
    })
  })

  it.each(['id', 'Id', 'iD', 'ID'])('renames %s', (key) => {
    expect(userPropertiesOf({ [key]: 7 })).toStrictEqual({ segment_id: '7' })
  })

  it.each(['email', 'Email', 'EMAIL', 'eMail'])('writes %s as email, which Heap knows', (key) => {
    expect(userPropertiesOf({ [key]: 'a@example.com' })).toStrictEqual({ email: 'a@example.com' })
  })

  it('renames with it what says how many entries of a list were left out', () => {
    const ids = Array.from({ length: 400 }, (_, index) => index)
    const { 'segment_id.omitted': count, ...sent } = userPropertiesOf({ id: ids })
    const kept = JSON.parse(sent.segment_id) as number[]
    expect(Object.keys(sent)).toStrictEqual(['segment_id'])
    expect(count).toBe(String(400 - kept.length))
    // Nothing was left out of the one that wins.
    expect(userPropertiesOf({ id: ids, segment_id: 2 })).toStrictEqual({ segment_id: '2' })
    expect(userPropertiesOf({ Email: ids, EMAIL: 'a@example.com' })).toStrictEqual({ email: 'a@example.com' })
    // And not what the customer calls so.
    expect(userPropertiesOf({ id: ['a'], 'id.omitted': 'mine' })).toStrictEqual({
      segment_id: '["a"]',
      'id.omitted': 'mine'
    })
  })

  it('prefers the exact name to a renamed one, whichever comes first', () => {
    expect(userPropertiesOf({ Email: 'b@example.com', email: 'a@example.com' })).toStrictEqual({
      email: 'a@example.com'
    })
    expect(userPropertiesOf({ email: 'a@example.com', EMAIL: 'b@example.com' })).toStrictEqual({
      email: 'a@example.com'
    })
    expect(userPropertiesOf({ id: 1, segment_id: 2 })).toStrictEqual({ segment_id: '2' })
  })

  it('leaves names alone that only look alike', () => {
    const traits = { 'i.d': '1', User_Id: '2', emails: '3', 'e-mail': '4', idx: '5' }
    expect(userPropertiesOf(traits)).toStrictEqual(traits)
  })
})
