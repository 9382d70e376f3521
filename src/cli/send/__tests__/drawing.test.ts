import fc from 'fast-check'
import stringWidth from 'string-width'
import { drawn } from '../drawing'
import type { Row } from '../drawing'

// As it is, but counted.
jest.mock('string-width', () => jest.fn(jest.requireActual<typeof stringWidth>('string-width')))

describe('drawn', () => {
  it('draws one property a line, the values aligned, and what is nested further in', () => {
    const rows: Row[] = [
      ['app_id', '11'],
      ['count', 7],
      ['events', [{ event: 'Signed Up', properties: { plan: 'pro', 'a.long.name': true } }, { event: '' }, 'text']],
      ['nothing', {}],
      ['blank', ' a ']
    ]
    expect(drawn(rows, 80, 2).join('\n')).toBe(`  app_id   11
  count    7
  events
    - event  Signed Up
      properties
        plan         pro
        a.long.name  true
    - event  ""
    - text
  nothing  {}
  blank    " a "`)
  })

  it('wraps long values beside their name, and puts a long name above its value', () => {
    const rows: Row[] = [
      ['list', '[1,2,3] and so on, further than a line has room for'],
      ['a_name_that_is_longer_than_its_share', 'value'],
      ['short', 'x']
    ]
    expect(drawn(rows, 40, 0)).toStrictEqual([
      'list   [1,2,3] and so on, further than a',
      '        line has room for',
      'a_name_that_is_longer_than_its_share',
      '       value',
      'short  x'
    ])
  })

  it('aligns by how wide characters are, and shows what is invisible', () => {
    expect(
      drawn(
        [
          ['名前', 'b'],
          ['name\u200b', 'a\u001b[31m'],
          ['x', '👍🏽']
        ],
        80,
        0
      )
    ).toStrictEqual(['名前          b', 'name<U+200B>  a\u{fffd}[31m', 'x             👍🏽'])
  })

  it('keeps within the width and loses nothing, whatever it draws', () => {
    const text = fc.string({ maxLength: 300, unit: fc.constantFrom('a', 'b', ' ', '.', 'é', '漢') })
    const rows = fc.array(fc.tuple(text, fc.oneof(text, fc.integer(), fc.dictionary(text, text, { maxKeys: 3 }))))
    fc.assert(
      fc.property(rows, fc.integer({ min: 40, max: 120 }), (drawnRows, width) => {
        const lines = drawn(drawnRows, width, 2)
        for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(width)
        const letters = (some: string) => some.replace(/[^abé漢]/g, '').split('')
        // JSON has the letters of "true" and the like, which are not drawn here.
        const given = drawnRows.flatMap(([name, value]) => [
          name,
          ...(typeof value === 'object' ? Object.entries(value).flat() : [String(value)])
        ])
        expect(letters(lines.join('')).sort()).toStrictEqual(letters(given.join('')).sort())
      }),
      { numRuns: 60 }
    )
  })

  it('measures each text the same few times, however much there is to draw', () => {
    const measured = (count: number) => {
      const rows = Array.from({ length: count }, (_, index): Row => [`fäld_${1000 + index}`, `välue ${'x'.repeat(90)}`])
      jest.mocked(stringWidth).mockClear()
      expect(drawn(rows, 80, 2)).toHaveLength(2 * count)
      return jest.mocked(stringWidth).mock.calls.length
    }
    expect(measured(500)).toBe(10 * measured(50))
  })
})
