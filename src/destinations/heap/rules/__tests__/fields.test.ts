import { objectOf, textOf } from '../fields'
import { InvalidPayloadError } from '../invalidPayload'

describe('textOf', () => {
  it.each<[unknown, string | undefined]>([
    ['text', 'text'],
    ['', ''],
    [7, '7'],
    [true, 'true'],
    [null, undefined],
    [undefined, undefined]
  ])('makes of %j %j', (value, expected) => {
    expect(textOf(value, 'Event Name')).toBe(expected)
  })

  it.each<[unknown, string]>([
    [['Opened'], 'an array'],
    [{}, 'an object']
  ])('refuses %j', (value, was) => {
    expect(() => textOf(value, 'Event Name')).toThrow(
      new InvalidPayloadError(`Event Name must be a string but it was ${was}.`)
    )
  })
})

describe('objectOf', () => {
  it.each<[unknown, object]>([
    [{ a: 1 }, { a: 1 }],
    [{}, {}],
    [null, {}],
    [undefined, {}]
  ])('makes of %j %j', (value, expected) => {
    expect(objectOf(value, 'User Properties')).toStrictEqual(expected)
  })

  it('takes an empty list for an empty object', () => {
    expect(Object.keys(objectOf([], 'User Properties'))).toStrictEqual([])
  })

  it.each<[unknown, string]>([
    [[1], 'an array'],
    ['text', 'a string'],
    [7, 'a number']
  ])('refuses %j', (value, was) => {
    expect(() => objectOf(value, 'User Properties')).toThrow(
      new InvalidPayloadError(`User Properties must be an object but it was ${was}.`)
    )
  })
})
