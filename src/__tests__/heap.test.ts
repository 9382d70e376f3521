import { Destination } from '@segment/actions-core'
import type { JSONObject, SegmentEvent } from '@segment/actions-core'
import Heap from '../destinations/heap'
import { HeapEmulator, interceptHeap } from '../heap-emulator'
import type { Interception } from '../heap-emulator'

const settings: JSONObject = {
  appId: '12343283',
  subscriptions: (Heap.presets ?? []).map((preset) => ({ ...preset }))
}

const event: SegmentEvent = {
  type: 'track',
  event: 'Signed Up',
  messageId: 'message-0001',
  timestamp: '2026-11-23T10:00:00.000Z',
  userId: 'alice@example.com',
  anonymousId: 'anon-1'
}

const emulator = new HeapEmulator({ apiKeys: { '12343283': 'api-key' } })
let interception: Interception

beforeEach(() => {
  emulator.reset()
  interception = interceptHeap(emulator)
})
afterEach(() => interception.restore())

function onEvent(changes: Partial<SegmentEvent>) {
  return new Destination(Heap).onEvent({ ...event, ...changes }, settings)
}

function held() {
  return emulator.environment('US', '12343283')
}

describe('an event on its way from Segment into Heap', () => {
  it('arrives as the contract says', async () => {
    await onEvent({
      properties: {
        foo: { bar: { cheese: 'american', prop: [1, 2, 3], products: [{ A: 'Jello' }, { B: 'Peanut' }] } }
      }
    })
    expect(held()).toStrictEqual({
      region: 'US',
      app_id: '12343283',
      events: [
        {
          event: 'Signed Up',
          user: 'alice@example.com',
          user_identifier: { identity: 'alice@example.com', anonymous_id: 'anon-1' },
          properties: {
            segment_library: 'cloud-mode-destination',
            'foo.bar.cheese': 'american',
            'foo.bar.prop': '[1,2,3]',
            'foo.bar.products': '[{"A":"Jello"},{"B":"Peanut"}]'
          },
          idempotency_key: 'message-0001',
          timestamp: '2026-11-23T10:00:00.000Z',
          library: 'server'
        }
      ],
      users: [{ identity: 'alice@example.com', properties: { anonymous_id: 'anon-1' } }],
      accounts: []
    })
  })

  it('belongs to the person that its visitor turns out to be', async () => {
    await onEvent({ userId: null, messageId: 'message-0001' })
    expect(held().events.map(({ user }) => user)).toStrictEqual([undefined])
    await onEvent({ type: 'identify', traits: { plan: 'pro' } })
    expect(held().events.map(({ user }) => user)).toStrictEqual(['alice@example.com'])
    expect(held().users).toStrictEqual([
      { identity: 'alice@example.com', properties: { plan: 'pro', anonymous_id: 'anon-1' } }
    ])
  })

  it('is stored once, however often it is sent', async () => {
    for (let attempt = 0; attempt < 3; attempt++) await onEvent({})
    expect(held().events).toHaveLength(1)
  })

  it('is stored once when Heap stores it but the answer is lost', async () => {
    emulator.failNext({ connection: 'reset', after: 'storing' }, 1, '/api/integrations/track')
    await expect(onEvent({})).rejects.toMatchObject({ status: 503, code: 'RETRYABLE_ERROR' })
    await onEvent({})
    expect(held().events).toHaveLength(1)
  })
})

describe('the rest of Heap’s API', () => {
  it('makes the people of a group call belong to their account', async () => {
    await onEvent({ type: 'group', groupId: 'acme', traits: { plan: 'pro', tags: ['a', 'b'] } })
    expect(held().accounts).toStrictEqual([{ account_id: 'acme', properties: { plan: 'pro', tags: '["a","b"]' } }])
    expect(held().users).toStrictEqual([{ identity: 'alice@example.com', properties: { account_id: 'acme' } }])
  })

  it('moves the events of a Heap visitor to the person they turn out to be', async () => {
    const heapUserId = { heap_user_id: '8273645192837465' }
    const withHeapUserId = {
      ...settings,
      subscriptions: (Heap.presets ?? []).map((preset) => ({
        ...preset,
        mapping: { ...preset.mapping, ...heapUserId }
      }))
    }
    const destination = new Destination(Heap)
    await destination.onEvent({ ...event, userId: null, anonymousId: null }, withHeapUserId)
    expect(held().events.map(({ user }) => user)).toStrictEqual([undefined])
    await destination.onEvent({ ...event, type: 'identify' }, withHeapUserId)
    expect(held().events.map(({ user }) => user)).toStrictEqual(['alice@example.com'])
  })

  it('deletes a person for good, with an API key that was checked when it was saved', async () => {
    const destination = new Destination(Heap)
    const credentials = { appId: '12343283', apiKey: 'api-key' }
    await expect(destination.testAuthentication({ ...credentials, apiKey: 'wrong' })).rejects.toThrow(
      'Heap does not accept this App ID and API Key.'
    )
    await destination.testAuthentication(credentials)
    await onEvent({})
    await onEvent({ userId: 'bob', messageId: 'message-0002', anonymousId: 'anon-2' })
    await destination.onDelete?.({ type: 'delete', userId: 'alice@example.com' }, credentials)
    emulator.completeDeletions()
    expect(held().events.map(({ user }) => user)).toStrictEqual(['bob'])
    expect(held().users.map(({ identity }) => identity)).toStrictEqual(['bob'])
  })
})
