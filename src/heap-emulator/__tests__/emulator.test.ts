import * as fc from 'fast-check'
import { anyCharacter } from '../../__tests__/anyCharacter'
import { HeapEmulator } from '..'
import { ADD_USER_PROPERTIES, APP_ID, event, events, INTEGRATIONS_TRACK, refused, request } from './requests'
import { send, STORED, TRACK, user } from './requests'

let heap: HeapEmulator

beforeEach(() => {
  heap = new HeapEmulator()
})

const held = () => heap.environment('US', APP_ID)

describe('what is held', () => {
  it('reads as plain objects', async () => {
    await send(heap, INTEGRATIONS_TRACK, events(event()))
    await send(heap, ADD_USER_PROPERTIES, user('bob', { plan: 'free' }))
    const expected = [
      {
        region: 'US',
        app_id: APP_ID,
        events: [
          {
            event: 'Signed Up',
            user: 'alice@example.com',
            user_identifier: { identity: 'alice@example.com', anonymous_id: 'anon-1' },
            properties: { plan: 'pro' },
            timestamp: '2026-11-23T10:00:00.000Z',
            idempotency_key: 'message-1',
            library: 'server'
          }
        ],
        users: [
          { identity: 'alice@example.com', properties: {} },
          { identity: 'bob', properties: { plan: 'free' } }
        ],
        accounts: []
      }
    ]
    expect(heap.snapshot()).toStrictEqual(expected)
    expect(JSON.parse(JSON.stringify(heap.snapshot()))).toStrictEqual(expected)
  })

  it('is a copy', async () => {
    await send(heap, INTEGRATIONS_TRACK, events(event()))
    const before = JSON.stringify(heap.snapshot())
    const copy = held()
    copy.events[0].properties.plan = 'changed'
    copy.events[0].user_identifier.identity = 'changed'
    copy.users[0].properties.plan = 'changed'
    expect(JSON.stringify(heap.snapshot())).toBe(before)
  })

  it('is kept apart by region and by App ID', async () => {
    await send(heap, INTEGRATIONS_TRACK, events(event({ event: 'US' })), 'US')
    await send(heap, INTEGRATIONS_TRACK, events(event({ event: 'EU' })), 'EU')
    await send(heap, INTEGRATIONS_TRACK, { ...events(event({ event: 'Other' })), app_id: '7' }, 'EU')
    const names = heap
      .snapshot()
      .map(({ region, app_id, events }) => [region, app_id, events.map(({ event }) => event)])
    expect(names).toEqual([
      ['US', APP_ID, ['US']],
      ['EU', APP_ID, ['EU']],
      ['EU', '7', ['Other']]
    ])
  })

  it('is empty for an environment that nothing was sent to, and asking does not make one', () => {
    expect(heap.environment('EU', '7')).toEqual({ region: 'EU', app_id: '7', events: [], users: [], accounts: [] })
    expect(heap.snapshot()).toEqual([])
  })

  it('keeps a property called __proto__ a property', async () => {
    const body = '{"app_id":"12343283","identity":"alice","properties":{"__proto__":"x"}}'
    expect(await heap.handle(request(ADD_USER_PROPERTIES, undefined, { body }))).toEqual(STORED)
    expect(Object.entries(held().users[0].properties)).toEqual([['__proto__', 'x']])
  })
})

describe('a repeated idempotency_key', () => {
  it('stores nothing and changes nothing, whatever else the event says', async () => {
    await send(heap, INTEGRATIONS_TRACK, events(event()))
    const before = heap.snapshot()
    const repeated = event({ event: 'Changed', user_identifier: { identity: 'bob' }, custom_properties: {} })
    expect(await send(heap, INTEGRATIONS_TRACK, events(repeated))).toEqual(STORED)
    const again = { app_id: APP_ID, event: 'Changed', identity: 'bob', idempotency_key: 'message-1' }
    expect(await send(heap, TRACK, again)).toEqual(STORED)
    expect(heap.snapshot()).toEqual(before)
  })

  it('is dropped inside one request too', async () => {
    await send(heap, INTEGRATIONS_TRACK, events(event({ event: 'First' }), event({ event: 'Second' })))
    expect(held().events.map(({ event }) => event)).toEqual(['First'])
  })

  it('is another key in another region or environment', async () => {
    await send(heap, INTEGRATIONS_TRACK, events(event()), 'US')
    await send(heap, INTEGRATIONS_TRACK, events(event()), 'EU')
    await send(heap, INTEGRATIONS_TRACK, { ...events(event()), app_id: '7' }, 'US')
    expect(heap.snapshot().map(({ events }) => events.length)).toEqual([1, 1, 1])
  })

  it('differs by case, and events without one are always stored', async () => {
    await send(heap, INTEGRATIONS_TRACK, events(event(), event({ idempotency_key: 'MESSAGE-1' })))
    await send(heap, INTEGRATIONS_TRACK, events(event({ idempotency_key: undefined })))
    await send(heap, INTEGRATIONS_TRACK, events(event({ idempotency_key: undefined })))
    expect(held().events).toHaveLength(4)
  })

  it('is not remembered from a request that was refused', async () => {
    await send(heap, INTEGRATIONS_TRACK, events(event(), event({ event: '' })))
    await send(heap, INTEGRATIONS_TRACK, events(event()))
    expect(held().events).toHaveLength(1)
  })
})

describe('a user', () => {
  it('keeps the properties of earlier updates, the last value of each', async () => {
    await send(heap, ADD_USER_PROPERTIES, user('alice', { plan: 'free', city: 'Oslo' }))
    await send(heap, ADD_USER_PROPERTIES, user('alice', { plan: 'pro', seats: 3 }))
    expect(held().users).toEqual([{ identity: 'alice', properties: { plan: 'pro', city: 'Oslo', seats: 3 } }])
  })

  it('may be updated twice in one request', async () => {
    const users = [
      { identity: 'alice', properties: { plan: 'free' } },
      { identity: 'alice', properties: { plan: 'pro' } }
    ]
    await send(heap, ADD_USER_PROPERTIES, { app_id: APP_ID, users })
    expect(held().users).toEqual([{ identity: 'alice', properties: { plan: 'pro' } }])
  })

  it('is told apart by the casing of the identity', async () => {
    await send(heap, ADD_USER_PROPERTIES, user('alice'))
    await send(heap, ADD_USER_PROPERTIES, user('Alice'))
    expect(held().users.map(({ identity }) => identity)).toEqual(['alice', 'Alice'])
  })

  it('exists once an event names the identity, but not for other identifiers', async () => {
    const anonymous = event({
      user_identifier: { anonymous_id: 'anon-1', email: 'a@example.com' },
      idempotency_key: 'other-key'
    })
    await send(heap, INTEGRATIONS_TRACK, events(event({ user_identifier: { identity: 'alice' } }), anonymous))
    expect(held().users).toEqual([{ identity: 'alice', properties: {} }])
  })
})

describe('an anonymous visitor', () => {
  const visit = (user_identifier: Record<string, string>) =>
    send(heap, INTEGRATIONS_TRACK, events(event({ user_identifier, idempotency_key: undefined })))
  const identify = (identity: string, anonymous_id: string) =>
    send(heap, ADD_USER_PROPERTIES, user(identity, { anonymous_id }))
  const usersOfEvents = () => held().events.map(({ user }) => user)

  it('belongs to nobody until a user carries the anonymous_id', async () => {
    await visit({ anonymous_id: 'anon-1' })
    await identify('alice', 'anon-2')
    expect(held().events[0]).not.toHaveProperty('user')
  })

  it('is joined to the identity that carries it, whichever comes first', async () => {
    await visit({ anonymous_id: 'anon-1' })
    await identify('alice', 'anon-1')
    await visit({ anonymous_id: 'anon-1', email: 'a@example.com' })
    expect(usersOfEvents()).toEqual(['alice', 'alice'])
  })

  it('is joined from each of several devices', async () => {
    await visit({ anonymous_id: 'phone' })
    await identify('alice', 'phone')
    await visit({ anonymous_id: 'laptop' })
    await identify('alice', 'laptop')
    expect(usersOfEvents()).toEqual(['alice', 'alice'])
  })

  it('stays with the first identity that carried it', async () => {
    await visit({ anonymous_id: 'shared' })
    await identify('alice', 'shared')
    await identify('bob', 'shared')
    expect(usersOfEvents()).toEqual(['alice'])
  })

  it('does not overrule the identity or Heap user_id that an event names itself', async () => {
    await identify('alice', 'anon-1')
    await visit({ anonymous_id: 'anon-1', identity: 'bob' })
    await visit({ anonymous_id: 'anon-1', user_id: '42' })
    expect(usersOfEvents()).toEqual(['bob', undefined])
  })

  it('is not joined across regions or environments', async () => {
    await visit({ anonymous_id: 'anon-1' })
    await send(heap, ADD_USER_PROPERTIES, user('alice', { anonymous_id: 'anon-1' }), 'EU')
    await send(heap, ADD_USER_PROPERTIES, { ...user('alice', { anonymous_id: 'anon-1' }), app_id: '7' })
    expect(usersOfEvents()).toEqual([undefined])
  })
})

describe('a fault', () => {
  const track = (path = INTEGRATIONS_TRACK) =>
    send(heap, path, path === TRACK ? { app_id: APP_ID, event: 'Viewed', identity: 'alice' } : events(event()))

  it('fails the next request only, before anything is stored', async () => {
    heap.failNext({ status: 503 })
    expect(await track()).toEqual(refused('the emulator was told to answer 503', 503))
    expect(heap.snapshot()).toEqual([])
    expect(await track()).toEqual(STORED)
  })

  it('strikes as many times as ordered, in the order given', async () => {
    heap.failNext('reset', 2)
    heap.failNext('no answer')
    expect([await track(), await track(), await track(), await track()]).toEqual([
      'reset',
      'reset',
      'no answer',
      STORED
    ])
  })

  it('answers with the body and headers it is given', async () => {
    heap.failNext({ status: 500, body: 'oops', headers: { 'content-type': 'text/plain', 'retry-after': '3' } })
    expect(await track()).toEqual({
      status: 500,
      body: 'oops',
      headers: { 'content-type': 'text/plain', 'retry-after': '3' }
    })
  })

  it('may strike requests to one path only', async () => {
    heap.failNext({ status: 500 }, 1, TRACK)
    heap.failNext('reset', 1, INTEGRATIONS_TRACK)
    expect(await track(INTEGRATIONS_TRACK)).toBe('reset')
    expect(await track(INTEGRATIONS_TRACK)).toEqual(STORED)
    expect(await track(TRACK)).toEqual(refused('the emulator was told to answer 500', 500))
    expect(await track(TRACK)).toEqual(STORED)
  })

  it('may strike after the data was stored, so that a repeat is a duplicate', async () => {
    heap.failNext({ status: 500, after: 'storing' })
    heap.failNext({ connection: 'reset', after: 'storing' })
    heap.failNext({ connection: 'no answer', after: 'storing' })
    const withoutKey = events(event({ idempotency_key: undefined }))
    const results = [
      await send(heap, INTEGRATIONS_TRACK, withoutKey),
      await send(heap, INTEGRATIONS_TRACK, withoutKey),
      await send(heap, INTEGRATIONS_TRACK, withoutKey)
    ]
    expect(results).toEqual([refused('the emulator was told to answer 500', 500), 'reset', 'no answer'])
    expect(held().events).toHaveLength(3)
  })

  it('that strikes after storing does not hide a refusal, and waits for a request that is stored', async () => {
    heap.failNext({ connection: 'reset', after: 'storing' })
    expect(await send(heap, INTEGRATIONS_TRACK, events())).toEqual(
      refused('events has 0 entries; it must have 1 to 1000')
    )
    expect(await track()).toBe('reset')
  })

  it('in the object form strikes first unless told otherwise', async () => {
    heap.failNext({ connection: 'no answer' })
    expect(await track()).toBe('no answer')
    expect(heap.snapshot()).toEqual([])
  })

  it('may be decided by a rule, until the rule is taken away', async () => {
    const stop = heap.failWhen(({ host, method, path, body }) => {
      expect([host, method, path]).toEqual(['heapanalytics.com', 'POST', INTEGRATIONS_TRACK])
      const entries = typeof body === 'object' && body !== null && 'events' in body ? body.events : undefined
      return Array.isArray(entries) && entries.length > 1 ? { status: 413 } : undefined
    })
    const two = events(event(), event({ idempotency_key: 'message-2' }))
    expect(await send(heap, INTEGRATIONS_TRACK, two)).toEqual(refused('the emulator was told to answer 413', 413))
    expect(await track()).toEqual(STORED)
    stop()
    stop()
    expect(await send(heap, INTEGRATIONS_TRACK, two)).toEqual(STORED)
  })

  it('of the queue goes before one of a rule, and the first rule that has one before the rest', async () => {
    heap.failNext({ status: 500 })
    heap.failWhen(() => undefined)
    heap.failWhen(() => 'reset')
    heap.failWhen(() => 'no answer')
    expect([await track(), await track()]).toEqual([refused('the emulator was told to answer 500', 500), 'reset'])
  })

  it('must be possible', async () => {
    expect(() => heap.failNext('reset', 0)).toThrow(new RangeError('times is 0; it must be 1 or more'))
    expect(() => heap.failNext('reset', 1.5)).toThrow(new RangeError('times is 1.5; it must be 1 or more'))
    const error = new RangeError('The status of a fault is 100; it must be a whole number from 200 to 599')
    expect(() => heap.failNext({ status: 100 })).toThrow(error)
    heap.failWhen(() => ({ status: 100 }))
    await expect(track()).rejects.toThrow(error)
  })
})

describe('the log', () => {
  it('holds every request with what became of it', async () => {
    heap.failNext('reset')
    await send(heap, TRACK, { app_id: APP_ID })
    await send(heap, INTEGRATIONS_TRACK, events(event()), 'EU')
    await send(heap, TRACK, { app_id: APP_ID })
    await heap.handle(
      request('/favicon.ico', undefined, { method: 'get', body: 'text', host: 'heapanalytics.com:443' })
    )
    expect(heap.requests).toStrictEqual([
      { host: 'heapanalytics.com', method: 'POST', path: TRACK, body: { app_id: APP_ID }, result: 'reset' },
      { host: 'c.eu.heap-api.com', method: 'POST', path: INTEGRATIONS_TRACK, body: events(event()), result: 200 },
      {
        host: 'heapanalytics.com',
        method: 'POST',
        path: TRACK,
        body: { app_id: APP_ID },
        result: 400,
        error: 'event is missing'
      },
      {
        host: 'heapanalytics.com',
        method: 'GET',
        path: '/favicon.ico',
        body: 'text',
        result: 404,
        error: '/favicon.ico is not an endpoint of Heap that this emulator knows'
      }
    ])
  })
})

it('reset() forgets data, log and faults', async () => {
  await send(heap, INTEGRATIONS_TRACK, events(event()))
  heap.failNext('reset')
  heap.failWhen(() => 'reset')
  heap.reset()
  expect([heap.snapshot(), heap.requests]).toEqual([[], []])
  expect(await send(heap, INTEGRATIONS_TRACK, events(event()))).toEqual(STORED)
})

describe('for any valid request', () => {
  const text = (minLength: number, maxLength: number) =>
    fc.string({ minLength, maxLength, unit: anyCharacter }).map((value) => value.replaceAll('\0', ' '))
  const identities = fc.record({ identity: text(1, 200).map((value) => `i${value}`.slice(0, 255)) })
  const visitors = fc.record({ anonymous_id: text(1, 50).map((value) => `v${value}`) })
  const heapUsers = fc.record({ user_id: fc.nat().map(String) })
  const anyEvent = fc.record(
    {
      event: text(1, 500),
      user_identifier: fc
        .tuple(fc.option(identities), visitors, fc.option(heapUsers))
        .map((parts) => parts.reduce((whole, part) => ({ ...whole, ...part }), {})),
      custom_properties: fc.dictionary(text(0, 500), text(0, 500), { maxKeys: 5 }),
      idempotency_key: fc.uuid(),
      timestamp: fc
        .date({ noInvalidDate: true, min: new Date('0001-01-01'), max: new Date('9999-12-31') })
        .map((date) => date.toISOString())
    },
    { requiredKeys: ['event', 'user_identifier'] }
  )
  const anyBody = fc
    .uniqueArray(anyEvent, { minLength: 1, maxLength: 10, selector: (entry) => entry.idempotency_key ?? {} })
    .map((entries) => events(...entries))

  it('each event is found again, in order, as it was sent', async () => {
    await fc.assert(
      fc.asyncProperty(anyBody, async (body) => {
        heap.reset()
        expect(await send(heap, INTEGRATIONS_TRACK, body)).toEqual(STORED)
        const sent: unknown = JSON.parse(JSON.stringify(body.events))
        const found = held().events.map(({ properties, user: _user, library: _library, ...rest }, index) => {
          const original = body.events[index]
          const hadProperties = typeof original === 'object' && original !== null && 'custom_properties' in original
          return hadProperties ? { ...rest, custom_properties: properties } : rest
        })
        expect(found).toEqual(sent)
      })
    )
  })

  it('sending it again changes nothing but the events without an idempotency_key', async () => {
    await fc.assert(
      fc.asyncProperty(anyBody, async (body) => {
        heap.reset()
        await send(heap, INTEGRATIONS_TRACK, body)
        const before = held()
        await send(heap, INTEGRATIONS_TRACK, body)
        const withoutKey = before.events.filter(({ idempotency_key }) => idempotency_key === undefined)
        expect(held()).toEqual({ ...before, events: [...before.events, ...withoutKey] })
      })
    )
  })
})
