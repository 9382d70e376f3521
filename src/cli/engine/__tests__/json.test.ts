import fc from 'fast-check'
import { parseJson } from '../json'

describe('parseJson', () => {
  it.each<[text: string, value: number | string]>([
    ['9007199254740991', 9007199254740991],
    ['9007199254740991', 9007199254740991],
    ['9007199254740992', '9007199254740992'],
    ['9007199254740993', '9007199254740993'],
    ['-9007199254740993', '-9007199254740993'],
    ['765611980123456781', '765611980123456781'],
    ['18446744073709551615', '18446744073709551615'],
    // JavaScript has these exactly, but nobody can tell from the number.
    ['9007199254740994', '9007199254740994'],
    ['12300000000000000000', '12300000000000000000'],
    ['1000000000000000000000', '1000000000000000000000'],
    ['1e21', 1e21],
    ['0.1234567890123456789', '0.1234567890123456789'],
    ['123456789.12345678901', '123456789.12345678901'],
    ['1e400', '1e400'],
    ['-1.5E+400', '-1.5E+400'],
    ['1e-400', '1e-400'],
    // The same number, written otherwise.
    ['1.50', 1.5],
    ['27.50000000000000000000', 27.5],
    ['15e2', 1500],
    ['0.0000001', 1e-7],
    ['5e-324', 5e-324],
    ['-0.0', -0],
    ['0e99', 0],
    // What many languages write for 0.1 and 0.30000000000000004.
    ['0.10000000000000001', 0.1],
    ['0.30000000000000004', 0.1 + 0.2]
  ])('reads %s as %j', (text, value) => {
    expect(parseJson(`{"a":${text}}`)).toStrictEqual({ a: value })
    expect(parseJson(`[1, ${text} ,"b"]`)).toStrictEqual([1, value, 'b'])
    expect(parseJson(`{"a":{"b":[{"c" :\n${text}}]}}`)).toStrictEqual({ a: { b: [{ c: value }] } })
  })

  it.each(['"9007199254740993"', '"a, 9007199254740993"', '"\\":9007199254740993,"', '"x: 5e9"'])(
    'leaves the digits in the text %s alone',
    (text) => {
      expect(parseJson(`{"a":${text},"b":9007199254740993}`)).toStrictEqual({
        a: JSON.parse(text) as string,
        b: '9007199254740993'
      })
    }
  )

  it('reads all else as JSON.parse does, also where a number is long', () => {
    fc.assert(
      fc.property(fc.jsonValue({ depthSize: 'small' }), (value) => {
        const text = JSON.stringify(value)
        const expected: unknown = JSON.parse(text, (_key, inner: unknown) => {
          const isLong = typeof inner === 'number' && Math.abs(inner) > Number.MAX_SAFE_INTEGER
          return isLong && !String(inner).includes('e') ? String(inner) : inner
        })
        expect(parseJson(`[${text},9007199254740993]`)).toStrictEqual([expected, '9007199254740993'])
      })
    )
    expect(parseJson('{"a":1,"a":9007199254740993}')).toStrictEqual({ a: '9007199254740993' })
    const own = parseJson('{"__proto__":{"a":9007199254740993}}')
    expect(JSON.stringify(own)).toBe('{"__proto__":{"a":"9007199254740993"}}')
  })

  it.each(['', '{"a":9007199254740993', '{"a":09007199254740993}', "{'a':1}", '{"a":1,}'])('refuses %s', (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError)
  })

  it('reads a number of ten million digits in one go', () => {
    const digits = `1${'0'.repeat(10_000_000)}1`
    expect(parseJson(`{"a":${digits}}`)).toStrictEqual({ a: digits })
  })
})
