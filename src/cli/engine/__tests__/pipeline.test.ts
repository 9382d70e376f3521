import type { SegmentEvent } from '@segment/actions-core'
import heap from '../../../destinations/heap'
import { HeapEmulator, interceptHeap } from '../../../heap-emulator'
import type { Interception } from '../../../heap-emulator'
import { Pipeline } from '../pipeline'
import { presetSubscriptions } from '../subscriptions'
import type { Subscription } from '../subscriptions'

let emulator: HeapEmulator
let interception: Interception
beforeEach(() => {
  emulator = new HeapEmulator()
  interception = interceptHeap(emulator)
})
afterEach(() => interception.restore())

function pipeline(subscriptions: Subscription[] = presetSubscriptions(heap)): Pipeline {
  return new Pipeline({ definition: heap, settings: { appId: '12343283', region: 'US' }, subscriptions })
}

function track(number: number, more: object = {}): SegmentEvent {
  return { type: 'track', event: 'Opened', messageId: `message-${number}`, userId: 'ann', ...more }
}

describe('a list of one where a text is wanted', () => {
  it.each([
    [{ userId: ['ann'] }, 'Identity must be a string but it was an array.'],
    [{ anonymousId: ['ann'] }, 'Anonymous ID must be a string but it was an array.'],
    [{ timestamp: ['2026-11-23T10:00:00Z'] }, 'Timestamp must be a string but it was an array.'],
    [{ userId: ['a', 'b'] }, 'Identity must be a string but it was an array.'],
    [{ userId: { a: 1 } }, 'Identity must be a string but it was an object.']
  ])('is called an array, alone and in a batch: %j', async (more, message) => {
    const event = track(1, more)
    expect((await pipeline().send(event)).runs).toMatchObject([{ error: { status: 400, message } }])
    const [first, second] = await pipeline().sendBatch([event, track(2)])
    expect(first.runs).toMatchObject([{ error: { status: 400, message } }])
    expect(second.delivered).toBe(true)
  })
})

describe('an event that the framework fails over', () => {
  const deep = JSON.parse(`${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`) as object
  const circular: Record<string, unknown> = {}
  circular.self = circular
  it.each([
    ['that nests deep', { properties: deep }],
    ['that contains itself', { properties: circular }],
    ['with a getter that throws', { properties: Object.defineProperty({}, 'a', { enumerable: true, get: fail }) }],
    ['whose type cannot be read', Object.defineProperty({}, 'type', { enumerable: true, get: fail })]
  ])('leaves its neighbours alone: one %s', async (_what, more) => {
    const odd = track(2)
    Object.defineProperties(odd, Object.getOwnPropertyDescriptors(more))
    const results = await pipeline().sendBatch([track(1), odd, track(3)])
    expect(results.map(({ delivered }) => delivered)).toStrictEqual([true, false, true])
    expect(results[1].runs[0].error?.message).toEqual(expect.any(String))
    expect((await pipeline().send(odd)).runs[0].error).toBeDefined()
    expect(emulator.environment('US', '12343283').events).toHaveLength(2)
  })

  function fail(): never {
    throw new Error('not to be read')
  }
})
