import { oneLine, printable, printableJson } from '../terminal'

describe('text on the terminal', () => {
  it.each([
    ['what steers it', 'a\u001b[31mb\u009b2J\u007f\tc', 'a\u{fffd}[31mb\u{fffd}2J\u{fffd}\u{fffd}c'],
    ['what turns a line around', 'a\u202eb\u2066c', 'a\u{fffd}b\u{fffd}c'],
    ['a zero-width space', 'undefined\u200b', 'undefined<U+200B>'],
    ['a joiner between letters, and a byte order mark', 'a\u200db\ufeff', 'a<U+200D>b<U+FEFF>'],
    ['other characters that have no width', '\u00ad\u2060\u3164\u034f', '<U+00AD><U+2060><U+3164><U+034F>'],
    ['a tag outside the basic plane', 'a\u{e0041}', 'a<U+E0041>'],
    ['what holds an emoji together', '👩‍💻 ❤️ 🏳️‍🌈 👍🏽 1️⃣', '👩‍💻 ❤️ 🏳️‍🌈 👍🏽 1️⃣'],
    ['letters of any language', 'été Ærøskøbing Łódź 東京 سلام', 'été Ærøskøbing Łódź 東京 سلام']
  ])('shows %s', (_what, text, shown) => {
    expect(printable(text)).toBe(shown)
    expect(JSON.parse(printableJson(JSON.stringify(text)))).toBe(text)
    expect(printable(printableJson(JSON.stringify(text)))).toBe(printableJson(JSON.stringify(text)))
  })

  it('keeps a line one line', () => {
    expect(printable('a\nb')).toBe('a\nb')
    expect(oneLine('a\nb')).toBe('a\u{fffd}b')
  })
})
