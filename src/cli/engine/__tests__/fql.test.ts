import type { GroupCondition } from '@segment/destination-subscriptions'
import { assert, array, constantFrom, double, oneof, property, record, string } from 'fast-check'
import { destination as heapInTheBrowser } from '../../../browser-destinations/heap'
import heap from '../../../destinations/heap'
import type { Definition } from '../definition'
import { checkConditions, fqlOf, isTaken, readFql } from '../fql'

describe('readFql', () => {
  it.each([
    // [text, what Segment reads, why]
    [
      'type = "track" and event = "A" or event = "B"',
      'type = "track" or event = "A" or event = "B"',
      'the last "and" or "or" holds for all conditions beside it. Put parentheses round those that belong together.'
    ],
    [
      'type = "track" and anonymousId != null',
      'type = "track"',
      'it does not know "anonymousId" and leaves the condition out. It knows type, event, name, userId, properties, traits and context.'
    ],
    ['!(event = "A")', 'event = "A"', 'a "!" counts before contains() and match() alone. Write != instead.'],
    ["event = 'A'", `event = "'A'"`, 'its quotation marks are double; single ones are a part of the text.'],
    [
      'event = null',
      'event = "null"',
      'it compares event and type with the text "null". It can tell whether name, userId, properties, traits and context are there.'
    ],
    ['type in ["track"]', 'type in "["', 'no event has the type "["; the types are'],
    ['properties.plan in ["a", "b"]', 'properties.plan in "["', 'it knows no lists.'],
    [
      'match(event, "ab*cd")',
      'match(event, "*b*cd")',
      'it takes one * at the start or the end of a text for any characters; any other is a * itself.'
    ],
    ['match(event, "*ab*")', 'match(event, "*ab*")', 'it takes one * at the start or the end of a text'],
    ['match(event, "ab")', 'match(event, "*b")', undefined],
    ['type = "track" and', 'type = "track"', 'nothing follows the last "and" or "or".'],
    ['event = "a\\"b"', 'event = "a\\"', 'it knows no escaping'],
    ['event = "a\\\\b"', 'event = "a\\\\b"', 'it knows no escaping'],
    ['userId = 12', 'userId = "12"', 'it compares event, name, type and userId as text'],
    ['type = "track" OR type = "page"', 'type = "track" and type = "page"', 'it knows "and" and "or" in small letters'],
    ['event = "A" event = "B"', 'event = "A" and event = "B"', undefined],
    ['type == "track"', 'type = "="', 'no event has the type "="'],
    ['type = "trak"', 'type = "trak"', 'no event has the type "trak"'],
    ['event like "E*"', 'event like "E*"', 'it does not know "like", so no event is ever taken.'],
    ['event is "E"', 'event is "E"', 'it does not know "is"'],
    [
      'properties.a > "2026-01-01"',
      'properties.a > NaN',
      'it compares numbers alone by size, and "2026-01-01" is none, so no event is ever taken.'
    ],
    [
      'properties.n = 12345678901234567890',
      'properties.n = 12345678901234567000',
      'it rounds numbers of more than 15 digits.'
    ],
    ['contains(event, "a") = true', 'contains(event, "a")', undefined]
  ])('says that Segment reads %s as %s', (text, readAs, reason) => {
    const reading = readFql(text)
    expect(reading.readAs).toBe(readAs)
    expect(reading.problem).toContain(reason === undefined ? `Segment reads it as ${readAs}.` : `${readAs}: ${reason}`)
  })

  it.each([
    ['', 'Segment finds no condition in it.'],
    ['event', 'Segment finds no condition in it.'],
    ['anonymousId != null', 'It does not know "anonymousId"'],
    ['((event = "A"))', 'It knows one level of parentheses.'],
    ['type = "track" and (event = "A" or (event = "B" and name = "C"))', 'It knows one level of parentheses.'],
    ['event = "A', 'Segment finds no condition in it.'],
    ['type = "track" and ()', 'Segment knows nothing of what stands in a pair of its parentheses.'],
    ['type = "track" and (messageId != null or anonymousId != null)', 'It does not know "messageId"'],
    ['(type = "track") and (anonymousId = "x")', 'It does not know "anonymousId"'],
    ['type = "track" and (foo)', 'It does not know "foo"']
  ])('says that Segment makes nothing of %s', (text, problem) => {
    const reading = readFql(text)
    expect(reading.problem).toContain(problem)
    expect(reading.readAs).toBeUndefined()
  })

  it.each([
    'type = "track"',
    '(type = "track")',
    'type="track" AND event != "A"',
    'type = "track" and (event = "A" or event = "B")',
    '(event = "A" or event = "B") and (properties.n >= 5 or traits.vip = true)',
    'contains(properties.x, 5)',
    '!match(name, "a*")',
    'properties.a\\ b = 1.50',
    'context.page.url != null',
    'userId = null',
    'event = "it is and or not"',
    'event = "what? (no) [list] !"'
  ])('finds nothing in %s', (text) => {
    expect(readFql(text).problem).toBeUndefined()
    expect(readFql(text).readAs).toBeDefined()
  })

  it('finds nothing in the presets and default triggers', () => {
    const definitions: Definition[] = [heap, heapInTheBrowser]
    const triggers = definitions.flatMap(({ presets = [], actions }) => [
      ...presets.flatMap((preset) => (preset.type === 'automatic' ? [preset.subscribe] : [])),
      ...Object.values(actions).flatMap(({ defaultSubscription }) => defaultSubscription ?? [])
    ])
    expect(triggers.length).toBeGreaterThan(5)
    for (const trigger of triggers) expect(readFql(trigger)).toMatchObject({ readAs: trigger, notes: [] })
    for (const trigger of triggers) expect(readFql(trigger).problem).toBeUndefined()
  })

  it('notes that a comparison with a number matches numbers alone', () => {
    expect(readFql('properties.n > 5').notes).toStrictEqual([
      'properties.n > 5 matches numbers alone: a number that is sent as text, such as "7", never does.'
    ])
    expect(readFql('properties.n = "5"').notes).toStrictEqual([])
  })

  const leaf = record({
    type: constantFrom('event', 'name', 'userId'),
    operator: constantFrom('=', '!=', 'contains', 'not_contains', 'starts_with', 'not_ends_with'),
    // What a text of a trigger can hold at all.
    value: string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/["\\*]/.test(text))
  })
  const named = record({
    type: constantFrom('event-property', 'event-trait', 'event-context'),
    name: string({ unit: constantFrom(...'abcXYZ09_-'), minLength: 1 }).filter((text) => /^[a-zA-Z_]/.test(text)),
    operator: constantFrom('=', '!=', 'contains'),
    value: string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/["\\*]/.test(text))
  })
  const numeric = record({
    type: constantFrom('event-property'),
    name: constantFrom('total', 'order.total'),
    operator: constantFrom('<', '<=', '>', '>=', 'number_equals', 'number_not_equals'),
    value: double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }).map(
      (n) => Math.round(n * 100) / 100 + 0
    )
  })

  it('reads what conditions are written as, and gets the same conditions back', () => {
    const group = record({
      type: constantFrom('group'),
      operator: constantFrom('and', 'or'),
      children: array(oneof(leaf, named, numeric), { minLength: 1, maxLength: 6 })
    })
    assert(
      property(group, (made) => {
        const condition = made as GroupCondition
        const { condition: read, problem } = readFql(fqlOf(condition))
        expect(problem).toBeUndefined()
        expect(read?.children).toEqual(condition.children)
        if (condition.children.length > 1) expect(read?.operator).toBe(condition.operator)
      })
    )
  })
})

describe('checkConditions', () => {
  const event = { type: 'track' as const, event: 'Paid', userId: '12', properties: { order: { total: '7' } } }

  it('says of each condition whether it matches and what the event has there', () => {
    const { condition } = readFql(
      'type = "track" and (event = "Order" or properties.order.total > 5 or traits.vip = true)'
    )
    expect(condition && checkConditions(condition, event)).toStrictEqual([
      { fql: 'type = "track"', matches: true, actual: 'track' },
      { fql: 'event = "Order"', matches: false, actual: 'Paid' },
      { fql: 'properties.order.total > 5', matches: false, actual: '7' },
      { fql: 'traits.vip = true', matches: false }
    ])
    expect(isTaken(condition, event)).toBe(false)
    expect(isTaken(readFql('userId = "12"').condition, event)).toBe(true)
    expect(isTaken(undefined, event)).toBe(false)
  })
})
