import { cut, excerpt, MAX_PROPERTY_LENGTH, quoted, reasonOf, storable, storableJson, stripped, trimmed } from '../text'

describe('storable', () => {
  it.each([
    ['', ''],
    ['plain', 'plain'],
    ['😀 and é', '😀 and é'],
    ['before\0after', 'beforeafter'],
    ['\0\0', ''],
    ['\ud83d', '\ufffd'],
    ['\ude00\ud83d', '\ufffd\ufffd'],
    ['😀\ud83d\0😀', '😀\ufffd😀'],
    ['\ud83d\0\ude00', '😀']
  ])('makes %j %j', (text, expected) => {
    expect(storable(text)).toBe(expected)
  })
})

describe('storableJson', () => {
  it.each<unknown>([
    'a\0b',
    ['\ud83d', '😀', '\\u0000', '\\\0', '\\\\ud83d', '\u0001', '\ud83d\\'],
    { 'k\0\udc00': [null, 1, { '\0': '\0' }] }
  ])('writes %j as if its texts were storable', (value) => {
    const clean = (inner: unknown): unknown => {
      if (typeof inner === 'string') return storable(inner)
      if (Array.isArray(inner)) return inner.map(clean)
      if (typeof inner !== 'object' || inner === null) return inner
      return Object.fromEntries(Object.entries(inner).map(([key, entry]) => [storable(key), clean(entry)]))
    }
    expect(storableJson(JSON.stringify(value))).toBe(JSON.stringify(clean(value)))
  })
})

describe('cut', () => {
  const LONG = 'x'.repeat(MAX_PROPERTY_LENGTH - 1)

  it('leaves alone what fits', () => {
    expect(cut(`${LONG}y`)).toBe(`${LONG}y`)
  })

  it.each([
    ['a letter', 'yz', 'y'],
    ['an emoji', '😀', ''],
    ['a skin tone', '👍🏽', ''],
    ['a family', '👨‍👩‍👧', ''],
    ['a flag', '🇩🇪', ''],
    ['the flag of England', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', ''],
    ['a heart with its variation', '❤️', ''],
    ['a key cap', '1️⃣', ''],
    ['a letter with its accent', 'e\u0301', '']
  ])('keeps %s whole', (_what, character, rest) => {
    expect(cut(`${LONG}${character}`)).toBe(`${LONG}${rest}`)
  })

  it.each(['👨‍👩‍👧', '👍🏽', '🇩🇪', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', '😀'])('keeps %s whole wherever the limit falls', (emoji) => {
    for (let limit = 0; limit < 60; limit++) {
      const length = cut(emoji.repeat(100), limit).length
      expect(length % emoji.length).toBe(0)
      expect(limit - length).toBeLessThan(emoji.length)
    }
  })

  it('cuts between more marks than anybody reads', () => {
    expect(cut(`${'x'.repeat(900)}e${'\u0301'.repeat(200)}`)).toHaveLength(MAX_PROPERTY_LENGTH)
  })

  it('never cuts a surrogate pair in half, however much there is to keep whole', () => {
    expect(cut('👍🏽🏽🏽🏽🏽🏽🏽🏽🏽🏽🏽🏽🏽🏽🏽🏽🏽🏽🏽🏽🏽🏽🏽🏽🏽🏽🏽🏽🏽', 45)).toHaveLength(44)
  })
})

describe('trimmed', () => {
  it.each([
    ['  alice ', 'alice'],
    ['\talice\n', 'alice'],
    ['alice', 'alice'],
    ['\u200balice bob\u2060', 'alice bob'],
    ['ä', 'ä'],
    ['', undefined],
    [' \t\n\u200b', undefined],
    [null, undefined],
    [undefined, undefined]
  ])('makes %j %j', (text, expected) => {
    expect(trimmed(text)).toBe(expected)
  })

  it('takes a time that grows with the text', () => {
    expect(trimmed(`a${' '.repeat(5_000_000)}b${' '.repeat(5_000_000)}`)).toHaveLength(5_000_002)
  })
})

describe('stripped', () => {
  it('takes characters outside the basic plane for one', () => {
    expect(stripped('😀a😀b😀😀', /^😀$/u)).toBe('a😀b')
    expect(stripped('😀😀', /^😀$/u)).toBe('')
  })
})

describe('quoted, excerpt and reasonOf', () => {
  it('show at most 100 characters', () => {
    expect(quoted('x'.repeat(100))).toBe(`"${'x'.repeat(100)}"`)
    expect(quoted('x'.repeat(101))).toBe(`"${'x'.repeat(100)}…"`)
    expect(quoted(undefined)).toBe('"undefined"')
    expect(excerpt('abcdef', 3)).toBe('abc…')
    expect(reasonOf(new Error(`${'x'.repeat(200)}\nwith details`))).toBe(`${'x'.repeat(100)}…`)
    expect(reasonOf('text')).toBe('text')
  })
})
