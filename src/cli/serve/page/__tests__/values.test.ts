import type { JSONValue } from '@segment/actions-core'
import { array, assert, constantFrom, property, string } from 'fast-check'
import { anyCharacter } from '../../../../__tests__/anyCharacter'
import { transform } from '@segment/actions-core/mapping-kit'
import { coalesce, coalescedPaths, kindOf, misreadingOf, placesOf, startOf } from '../client/values'
import type { Kind } from '../client/values'
import { visible } from '../client/visible'

describe('the value of a field', () => {
  it.each<[JSONValue | undefined, Kind]>([
    [undefined, 'nothing'],
    [{ '@path': '$.event' }, 'path'],
    ['text', 'literal'],
    [false, 'literal'],
    [12, 'literal'],
    [{ '@template': '{{event}}' }, 'template'],
    [coalesce(['$.a', '$.b', '$.c']), 'coalesce'],
    [{ plan: { '@path': '$.plan' } }, 'object'],
    [{}, 'object'],
    [null, 'json'],
    [[1], 'json'],
    [{ '@arrayPath': ['$.products'] }, 'json'],
    [{ '@if': { exists: { '@path': '$.a' }, then: 'yes' } }, 'json'],
    [{ '@path': '$.a', other: 1 }, 'json'],
    [{ __segment_internal_directive: {} }, 'json']
  ])('%j is shown as %s', (value, kind) => {
    expect(kindOf(value)).toBe(kind)
  })

  it('starts as the kind that was chosen', () => {
    const kinds: Kind[] = ['nothing', 'path', 'literal', 'template', 'coalesce', 'object']
    for (const kind of kinds) expect(kindOf(startOf(kind, { '@path': '$.event' }, 'string'))).toBe(kind)
    expect(startOf('template', { '@path': '$.properties.plan' }, 'string')).toStrictEqual({
      '@template': '{{properties.plan}}'
    })
    expect(startOf('json', { '@path': '$.event' }, 'string')).toStrictEqual({ '@path': '$.event' })
    expect(startOf('literal', undefined, 'boolean')).toBe(true)
  })

  it('takes the first path that the event has, whatever the number of paths', () => {
    const path = constantFrom('$.a', '$.b', '$.c', '$.properties.d')
    assert(
      property(array(path, { minLength: 2, maxLength: 5 }), (paths) => {
        expect(coalescedPaths(coalesce(paths))).toStrictEqual(paths)
        const first = paths.find((one) => one === '$.b' || one === '$.properties.d')
        const event = { b: 'B', properties: { d: 'D' } }
        const expected = first === undefined ? undefined : first === '$.b' ? 'B' : 'D'
        expect(transform({ field: coalesce(paths) }, event).field).toBe(expected)
      })
    )
  })

  it.each<[JSONValue, string | undefined]>([
    ['{{event}}', 'is sent as it is'],
    [{ '@template': '{{$.event}}' }, 'without "$."'],
    [{ '@if': { then: 'x' } }, 'needs "exists" or "blank"'],
    [{ '@if': { exists: { '@path': '$.a' }, then: 'x', else: false } }, 'gives nothing, not false'],
    [{ '@json': { mode: 'Encode', value: 1 } }, 'in small letters'],
    [{ '@case': { operator: 'Upper', value: 'x' } }, 'every event fails'],
    [{ '@path': '$.' }, 'the whole event'],
    [{ plan: { nested: '{{traits.plan}}' } }, 'is sent as it is'],
    [{ '@template': '{{event}} of {{properties.plan}}' }, undefined],
    [{ '@json': { mode: 'encode', value: { '@path': '$.properties' } } }, undefined],
    [{ '@case': { operator: 'lower', value: { '@path': '$.event' } } }, undefined],
    ['plain', undefined]
  ])('%j is warned of where Segment reads it otherwise', (value, warning) => {
    if (warning === undefined) expect(misreadingOf(value)).toBeUndefined()
    else expect(misreadingOf(value)).toContain(warning)
  })
})

describe('placesOf', () => {
  it('gives paths that Segment resolves to what it shows beside them', () => {
    const event = {
      event: 'A',
      properties: { plan: 'pro', list: [{ sku: 's' }], 'odd name': 1, 'a/b': 2, 'x.y': 3, 'b[0]': 4, nothing: null }
    }
    const places = placesOf(event)
    expect(places.map(({ path }) => path)).toContain('$.properties.list.0.sku')
    for (const { path, value, isUnreachable } of places) {
      const found = transform({ field: { '@path': path } }, event).field as unknown
      if (isUnreachable) expect(found).not.toStrictEqual(value)
      else expect(found).toStrictEqual(value)
    }
    expect(places.filter(({ isUnreachable }) => isUnreachable).map(({ path }) => path)).toStrictEqual([
      '$.properties.x.y',
      '$.properties.b[0]'
    ])
  })

  it('ends at an event of more places than anyone would look through', () => {
    expect(placesOf(Array.from({ length: 5000 }, (_none, index) => index))).toHaveLength(2000)
    expect(placesOf(null)).toStrictEqual([])
  })
})

describe('visible', () => {
  it.each([
    ['a\u202eb', 'a\\u202eb'],
    ['a\u0000\u001b[31m', 'a\\u0000\\u001b[31m'],
    ['\u200bundefined', '\\u200bundefined'],
    ['\ud83d', '\\ud83d'],
    ['line\nline\ttab', 'line\nline\ttab'],
    ['👨‍👩‍👧 ❤️‍🔥 é <b>', '👨‍👩‍👧 ❤️‍🔥 é <b>'],
    ['a\u200db', 'a\\u200db']
  ])('shows %j as %j', (text, shown) => {
    expect(visible(text)).toBe(shown)
  })

  it('leaves no character that turns the order of a line around', () => {
    assert(
      property(string({ unit: anyCharacter }), (text) => !/[\u202a-\u202e\u2066-\u2069\u200b]/.test(visible(text)))
    )
  })
})
