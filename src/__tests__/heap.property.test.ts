import { createTestIntegration, IntegrationError } from '@segment/actions-core'
import fc from 'fast-check'
import Heap from '../destinations/heap'
import { flatten, flattenTraits, flattenTyped } from '../destinations/heap/rules/flatten'
import { checkIdentity } from '../destinations/heap/rules/identity'
import { MAX_PROPERTY_LENGTH, trimmed } from '../destinations/heap/rules/text'
import { HeapEmulator, interceptHeap } from '../heap-emulator'

/** JSON as a customer may send it: any key, any depth, and strings on both sides of Heap's limit. */
const anyText = fc.oneof(
  { weight: 8, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
  fc.constantFrom('id', 'ID', 'user_id', 'Email', 'email', 'anonymous_id', '__proto__', 'constructor', 'toJSON', ''),
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
    tie('object')
  ),
  object: fc
    .dictionary(anyText, tie('value'), { maxKeys: 8 })
    .map((entries) => JSON.parse(JSON.stringify(entries)) as Record<string, unknown>)
}))

/** Every leaf that Heap can hold, by a walk that shares nothing with the code under test. */
function leavesOf(value: unknown, path: string[] = []): [string, string][] {
  if (value === null || value === undefined) return []
  if (Array.isArray(value)) return [[path.join('.'), JSON.stringify(value)]]
  if (typeof value === 'object') return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, [...path, key]))
  return [[path.join('.'), `${value as string | number | boolean}`]]
}

function limited(text: string): string {
  const cut = text.slice(0, MAX_PROPERTY_LENGTH)
  return text.length > MAX_PROPERTY_LENGTH && /[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut
}

describe('flatten, for any JSON', () => {
  it('finds every leaf again, and nothing else', () => {
    fc.assert(
      fc.property(anyObject, (properties) => {
        const expected = new Map(leavesOf(properties).map(([key, value]) => [limited(key), limited(value)]))
        expect(new Map(Object.entries(flatten(properties)))).toStrictEqual(expected)
      })
    )
  })

  it('changes nothing the second time', () => {
    fc.assert(
      fc.property(anyObject, (properties) => {
        const once = flatten(properties)
        expect(Object.entries(flatten(once))).toStrictEqual(Object.entries(once))
        const traits = flattenTraits(properties)
        expect(Object.entries(flattenTraits(traits))).toStrictEqual(Object.entries(traits))
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
      fc.property(anyObject, (properties) => {
        const before = JSON.stringify(properties)
        flatten(properties, flattenTraits(properties))
        expect(JSON.stringify(properties)).toBe(before)
      })
    )
  })
})

describe('the actions, for any JSON', () => {
  const emulator = new HeapEmulator()
  const ACTIONS = new Map([
    ['identify', 'identifyUser'],
    ['group', 'updateAccount']
  ])
  const anyId = fc.oneof(anyText, fc.constantFrom('alice', 'bob', ' ', 'null', 'Undefined', null, undefined))
  const anyEvent = fc.record({
    type: fc.constantFrom('track', 'page', 'screen', 'identify', 'group'),
    groupId: fc.option(anyText, { nil: undefined }),
    event: fc.option(anyText, { nil: undefined }),
    name: fc.option(anyText, { nil: undefined }),
    messageId: anyText,
    userId: anyId,
    anonymousId: anyId,
    timestamp: fc.oneof(
      anyText,
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
      fc.double(),
      fc.constant(undefined)
    ),
    properties: anyObject,
    traits: anyObject,
    context: fc.record({ traits: anyObject })
  })

  it('send what Heap takes, or say what is wrong in an error of the framework', async () => {
    await fc.assert(
      fc.asyncProperty(anyEvent, async (event) => {
        emulator.reset()
        const interception = interceptHeap(emulator)
        try {
          await createTestIntegration(Heap).testAction(ACTIONS.get(event.type) ?? 'trackEvent', {
            event: event as never,
            settings: { appId: '11' },
            useDefaultMappings: true
          })
        } catch (error) {
          const ours = error instanceof IntegrationError && error.code === 'PAYLOAD_VALIDATION_FAILED'
          const frameworks = error instanceof Error && error.name === 'AggregateAjvError'
          if (!ours && !frameworks) throw error
          expect(emulator.requests).toHaveLength(0)
          return
        } finally {
          interception.restore()
        }
        expect(emulator.requests.map(({ result, error }) => [result, error])).toStrictEqual(
          emulator.requests.map(() => [200, undefined])
        )
        expect(emulator.requests.length).toBeGreaterThan(0)
        const { events, users, accounts } = emulator.environment('US', '11')
        const { id: identity } = checkIdentity(event.userId)
        expect(events.length).toBe(ACTIONS.has(event.type) ? 0 : 1)
        expect(accounts.map(({ account_id }) => account_id)).toStrictEqual(
          event.type === 'group' ? [trimmed(event.groupId)] : []
        )
        expect(users.map((user) => user.identity)).toStrictEqual(identity === undefined ? [] : [identity])
      }),
      { numRuns: 300 }
    )
  })
})
