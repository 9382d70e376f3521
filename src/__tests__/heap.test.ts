import { createRequestClient, Destination } from '@segment/actions-core'
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

describe('events in the shapes that other adapters give', () => {
  it.each<[string, object, string | undefined]>([
    ['a numeric user ID', { userId: 42 }, undefined],
    ['a numeric anonymous ID', { userId: null, anonymousId: 42 }, undefined],
    ['an empty time', { timestamp: '' }, undefined],
    ['no time', { timestamp: null }, undefined],
    ['a zero time', { timestamp: '0001-01-01T00:00:00Z' }, undefined],
    ['empty lists for objects in a mapping', { properties: null, context: {} }, undefined],
    ['a numeric name', { event: 404 }, undefined],
    ['no IDs', { userId: '', anonymousId: '' }, 'Identity and Anonymous ID are both missing'],
    ['a group without an ID', { type: 'group' }, "missing the required field 'account_id'"],
    ['a group with an empty ID', { type: 'group', groupId: '' }, "missing the required field 'account_id'"],
    ['a numeric group ID', { type: 'group', groupId: 7 }, undefined],
    ['an identify call with a numeric ID', { type: 'identify', userId: 7 }, undefined],
    ['an identify call without traits', { type: 'identify', traits: null }, undefined]
  ])('%s: delivered, or a clear error', async (_what, changes, message) => {
    const odd = { ...event, ...changes }
    const alone = onEvent(odd)
    if (message === undefined) await alone
    else await expect(alone).rejects.toThrow(message)
    const batch = await new Destination(Heap).onBatch([odd, { ...event, messageId: 'message-0002' }], settings)
    const responses = batch.flatMap(({ multistatus }) => multistatus ?? [])
    expect(responses.filter(({ status }) => status === 200)).toHaveLength(message === undefined ? 2 : 1)
  })

  it('have in perform, called directly, what the framework would have made of them', async () => {
    const { perform } = Heap.actions.trackEvent
    const direct = async (payload: object) => {
      await perform(createRequestClient(), {
        settings: { appId: '12343283' },
        payload: { message_id: 'message-0001', event: 'Opened', ...payload }
      } as never)
    }
    await direct({ identity: 42, timestamp: 1795428000, properties: [], traits: [] })
    expect(held().events).toMatchObject([{ user: '42', timestamp: '2026-11-23T10:00:00.000Z' }])
    await expect(direct({ identity: ['ann'] })).rejects.toThrow('Identity must be a string but it was an array.')
    await expect(direct({ identity: 'ann', event: {} })).rejects.toThrow(
      'Event Name must be a string but it was an object.'
    )
    await expect(direct({ identity: 'ann', properties: ['a'] })).rejects.toThrow('Event Properties must be an object')
    await expect(direct({ identity: 'ann', properties: 'a' })).rejects.toThrow('Event Properties must be an object')
  })
})
