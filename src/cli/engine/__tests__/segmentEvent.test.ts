import { withoutEmptyLists } from '../segmentEvent'

describe('what programs write for nothing', () => {
  it.each([
    [{ properties: [] }, { properties: {} }],
    [
      { traits: [], integrations: [] },
      { traits: {}, integrations: {} }
    ],
    [{ context: [] }, { context: {} }],
    [{ context: null }, {}],
    [{ context: { personas: null, ip: '::1' } }, { context: { ip: '::1' } }],
    [{ context: { traits: [], ip: '::1' } }, { context: { traits: {}, ip: '::1' } }]
  ])('is nothing: %j', (event, tidied) => {
    const before = JSON.stringify(event)
    expect(withoutEmptyLists({ type: 'track', ...event })).toStrictEqual({ type: 'track', ...tidied })
    expect(JSON.stringify(event)).toBe(before)
  })

  it.each([
    { properties: ['a'], traits: null, context: 'text' },
    { properties: { list: [] }, context: { page: [], personas: { computation_class: 'audience' } } },
    { context: { traits: ['a'] } }
  ])('is left alone where it says something: %j', (event) => {
    expect(withoutEmptyLists(event)).toStrictEqual(event)
  })
})
