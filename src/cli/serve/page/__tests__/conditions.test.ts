import type { Operator } from '@segment/destination-subscriptions'
import { array, assert, constantFrom, property, record, string } from 'fast-check'
import { readFql } from '../../../engine/fql'
import { FIELDS, hasName, hasValue, operatorsOf, problemOf, rowsOf, textOf } from '../client/conditions'
import type { Field, Row } from '../client/conditions'

describe('conditions', () => {
  const row = constantFrom(...(Object.keys(FIELDS) as Field[])).chain((field) =>
    record({
      field: constantFrom(field),
      name: hasName(field) ? constantFrom('plan', 'order.total', '_x', 'a-b') : constantFrom(''),
      operator: constantFrom(...(Object.keys(operatorsOf(field)) as Operator[])),
      text: string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/["\\*]/.test(text)),
      number: constantFrom('0', '-1.5', '1000')
    }).map(({ text, number, ...rest }): Row => {
      const isNumber = /number|[<>]/.test(rest.operator)
      return { ...rest, value: hasValue(rest.operator) ? (isNumber ? number : text) : '' }
    })
  )

  it('become a trigger that Segment reads as it is written, and are the same again', () => {
    assert(
      property(
        constantFrom('and' as const, 'or' as const),
        array(row, { minLength: 1, maxLength: 5 }),
        (joined, made) => {
          const rows = made.map((one) => (one.field === 'event-type' ? { ...one, value: 'page' } : one))
          const text = textOf({ joined, rows })
          expect(readFql(text).problem).toBeUndefined()
          expect(rowsOf(text)).toStrictEqual({ joined: rows.length === 1 ? 'and' : joined, rows })
        }
      )
    )
  })

  it.each([
    'type = "track" and (event = "A" or event = "B")',
    'type = "track" and event = "A" or event = "B"',
    '!(event = "A")',
    'event = "A" and anonymousId != null',
    ''
  ])('are not shown for %s, which is more or other than one list', (text) => {
    expect(rowsOf(text)).toBeUndefined()
  })

  it.each([
    [[], 'at least one condition'],
    [[{ field: 'event-property', name: '', operator: '=', value: 'x' }], 'Event Property needs a place'],
    [[{ field: 'event-property', name: 'a b', operator: '=', value: 'x' }], 'Event Property needs a place'],
    [[{ field: 'event-property', name: 'n', operator: '>', value: 'many' }], 'is greater than needs a number'],
    [[{ field: 'event', name: '', operator: '=', value: 'say "hi"' }], 'quotation mark'],
    [[{ field: 'event', name: '', operator: 'starts_with', value: 'a*' }], 'any characters']
  ])('say what they lack: %j', (rows, problem) => {
    expect(problemOf({ joined: 'and', rows: rows as Row[] })).toContain(problem)
  })
})
