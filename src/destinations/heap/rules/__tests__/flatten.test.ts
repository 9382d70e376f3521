import { flatten, flattenByIndex, flattenTraits, flattenTyped } from '../flatten'
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
    expect(flatten({ exact: 'x'.repeat(LIMIT), long: 'x'.repeat(LIMIT + 1), list: ['x'.repeat(2000)] })).toStrictEqual({
      exact: 'x'.repeat(LIMIT),
      long: 'x'.repeat(LIMIT),
      list: `["${'x'.repeat(LIMIT - 2)}`
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

  it('takes several objects as if they were one', () => {
    const data = JSON.parse('{"b":{"c":2},"__proto__":"p"}') as object
    expect(Object.entries(flatten({ a: 1, 'b.c': 1 }, data, { a: 3 }))).toStrictEqual([
      ['a', '3'],
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

    it.each<[string, object, string]>([
      ['a circular object', { a: { b: circular } }, 'Property "a.b.self" contains itself'],
      ['a root in itself', circular, 'Property "self" contains itself'],
      ['a circular array', { a: { list } }, 'Property "a.list" is an array that cannot be written as JSON (Converting'],
      ['a bigint in an array', { ids: [1n] }, 'Property "ids" is an array that cannot be written as JSON (Do not know'],
      ['an endless toJSON', { a: endless() }, 'Property "a" has a toJSON whose answers never end'],
      ['a failing toJSON', { a: failing }, 'Property "a" has a toJSON that fails (out of order).'],
      ['a toJSON that throws no error', { a: unprintable }, 'Property "a" has a toJSON that fails (text).']
    ])('%s', (_kind, properties, message) => {
      expect(() => flatten(properties)).toThrow(InvalidPayloadError)
      expect(() => flatten(properties)).toThrow(message)
    })

    it('with a name no longer than Heap takes', () => {
      const long = 'k'.repeat(5000)
      expect(() => flatten({ [long]: [1n] })).toThrow(`Property "${long.slice(0, LIMIT)}" is`)
    })
  })
})

describe('flattenByIndex', () => {
  it('names the entries of arrays by their place, objects in them too', () => {
    const at = new Date(0)
    expect(
      flattenByIndex({ foods: ['a', { b: [1, [2]] }, null, at], empty: [], deep: { list: [true] } })
    ).toStrictEqual({
      'foods.0': 'a',
      'foods.1.b.0': '1',
      'foods.1.b.1.0': '2',
      'foods.3': '1970-01-01T00:00:00.000Z',
      'deep.list.0': 'true'
    })
  })

  it('names an array that contains itself', () => {
    const list: unknown[] = []
    list.push({ list })
    expect(() => flattenByIndex({ list })).toThrow('Property "list.0.list" contains itself')
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
    expect(flattenTyped(properties)).toStrictEqual(flatten(properties))
    expect(Object.keys(flattenTyped(properties))).toStrictEqual(['text', 'date', 'big', 'list', 'long'])
  })

  it('takes the value that toJSON gives', () => {
    expect(flattenTyped({ price: { toJSON: () => 12.5 } })).toStrictEqual({ price: 12.5 })
  })

  it('names traits as flattenTraits does', () => {
    expect(flattenTraits({ id: 7, Email: 'a@example.com', vip: true }, flattenTyped)).toStrictEqual({
      segment_id: 7,
      email: 'a@example.com',
      vip: true
    })
  })
})

describe('flattenTraits', () => {
  it('renames what Heap refuses as a user property', () => {
    expect(flattenTraits({ id: 1, user_id: 2, name: 'Alice', company: { id: 3 } })).toStrictEqual({
      segment_id: '1',
      segment_user_id: '2',
      name: 'Alice',
      'company.id': '3'
    })
  })

  it.each(['id', 'Id', 'iD', 'ID'])('renames %s', (key) => {
    expect(flattenTraits({ [key]: 7 })).toStrictEqual({ segment_id: '7' })
  })

  it.each(['email', 'Email', 'EMAIL', 'eMail'])('writes %s as email, which Heap knows', (key) => {
    expect(flattenTraits({ [key]: 'a@example.com' })).toStrictEqual({ email: 'a@example.com' })
  })

  it('prefers the exact name to a renamed one, whichever comes first', () => {
    expect(flattenTraits({ Email: 'b@example.com', email: 'a@example.com' })).toStrictEqual({ email: 'a@example.com' })
    expect(flattenTraits({ email: 'a@example.com', EMAIL: 'b@example.com' })).toStrictEqual({ email: 'a@example.com' })
    expect(flattenTraits({ id: 1, segment_id: 2 })).toStrictEqual({ segment_id: '2' })
  })

  it('leaves names alone that only look alike', () => {
    const traits = { 'i.d': '1', User_Id: '2', emails: '3', 'e-mail': '4', idx: '5' }
    expect(flattenTraits(traits)).toStrictEqual(traits)
  })
})
