import { createTestIntegration, IntegrationError } from '@segment/actions-core'
import type { SegmentEvent } from '@segment/actions-core'
import fc from 'fast-check'
import Heap from '../destinations/heap'
import { asUserProperties, flatten, flattenTyped } from '../destinations/heap/rules/flatten'
import type { NestedMode } from '../destinations/heap/rules/flatten'
import { checkAccountId, checkIdentity } from '../destinations/heap/rules/identity'
import { cut, MAX_PROPERTY_LENGTH } from '../destinations/heap/rules/text'
import { isoTimestamp } from '../destinations/heap/rules/timestamp'
import { HeapEmulator, interceptHeap } from '../heap-emulator'
import { anyCharacter } from './anyCharacter'

/** JSON as a customer may send it: any key, any depth, and strings on both sides of Heap's limit. */
const anyText = fc.oneof(
  { weight: 8, arbitrary: fc.string({ unit: anyCharacter, maxLength: 20 }) },
  fc.constantFrom(
    'id',
    'ID',
    'user_id',
    'Email',
    'email',
    'anonymous_id',
    'account_id',
    '__proto__',
    'toJSON',
    '',
    '\0'
  ),
  fc.constantFrom('list', 'list.omitted', '\ud83d', 'a\0b\udc00', '\\u0000', '\\ud83d'),
  fc
    .integer({ min: MAX_PROPERTY_LENGTH - 2, max: MAX_PROPERTY_LENGTH + 2 })
    .map((length) => '😀'.repeat(length).slice(1, length))
)
const { object: anyObject } = fc.letrec<{ value: unknown; object: Record<string, unknown> }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    anyText,
    fc.double(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.string({ minLength: 100, maxLength: 300 }), { maxLength: 12 }),
    tie('object')
  ),
  object: fc
    .dictionary(anyText, tie('value'), { maxKeys: 8 })
    .map((entries) => JSON.parse(JSON.stringify(withDistinctKeys(entries))) as Record<string, unknown>)
}))
/** Keys that are the same without NUL are the same in Heap. */
function withDistinctKeys(object: object): object {
  return Object.fromEntries(new Map(Object.entries(object).map((entry) => [clean(entry[0]), entry])).values())
}

const anyMode = fc.constantFrom<NestedMode>('flatten_objects', 'flatten', 'stringify', 'drop')

/** The text without NUL, and with U+FFFD for half a pair, as UTF-8 has it. */
function clean(text: string): string {
  return Buffer.from(text.split('\0').join('')).toString()
}

function cleanJson(value: unknown): unknown {
  if (typeof value === 'string') return clean(value)
  if (Array.isArray(value)) return value.map(cleanJson)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [clean(key), cleanJson(inner)]))
}

/** Every leaf that Heap can hold, by a walk that shares nothing with the code under test. */
function leavesOf(value: unknown, mode: NestedMode, path: string[] = []): [path: string, leaf: unknown][] {
  const isRoot = path.length === 0
  if (value === null) return []
  if (typeof value !== 'object') return [[path.join('.'), clean(`${value as string | number | boolean}`)]]
  if (!isRoot && mode === 'drop') return []
  if (!isRoot && (mode === 'stringify' || (mode === 'flatten_objects' && Array.isArray(value)))) {
    return [[path.join('.'), cleanJson(value)]]
  }
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, mode, [...path, clean(key)]))
}

/** What is left of a list or an object in one property, found from its end. */
function jsonThatFits(value: object): { json: string; omitted: number } {
  const entries = Object.entries(value)
  for (let count = entries.length; ; count--) {
    const some = entries.slice(0, count)
    const json = JSON.stringify(
      Array.isArray(value) ? some.map(([, entry]) => entry as unknown) : Object.fromEntries(some)
    )
    if (json.length <= MAX_PROPERTY_LENGTH) return { json, omitted: entries.length - count }
  }
}

function expectedOf(properties: object, mode: NestedMode): Map<string, string> {
  const expected = new Map<string, string>()
  const counts = new Map<string, string>()
  for (const [path, leaf] of leavesOf(properties, mode)) {
    const name = cut(path)
    counts.delete(name)
    if (typeof leaf === 'string') {
      expected.set(name, cut(leaf))
    } else {
      const { json, omitted } = jsonThatFits(leaf as object)
      expected.set(name, json)
      if (omitted > 0) counts.set(name, String(omitted))
    }
  }
  const omitted = new Map(
    [...counts].map(([name, count]) => [`${cut(name, MAX_PROPERTY_LENGTH - '.omitted'.length)}.omitted`, count])
  )
  return new Map([...omitted, ...expected])
}

describe('flatten, for any JSON', () => {
  it('finds every leaf again, and nothing else, in each mode', () => {
    fc.assert(
      fc.property(anyObject, anyMode, (properties, mode) => {
        expect(new Map(Object.entries(flatten(properties, mode)))).toStrictEqual(expectedOf(properties, mode))
      }),
      { numRuns: 400 }
    )
  })

  it('sends what a store can hold: short, without NUL or half a pair, and lists that are JSON', () => {
    fc.assert(
      fc.property(anyObject, anyMode, (properties, mode) => {
        for (const [name, value] of Object.entries(flatten(properties, mode))) {
          expect([clean(name), clean(value)]).toStrictEqual([name, value])
          expect(name.length).toBeLessThanOrEqual(MAX_PROPERTY_LENGTH)
          expect(value.length).toBeLessThanOrEqual(MAX_PROPERTY_LENGTH)
        }
      })
    )
  })

  it('changes nothing the second time', () => {
    fc.assert(
      fc.property(anyObject, anyMode, (properties, mode) => {
        const once = flatten(properties, mode)
        expect(Object.entries(flatten(once, mode))).toStrictEqual(Object.entries(once))
        const traits = asUserProperties(flatten(properties, mode))
        expect(Object.entries(asUserProperties(flatten(traits, mode)))).toStrictEqual(Object.entries(traits))
      })
    )
  })

  it('is the same with numbers and booleans as they are', () => {
    fc.assert(
      fc.property(anyObject, (properties) => {
        const typed = Object.entries(flattenTyped(properties))
        expect(typed.map(([key, value]) => [key, String(value)])).toStrictEqual(Object.entries(flatten(properties)))
      })
    )
  })

  it('leaves what it was given as it was', () => {
    fc.assert(
      fc.property(anyObject, anyMode, (properties, mode) => {
        const before = JSON.stringify(properties)
        flatten(properties, mode)
        expect(JSON.stringify(properties)).toBe(before)
      })
    )
  })
})

describe('cut, for any emoji', () => {
  const emoji = fc.constantFrom('a', 'é', 'e\u0301', '😀', '👍🏽', '❤️', '👨‍👩‍👧', '🇩🇪', '🇫🇷', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', '1️⃣', '山')

  it('keeps each whole, and as many as fit', () => {
    const segmenter = new Intl.Segmenter()
    fc.assert(
      fc.property(fc.array(emoji, { maxLength: 40 }), fc.nat({ max: 100 }), (parts, limit) => {
        let expected = ''
        for (const { segment } of segmenter.segment(parts.join(''))) {
          if (expected.length + segment.length > limit) break
          expected += segment
        }
        expect(cut(parts.join(''), limit)).toBe(expected)
      }),
      { numRuns: 500 }
    )
  })
})

describe('an ID, for any text', () => {
  it('is what it was but for its ends, or there is a problem, or nothing', () => {
    fc.assert(
      fc.property(fc.oneof(anyText, fc.string({ unit: 'grapheme' })), (text) => {
        const checked = checkIdentity(text)
        if (checked.id === undefined) return
        expect(clean(text)).toContain(checked.id)
        expect(checkIdentity(checked.id)).toStrictEqual(checked)
      }),
      { numRuns: 500 }
    )
  })

  it('is none where it is a placeholder in any dress', () => {
    const word = fc.constantFrom(
      'undefined',
      'null',
      'None',
      'nil',
      'NaN',
      'n/a',
      'guest',
      '0',
      '-1',
      '[object Map]',
      '{{ id }}',
      '${id}'
    )
    const wrapping = fc.constantFrom<[string, string]>(
      ['"', '"'], ["'", "'"], ['`', '`'], ['“', '”'], ['«', '»'], ['\\"', '\\"'], [' ', ' '], ['\u200b', ''], ['', '\0'], ['\u2060', '\ufeff'], ['\t', '\n']
    ) // prettier-ignore
    const bracket = fc.constantFrom<[string, string]>(['(', ')'], ['[', ']'], ['{', '}'], ['<', '>'])
    fc.assert(
      fc.property(
        word,
        fc.array(wrapping, { maxLength: 4 }),
        fc.option(bracket),
        fc.boolean(),
        (text, wraps, outer, isUpper) => {
          const inner = /^[a-z/0-9-]+$/i.test(text) && outer ? `${outer[0]}${text}${outer[1]}` : text
          const dressed = wraps.reduce(
            (dress, [before, after]) => before + dress + after,
            isUpper ? inner.toUpperCase() : inner
          )
          expect([dressed, checkIdentity(dressed).id]).toStrictEqual([dressed, undefined])
        }
      ),
      { numRuns: 1000 }
    )
  })

  it('is kept where it has letters and digits that are no placeholder, whatever else it contains', () => {
    const real = fc.stringMatching(/^[a-z]{3}[0-9][a-z0-9]{2}$/)
    const inside = fc.constantFrom(
      '$',
      '{',
      '}',
      '%',
      '"',
      "'",
      '(',
      ')',
      '{{',
      '}}',
      '\u200d',
      '\u200b',
      ' ',
      'null',
      '😀',
      '[object]'
    )
    fc.assert(
      fc.property(real, inside, real, (one, middle, other) => {
        expect(checkIdentity(one + middle + other)).toStrictEqual({ id: one + middle + other })
        expect(checkIdentity(`(${one}${middle}${other})`)).toStrictEqual({ id: `(${one}${middle}${other})` })
      })
    )
  })
})

describe('a time, for any instant', () => {
  const instant = fc.date({ min: new Date('1971-01-01'), max: new Date('9999-12-30'), noInvalidDate: true })
  const offset = fc.integer({ min: -12 * 60, max: 14 * 60 })
  const two = (number: number) => String(number).padStart(2, '0')

  it('is the same in every form and zone', () => {
    fc.assert(
      fc.property(instant, offset, (date, minutes) => {
        const toTheSecond = new Date(Math.floor(date.getTime() / 1000) * 1000).toISOString()
        const local = new Date(date.getTime() + minutes * 60_000)
        const iso = local.toISOString()
        const [weekday, day, month, year, time] = local.toUTCString().replace(',', '').split(' ')
        const zone = `${minutes < 0 ? '-' : '+'}${two(Math.floor(Math.abs(minutes) / 60))}${two(Math.abs(minutes) % 60)}`
        const colon = `${zone.slice(0, 3)}:${zone.slice(3)}`
        for (const text of [
          `${iso.slice(0, 19)}${colon}`,
          `${iso.slice(0, 10)} ${iso.slice(11, 19)} ${zone}`,
          `${iso.slice(0, 19).replace(/[-:]/g, '')}${zone}`,
          `${iso.slice(0, 19)}${colon}[Europe/Berlin]`,
          `${weekday}, ${day} ${month} ${year} ${time} ${zone}`,
          `${weekday} ${month} ${day} ${year} ${time} GMT${zone} (Somewhere)`,
          `${weekday} ${month} ${day} ${time} GMT${colon} ${year}`,
          `${iso.slice(0, 10)} ${iso.slice(11, 19)} GMT${colon}`
        ]) {
          expect([text, isoTimestamp(text)]).toStrictEqual([text, toTheSecond])
        }
        expect(isoTimestamp(date.toISOString())).toBe(date.toISOString())
      })
    )
  })

  it('is what its epoch says, from 2000 on', () => {
    const recent = fc.date({ min: new Date('2000-01-01'), max: new Date('2286-11-20'), noInvalidDate: true })
    fc.assert(
      fc.property(recent, (date) => {
        const milliseconds = date.getTime()
        for (const epoch of [milliseconds, String(milliseconds), (milliseconds / 1000).toFixed(3)]) {
          expect(isoTimestamp(epoch)).toBe(date.toISOString())
        }
      })
    )
  })

  it('is never made of a text that the machine would have to guess', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'0123456789-/:. TZ+abcdefghijklmnopqrstuvwxyz'), maxLength: 24 }),
        (text) => {
          let time: string | undefined
          try {
            time = isoTimestamp(text)
          } catch {
            return
          }
          if (time === undefined) return
          // All digits of the day are in the text, so nothing was made up.
          const isEpoch = /^\s*\d{9,13}(?:\.\d+)?\s*$/.test(text)
          expect(isEpoch || /\d{4}/.test(text)).toBe(true)
        }
      ),
      { numRuns: 2000 }
    )
  })
})

describe('the actions, for any JSON', () => {
  const emulator = new HeapEmulator()
  const integration = createTestIntegration(Heap)
  const settings = { appId: '11' }
  const ACTIONS = new Map([
    ['identify', 'identifyUser'],
    ['group', 'updateAccount']
  ])
  const actionOf = (type: string) => ACTIONS.get(type) ?? 'trackEvent'
  const anyId = fc.oneof(
    anyText,
    fc.constantFrom(
      'alice',
      'bob',
      ' ',
      'null',
      'Undefined',
      '"null"',
      '{{ user.id }}',
      42,
      0,
      2 ** 53,
      1e21,
      null,
      undefined,
      ['alice']
    )
  )
  const anyTime = fc.oneof(
    anyText,
    fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    fc.double(),
    fc.constantFrom('', 0, '0001-01-01T00:00:00Z', '20261123', 'Week 12', undefined)
  )
  const anyProperties = fc.oneof({ weight: 8, arbitrary: anyObject }, fc.constantFrom([], null, undefined))
  const anyEvent = fc.record({
    type: fc.constantFrom('track', 'page', 'screen', 'identify', 'group'),
    groupId: anyId,
    event: fc.option(anyText, { nil: undefined }),
    name: fc.option(anyText, { nil: undefined }),
    messageId: anyText,
    userId: anyId,
    anonymousId: anyId,
    timestamp: anyTime,
    properties: anyProperties,
    traits: anyProperties,
    context: fc.record({ traits: anyProperties })
  })

  function inputOf(event: object, mode: NestedMode) {
    const mapping = { nested_properties_mode: mode }
    return { event: event as SegmentEvent, settings, mapping, useDefaultMappings: true }
  }

  function expectHeapTookAll() {
    expect(emulator.requests.map(({ result, error }) => [result, error])).toStrictEqual(
      emulator.requests.map(() => [200, undefined])
    )
  }

  it('send what Heap takes, or say what is wrong in an error of the framework', async () => {
    await fc.assert(
      fc.asyncProperty(anyEvent, anyMode, async (event, mode) => {
        emulator.reset()
        const interception = interceptHeap(emulator)
        const slug = actionOf(event.type)
        try {
          await integration.testAction(slug, inputOf(event, mode))
        } catch (error) {
          const ours = error instanceof IntegrationError && error.code === 'PAYLOAD_VALIDATION_FAILED'
          const frameworks = error instanceof Error && error.name === 'AggregateAjvError'
          if (!ours && !frameworks) throw error
          expect(emulator.requests).toHaveLength(0)
          return
        } finally {
          interception.restore()
        }
        expectHeapTookAll()
        expect(emulator.requests.length).toBeGreaterThan(0)
        const { events, users, accounts } = emulator.environment('US', '11')
        const { id: identity } = checkIdentity(event.userId)
        expect(events.length).toBe(ACTIONS.has(event.type) ? 0 : 1)
        expect(accounts.map(({ account_id }) => account_id)).toStrictEqual(
          event.type === 'group' ? [checkAccountId(event.groupId).id] : []
        )
        expect(users.map((user) => user.identity)).toStrictEqual(identity === undefined ? [] : [identity])
      }),
      { numRuns: 300 }
    )
  })

  it('do the same for each event of a batch, by its index', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyEvent, { minLength: 1, maxLength: 8 }), anyMode, async (given, mode) => {
        const events = given.map((event, index) => ({ ...event, messageId: `message-${index}` }))
        const slug = actionOf(events[0].type)
        emulator.reset()
        const interception = interceptHeap(emulator)
        try {
          await integration.testBatchAction(slug, {
            ...inputOf(events[0], mode),
            events: events as unknown as SegmentEvent[]
          })
          const responses = integration.results[0].multistatus ?? []
          expectHeapTookAll()
          expect(responses).toHaveLength(events.length)
          for (const [index, event] of events.entries()) {
            emulator.reset()
            const alone = await integration
              .testAction(slug, inputOf(event, mode))
              .then(() => ({ status: 200 }))
              .catch(() => ({ status: 400 }))
            expect([event, responses[index]]).toMatchObject([event, alone])
          }
        } finally {
          interception.restore()
        }
      }),
      { numRuns: 100 }
    )
  })
})
