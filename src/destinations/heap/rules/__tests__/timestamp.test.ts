import { isoTimestamp } from '../timestamp'

describe('isoTimestamp', () => {
  it.each<[string | number, string]>([
    ['2026-11-23T10:00:00.000Z', '2026-11-23T10:00:00.000Z'],
    ['2026-11-23T10:00:00Z', '2026-11-23T10:00:00.000Z'],
    ['2026-11-23T12:00:00+02:00', '2026-11-23T10:00:00.000Z'],
    ['2026-11-23 05:00:00-0500', '2026-11-23T10:00:00.000Z'],
    ['2026-11-23T10:00:00.123456789Z', '2026-11-23T10:00:00.123Z'],
    ['Mon, 23 Nov 2026 10:00:00 GMT', '2026-11-23T10:00:00.000Z'],
    ['Mon Nov 23 2026 11:00:00 GMT+0100 (Central European Standard Time)', '2026-11-23T10:00:00.000Z'],
    ['Nov 23 2026 05:00 EST', '2026-11-23T10:00:00.000Z'],
    [' 2026-11-23T10:00:00.000Z ', '2026-11-23T10:00:00.000Z']
  ])('gives %s in UTC', (timestamp, expected) => {
    expect(isoTimestamp(timestamp)).toBe(expected)
  })

  it.each([
    ['2026-11-23', '2026-11-23T00:00:00.000Z'],
    ['2026-11-23T10:00:00', '2026-11-23T10:00:00.000Z'],
    ['2026-11-23 10:00:00', '2026-11-23T10:00:00.000Z'],
    ['2026/11/23', '2026-11-23T00:00:00.000Z'],
    ['11-23-2026', '2026-11-23T00:00:00.000Z'],
    ['11/23/2026 3:04 PM', '2026-11-23T15:04:00.000Z'],
    ['Nov 23, 2026 10:00', '2026-11-23T10:00:00.000Z']
  ])('takes %s, which names no time zone, for UTC wherever it runs', (timestamp, expected) => {
    expect(isoTimestamp(timestamp)).toBe(expected)
  })

  it.each<[string | number, string]>([
    [1795428000, '2026-11-23T10:00:00.000Z'],
    [1795428000.25, '2026-11-23T10:00:00.250Z'],
    [1795428000000, '2026-11-23T10:00:00.000Z'],
    ['1795428000', '2026-11-23T10:00:00.000Z'],
    ['1795428000000', '2026-11-23T10:00:00.000Z'],
    ['1795428000.25', '2026-11-23T10:00:00.250Z'],
    [0, '1970-01-01T00:00:00.000Z'],
    [-86400, '1969-12-31T00:00:00.000Z'],
    [99999999999, '5138-11-16T09:46:39.000Z'],
    [100000000000, '1973-03-03T09:46:40.000Z']
  ])('takes the number %s for seconds or milliseconds by its size', (timestamp, expected) => {
    expect(isoTimestamp(timestamp)).toBe(expected)
  })

  it.each(['tomorrow', '', '2026-13-45T10:00:00Z', 1795428000000000, '1795428000000000', NaN, Infinity])(
    'refuses %s, which is no date',
    (timestamp) => {
      expect(() => isoTimestamp(timestamp)).toThrow(
        `Timestamp "${timestamp}" is not a date that Heap accepts. Send ISO 8601, such as 2026-11-23T10:00:00.000Z, or epoch seconds or milliseconds.`
      )
    }
  )
})
