import { Destination } from '@segment/actions-core'
import type { SegmentEvent } from '@segment/actions-core'
import Heap from '../destinations/heap'
import { HeapEmulator, interceptHeap } from '../heap-emulator'

/** The destination with its gates open: every ID and every text goes to Heap as it came. */
jest.mock('../destinations/heap/rules/identity', () => {
  const asItIs = (id: unknown) => (id === undefined || id === null ? {} : { id })
  const open = ['checkIdentity', 'checkAnonymousId', 'checkEmail', 'checkAccountId']
  return {
    ...jest.requireActual<object>('../destinations/heap/rules/identity'),
    ...Object.fromEntries(open.map((name) => [name, asItIs])),
    checkTrait: (_name: string, value: unknown) => asItIs(value)
  }
})
jest.mock('../destinations/heap/rules/text', () => {
  const asItIs = (text: string) => text
  return { ...jest.requireActual<object>('../destinations/heap/rules/text'), storable: asItIs, storableJson: asItIs }
})

const heap = new HeapEmulator()
let interception: ReturnType<typeof interceptHeap>

beforeAll(() => (interception = interceptHeap(heap)))
afterAll(() => interception.restore())

function send(event: object): Promise<unknown> {
  const settings = { appId: '12343283', subscriptions: (Heap.presets ?? []).map((preset) => ({ ...preset })) }
  const whole = { type: 'track', event: 'Opened', messageId: 'message-0001', ...event } as SegmentEvent
  return new Destination(Heap).onEvent(whole, settings)
}

describe('the emulator, where the destination lets through what it should not', () => {
  it.each([
    ['an identity that names nobody', { userId: '"null"' }],
    ['one with what nobody sees', { userId: 'undefined\u200b' }],
    ['a template that was never filled in', { userId: '{{ customer.id }}' }],
    ['an anonymous ID that names nobody', { anonymousId: '[object Promise]' }],
    ['such an identity in an identify call', { type: 'identify', userId: '(null)', traits: { plan: 'pro' } }],
    ['a trait that joins strangers', { type: 'identify', userId: 'ann', traits: { anonymous_id: ' undefined ' } }],
    ['such an account', { type: 'group', userId: 'ann', groupId: '<null>', traits: { name: 'A' } }],
    ['NUL in an event name', { userId: 'ann', event: 'Opened\u0000' }],
    ['NUL in a value', { userId: 'ann', properties: { note: 'a\u0000b' } }],
    ['half a character in a key', { userId: 'ann', properties: { 'cut \ud83d': 'x' } }],
    ['half a character in an identity', { userId: 'ann\ud83d' }]
  ])('sees %s', async (_what, event) => {
    await expect(send(event)).rejects.toThrow(/Heap answered 400/)
  })

  it('takes what is sound', async () => {
    await expect(send({ userId: 'null-7', properties: { note: 'a 👨‍👩‍👧' } })).resolves.toBeDefined()
  })
})
