import { HeapEmulator } from '..'
import { ADD_USER_PROPERTIES, APP_ID, event, events, INTEGRATIONS_TRACK, refused, request } from './requests'
import { send, STORED, TRACK, user } from './requests'

let heap: HeapEmulator

beforeEach(() => {
  heap = new HeapEmulator()
})

async function expectStored(path: string, body: unknown) {
  expect(await send(heap, path, body)).toEqual(STORED)
}

async function expectRefused(path: string, body: unknown, error: string) {
  expect(await send(heap, path, body)).toEqual(refused(error))
  expect(heap.snapshot()).toEqual([])
}

describe('any request', () => {
  const body = events(event())

  it('is 404 for another path, a query or a host that is not Heap’s', async () => {
    expect(await send(heap, '/api/v1/alias', body)).toEqual(
      refused('/api/v1/alias is not an endpoint of Heap that this emulator knows', 404)
    )
    expect(await send(heap, '/api/track?', body)).toEqual(
      refused('/api/track? is not an endpoint of Heap that this emulator knows', 404)
    )
    expect(await heap.handle(request(TRACK, body, { host: 'example.com' }))).toEqual(
      refused('example.com is not a host of Heap', 404)
    )
  })

  it('is 405 unless it is a POST', async () => {
    expect(await heap.handle(request(TRACK, body, { method: 'GET' }))).toEqual({
      status: 405,
      headers: { 'content-type': 'application/json', allow: 'POST' },
      body: '{"error":"GET is not allowed here; send a POST"}'
    })
  })

  it('must be declared as JSON, in any casing and with any charset', async () => {
    const withHeaders = (headers: Record<string, string>) => heap.handle(request(INTEGRATIONS_TRACK, body, { headers }))
    expect(await withHeaders({})).toEqual(refused('content-type is missing; it must be application/json'))
    expect(await withHeaders({ 'content-type': 'text/plain' })).toEqual(
      refused('content-type is "text/plain"; it must be application/json')
    )
    expect(await withHeaders({ 'content-type': 'application/jsonp' })).toEqual(
      refused('content-type is "application/jsonp"; it must be application/json')
    )
    expect(await withHeaders({ 'Content-Type': 'Application/JSON; charset=utf-8' })).toEqual(STORED)
  })

  it('must hold a JSON object', async () => {
    const withBody = (text: string) => heap.handle(request(TRACK, undefined, { body: text }))
    expect(await withBody('')).toEqual(refused('the body is not JSON'))
    expect(await withBody('{"app_id":')).toEqual(refused('the body is not JSON'))
    expect(await withBody('[]')).toEqual(refused('the body is an array; it must be a JSON object'))
    expect(await withBody('null')).toEqual(refused('the body is null; it must be a JSON object'))
    expect(await withBody('"text"')).toEqual(refused('the body is a string; it must be a JSON object'))
  })

  it.each([
    [INTEGRATIONS_TRACK, { library: 'server', events: [event()] }],
    [TRACK, { event: 'Signed Up', identity: 'alice' }],
    [ADD_USER_PROPERTIES, { identity: 'alice', properties: {} }]
  ])('to %s must name an app_id made of digits', async (path, rest) => {
    await expectRefused(path, rest, 'app_id is missing')
    await expectRefused(path, { app_id: 12343283, ...rest }, 'app_id is a number; it must be a string')
    await expectRefused(path, { app_id: '', ...rest }, 'app_id is ""; it must be a string of digits')
    await expectRefused(path, { app_id: ' 1', ...rest }, 'app_id is " 1"; it must be a string of digits')
    await expectRefused(path, { app_id: 'abc', ...rest }, 'app_id is "abc"; it must be a string of digits')
    await expectStored(path, { app_id: '1', ...rest })
  })

  it('is refused as a whole for one invalid entry', async () => {
    await expectRefused(
      INTEGRATIONS_TRACK,
      events(event(), event({ idempotency_key: 'message-2' }), event({ event: '' })),
      'events[2].event is empty; it must have at least 1 character'
    )
  })

  it('shows of a long value no more than its beginning', async () => {
    await expectRefused(
      TRACK,
      { app_id: 'x'.repeat(5000), event: 'Signed Up', identity: 'alice' },
      `app_id is "${'x'.repeat(64)}…"; it must be a string of digits`
    )
  })
})

describe('/api/integrations/track', () => {
  const refuses = (change: Record<string, unknown>, error: string) =>
    expectRefused(INTEGRATIONS_TRACK, events(event(change)), error)
  const takes = (change: Record<string, unknown>) => expectStored(INTEGRATIONS_TRACK, events(event(change)))

  it('takes an event with no more than a name and someone it is about', async () => {
    await expectStored(INTEGRATIONS_TRACK, events({ event: 'Signed Up', user_identifier: { identity: 'alice' } }))
  })

  it('wants a library', async () => {
    const body = { app_id: APP_ID, events: [event()] }
    await expectRefused(INTEGRATIONS_TRACK, body, 'library is missing')
    await expectRefused(INTEGRATIONS_TRACK, { ...body, library: 1 }, 'library is a number; it must be a string')
    await expectRefused(
      INTEGRATIONS_TRACK,
      { ...body, library: '' },
      'library is empty; it must have at least 1 character'
    )
  })

  it('wants 1 to 1000 events', async () => {
    const many = Array.from({ length: 1001 }, (_, index) => event({ idempotency_key: `message-${index}` }))
    await expectRefused(INTEGRATIONS_TRACK, { app_id: APP_ID, library: 'server' }, 'events is missing')
    await expectRefused(
      INTEGRATIONS_TRACK,
      { ...events(), events: { 0: event() } },
      'events is an object; it must be an array'
    )
    await expectRefused(INTEGRATIONS_TRACK, events(), 'events has 0 entries; it must have 1 to 1000')
    await expectRefused(INTEGRATIONS_TRACK, events(...many), 'events has 1001 entries; it must have 1 to 1000')
    await expectRefused(INTEGRATIONS_TRACK, events(null), 'events[0] is null; it must be an object')
    await expectStored(INTEGRATIONS_TRACK, events(...many.slice(1)))
    expect(heap.environment('US', APP_ID).events).toHaveLength(1000)
  })

  it('wants an event name of 1 to 1024 characters', async () => {
    await refuses({ event: undefined }, 'events[0].event is missing')
    await refuses({ event: null }, 'events[0].event is null; it must be a string')
    await refuses({ event: '' }, 'events[0].event is empty; it must have at least 1 character')
    await refuses({ event: 'e'.repeat(1025) }, 'events[0].event is 1025 characters long; it must be 1024 or fewer')
    await takes({ event: 'e'.repeat(1024) })
    await takes({ event: 'e' })
  })

  it('wants at least one key in user_identifier, and takes each alone or all together', async () => {
    const all = { identity: 'alice', anonymous_id: 'anon-1', user_id: '42', email: 'alice@example.com' }
    await refuses({ user_identifier: undefined }, 'events[0].user_identifier is missing')
    await refuses({ user_identifier: 'alice' }, 'events[0].user_identifier is a string; it must be an object')
    await refuses(
      { user_identifier: {} },
      'events[0].user_identifier is empty; it must hold at least one of identity, anonymous_id, user_id, email'
    )
    for (const [key, value] of Object.entries(all)) await takes({ user_identifier: { [key]: value } })
    await takes({ user_identifier: all })
  })

  it('wants an identity of 1 to 255 characters', async () => {
    const place = 'events[0].user_identifier.identity'
    await refuses({ user_identifier: { identity: '' } }, `${place} is empty; it must have at least 1 character`)
    await refuses({ user_identifier: { identity: 7 } }, `${place} is a number; it must be a string`)
    await refuses(
      { user_identifier: { identity: 'i'.repeat(256) } },
      `${place} is 256 characters long; it must be 255 or fewer`
    )
    await takes({ user_identifier: { identity: 'i'.repeat(255) } })
    await takes({ user_identifier: { identity: 'i' } })
  })

  it('wants anonymous_id and email to be strings that are not empty', async () => {
    for (const key of ['anonymous_id', 'email']) {
      const place = `events[0].user_identifier.${key}`
      await refuses({ user_identifier: { [key]: '' } }, `${place} is empty; it must have at least 1 character`)
      await refuses({ user_identifier: { [key]: null } }, `${place} is null; it must be a string`)
    }
  })

  it('wants a user_id from 0 to 2^53 − 1, written as a string', async () => {
    const place = 'events[0].user_identifier.user_id'
    const rule = "it must be Heap's own ID, a whole number from 0 to 9007199254740991 written as a string"
    await refuses({ user_identifier: { user_id: 42 } }, `${place} is a number; it must be a string`)
    await refuses({ user_identifier: { user_id: '' } }, `${place} is ""; ${rule}`)
    await refuses({ user_identifier: { user_id: '-1' } }, `${place} is "-1"; ${rule}`)
    await refuses({ user_identifier: { user_id: '1.5' } }, `${place} is "1.5"; ${rule}`)
    await refuses({ user_identifier: { user_id: 'alice' } }, `${place} is "alice"; ${rule}`)
    await refuses({ user_identifier: { user_id: '9007199254740992' } }, `${place} is "9007199254740992"; ${rule}`)
    await takes({ user_identifier: { user_id: '0' } })
    await takes({ user_identifier: { user_id: '9007199254740991' } })
  })

  it('takes custom_properties that are strings, and nothing else', async () => {
    const place = 'events[0].custom_properties'
    await refuses({ custom_properties: [] }, `${place} is an array; it must be an object`)
    for (const [value, kind] of [
      [1, 'a number'],
      [true, 'a boolean'],
      [null, 'null'],
      [['a'], 'an array'],
      [{ a: 'b' }, 'an object']
    ]) {
      await refuses({ custom_properties: { plan: value } }, `${place}.plan is ${String(kind)}; it must be a string`)
    }
    await refuses({ custom_properties: { 'the plan': 1 } }, `${place}["the plan"] is a number; it must be a string`)
    await takes({ custom_properties: {} })
    await takes({ custom_properties: { plan: '', 'the plan': '1', id: '1', __proto__: '1' } })
  })

  it('wants property keys and values of fewer than 1024 characters', async () => {
    const place = 'events[0].custom_properties'
    await refuses(
      { custom_properties: { ['k'.repeat(1024)]: 'v' } },
      `${place} has a key of 1024 characters, "${'k'.repeat(64)}…"; it must be fewer than 1024`
    )
    await refuses(
      { custom_properties: { k: 'v'.repeat(1024) } },
      `${place}.k is 1024 characters long; it must be fewer than 1024`
    )
    await takes({ custom_properties: { ['k'.repeat(1023)]: 'v'.repeat(1023) } })
  })

  it('wants an idempotency_key of 8 characters or more', async () => {
    const place = 'events[0].idempotency_key'
    await refuses({ idempotency_key: 12345678 }, `${place} is a number; it must be a string`)
    await refuses({ idempotency_key: 'abcde' }, `${place} is 5 characters long; it must be 8 or more`)
    await refuses({ idempotency_key: 'a' }, `${place} is 1 character long; it must be 8 or more`)
    await refuses({ idempotency_key: 'abcdefg' }, `${place} is 7 characters long; it must be 8 or more`)
    await takes({ idempotency_key: 'abcdefgh' })
    await takes({ idempotency_key: 'a'.repeat(5000) })
  })

  it.each([
    '',
    'yesterday',
    '2026-11-23',
    '2026-11-23T10:00:00',
    '2026-11-23 10:00:00Z',
    '1700000000000',
    '2026-13-01T10:00:00Z',
    '2026-00-01T10:00:00Z',
    '2026-11-31T10:00:00Z',
    '2026-11-00T10:00:00Z',
    '2026-02-29T10:00:00Z',
    '1900-02-29T10:00:00Z',
    '2026-11-23T24:00:00Z',
    '2026-11-23T10:60:00Z',
    '2026-11-23T10:00:60Z',
    '2026-11-23T10:00:00+24:00',
    'Mon, 23 Nov 2026 10:00:00 GMT'
  ])('refuses the timestamp %j', async (timestamp) => {
    const rule = 'it must be a real ISO 8601 date and time with a time zone'
    await refuses({ timestamp }, `events[0].timestamp is ${JSON.stringify(timestamp)}; ${rule}`)
  })

  it('refuses a timestamp that is no string', async () => {
    await refuses({ timestamp: 1700000000000 }, 'events[0].timestamp is a number; it must be a string')
  })

  it.each([
    '2026-11-23T10:00:00.000Z',
    '2026-11-23T10:00:00Z',
    '2026-11-23T10:00Z',
    '2026-11-23T10:00:00.123456Z',
    '2026-11-23T23:59:59+05:30',
    '2026-11-23T00:00:00-0800',
    '2024-02-29T10:00:00Z',
    '2000-02-29T10:00:00Z',
    '0004-02-29T10:00:00Z',
    '2026-12-31T10:00:00Z'
  ])('takes the timestamp %j', async (timestamp) => {
    await takes({ timestamp })
  })

  it('refuses a key that Heap does not document, at every level', async () => {
    await expectRefused(
      INTEGRATIONS_TRACK,
      { ...events(event()), appId: APP_ID },
      'appId is not a key that Heap documents; the keys here are app_id, library, events'
    )
    await refuses(
      { properties: {} },
      'events[0].properties is not a key that Heap documents; the keys here are event, user_identifier, ' +
        'custom_properties, idempotency_key, timestamp'
    )
    await refuses(
      { user_identifier: { userId: 'alice' } },
      'events[0].user_identifier.userId is not a key that Heap documents; the keys here are identity, anonymous_id, ' +
        'user_id, email'
    )
  })
})

describe('/api/track', () => {
  const single = { app_id: APP_ID, event: 'Signed Up', identity: 'alice' }
  const full = {
    event: 'Signed Up',
    identity: 'alice',
    properties: { plan: 'pro', seats: 3 },
    timestamp: '2026-11-23T10:00:00Z',
    idempotency_key: 'message-1',
    session_id: '77'
  }

  it('takes one event', async () => {
    await expectStored(TRACK, { app_id: APP_ID, ...full })
    await expectStored(TRACK, single)
    expect(heap.environment('US', APP_ID).events).toEqual([
      {
        event: 'Signed Up',
        user: 'alice',
        user_identifier: { identity: 'alice' },
        properties: { plan: 'pro', seats: 3 },
        timestamp: '2026-11-23T10:00:00Z',
        idempotency_key: 'message-1',
        session_id: '77'
      },
      { event: 'Signed Up', user: 'alice', user_identifier: { identity: 'alice' }, properties: {} }
    ])
  })

  it('takes 1 to 1000 events at once', async () => {
    const many = Array.from({ length: 1001 }, () => ({ event: 'Signed Up', user_id: '42' }))
    await expectRefused(TRACK, { app_id: APP_ID, events: [] }, 'events has 0 entries; it must have 1 to 1000')
    await expectRefused(TRACK, { app_id: APP_ID, events: many }, 'events has 1001 entries; it must have 1 to 1000')
    await expectStored(TRACK, { app_id: APP_ID, events: many.slice(1) })
    expect(heap.environment('US', APP_ID).events).toHaveLength(1000)
  })

  it('wants exactly one of identity and user_id', async () => {
    const bare = { event: 'Signed Up' }
    const rule = 'it must have exactly one of them'
    await expectRefused(TRACK, { app_id: APP_ID, ...bare }, `the body has neither identity nor user_id; ${rule}`)
    await expectRefused(TRACK, { ...single, user_id: '42' }, `the body has both identity and user_id; ${rule}`)
    await expectRefused(
      TRACK,
      { app_id: APP_ID, events: [full, bare] },
      `events[1] has neither identity nor user_id; ${rule}`
    )
    await expectRefused(
      TRACK,
      { app_id: APP_ID, events: [{ ...full, user_id: '42' }] },
      `events[0] has both identity and user_id; ${rule}`
    )
  })

  it('holds each value to its limits', async () => {
    const rule = "it must be Heap's own ID, a whole number from 0 to 9007199254740991 written as a string"
    await expectRefused(
      TRACK,
      { ...single, identity: 'i'.repeat(256) },
      'identity is 256 characters long; it must be 255 or fewer'
    )
    await expectRefused(TRACK, { app_id: APP_ID, event: 'e', user_id: 'x' }, `user_id is "x"; ${rule}`)
    await expectRefused(
      TRACK,
      { ...single, event: 'e'.repeat(1025) },
      'event is 1025 characters long; it must be 1024 or fewer'
    )
    await expectRefused(
      TRACK,
      { ...single, idempotency_key: 'short' },
      'idempotency_key is 5 characters long; it must be 8 or more'
    )
    await expectRefused(TRACK, { ...single, session_id: '' }, 'session_id is empty; it must have at least 1 character')
    await expectRefused(
      TRACK,
      { ...single, timestamp: 'now' },
      'timestamp is "now"; it must be a real ISO 8601 date and time with a time zone'
    )
  })

  it('takes strings, numbers and arrays of them as properties, and stores arrays joined by two pipes', async () => {
    const properties = { a: 'text', b: 1.5, c: ['x', 2, 'y'], d: [], e: 0 }
    await expectStored(TRACK, { ...single, properties })
    expect(heap.environment('US', APP_ID).events[0]?.properties).toEqual({
      a: 'text',
      b: 1.5,
      c: 'x||2||y',
      d: '',
      e: 0
    })
  })

  it('refuses any other property', async () => {
    const rule = 'it must be a string, a number, or an array of those'
    const refuses = (value: unknown, error: string) =>
      expectRefused(TRACK, { ...single, properties: { a: value } }, `properties.a${error}`)
    await refuses(true, ` is a boolean; ${rule}`)
    await refuses(null, ` is null; ${rule}`)
    await refuses({ b: 'c' }, ` is an object; ${rule}`)
    await refuses(['b', null], '[1] is null; it must be a string or a number')
    await refuses([['b']], '[0] is an array; it must be a string or a number')
    const huge = request(TRACK, undefined, {
      body: `{"app_id":"1","event":"e","identity":"a","properties":{"a":1e999}}`
    })
    expect(await heap.handle(huge)).toEqual(refused(`properties.a is a number too large to hold; ${rule}`))
  })

  it('wants property keys and values of fewer than 1024 characters, arrays as they are stored', async () => {
    const half = 'v'.repeat(511)
    await expectRefused(
      TRACK,
      { ...single, properties: { a: [half, half] } },
      'properties.a is 1024 characters long; it must be fewer than 1024'
    )
    await expectRefused(
      TRACK,
      { ...single, properties: { ['k'.repeat(1024)]: 1 } },
      `properties has a key of 1024 characters, "${'k'.repeat(64)}…"; it must be fewer than 1024`
    )
    await expectStored(TRACK, { ...single, properties: { ['k'.repeat(1023)]: [half, half.slice(1)] } })
  })

  it('refuses a key that Heap does not document, at every level', async () => {
    const keys = 'event, identity, user_id, properties, timestamp, idempotency_key, session_id'
    await expectRefused(
      TRACK,
      { ...single, custom_properties: {} },
      `custom_properties is not a key that Heap documents; the keys here are app_id, ${keys}`
    )
    await expectRefused(
      TRACK,
      { app_id: APP_ID, events: [{ ...full, app_id: APP_ID }] },
      `events[0].app_id is not a key that Heap documents; the keys here are ${keys}`
    )
    await expectRefused(
      TRACK,
      { ...single, events: [full] },
      'event is not a key that Heap documents; the keys here are app_id, events'
    )
  })
})

describe('/api/add_user_properties', () => {
  it('takes one user', async () => {
    await expectStored(ADD_USER_PROPERTIES, user('alice', { plan: 'pro', seats: 3, tags: ['a', 'b'] }))
    expect(heap.environment('US', APP_ID).users).toEqual([
      { identity: 'alice', properties: { plan: 'pro', seats: 3, tags: 'a||b' } }
    ])
  })

  it('takes 1 to 1000 users at once', async () => {
    const users = Array.from({ length: 1001 }, (_, index) => ({ identity: `user-${index}`, properties: {} }))
    await expectRefused(
      ADD_USER_PROPERTIES,
      { app_id: APP_ID, users: [] },
      'users has 0 entries; it must have 1 to 1000'
    )
    await expectRefused(
      ADD_USER_PROPERTIES,
      { app_id: APP_ID, users },
      'users has 1001 entries; it must have 1 to 1000'
    )
    await expectStored(ADD_USER_PROPERTIES, { app_id: APP_ID, users: users.slice(1) })
    expect(heap.environment('US', APP_ID).users).toHaveLength(1000)
  })

  it('wants an identity of 1 to 255 characters, and properties', async () => {
    await expectRefused(ADD_USER_PROPERTIES, { app_id: APP_ID, properties: {} }, 'identity is missing')
    await expectRefused(ADD_USER_PROPERTIES, { app_id: APP_ID, identity: 'alice' }, 'properties is missing')
    await expectRefused(ADD_USER_PROPERTIES, user(''), 'identity is empty; it must have at least 1 character')
    await expectRefused(
      ADD_USER_PROPERTIES,
      user('i'.repeat(256)),
      'identity is 256 characters long; it must be 255 or fewer'
    )
    await expectRefused(ADD_USER_PROPERTIES, user('alice', null), 'properties is null; it must be an object')
    await expectStored(ADD_USER_PROPERTIES, user('i'.repeat(255)))
  })

  it.each(['id', 'Id', 'iD', 'ID', 'user_id'])('refuses a property called %s', async (name) => {
    const rule = 'has a name that Heap keeps for itself; call the property something else'
    await expectRefused(ADD_USER_PROPERTIES, user('alice', { [name]: '1' }), `properties.${name} ${rule}`)
    await expectRefused(
      ADD_USER_PROPERTIES,
      {
        app_id: APP_ID,
        users: [user('alice').properties, {}].map(() => ({ identity: 'a', properties: { [name]: 1 } }))
      },
      `users[0].properties.${name} ${rule}`
    )
  })

  it('takes a property whose name only contains a forbidden one', async () => {
    await expectStored(ADD_USER_PROPERTIES, user('alice', { ids: '1', User_ID: '1', email: 'a@example.com' }))
  })

  it('refuses values that are not strings, numbers or arrays of them, or are too long', async () => {
    const rule = 'it must be a string, a number, or an array of those'
    await expectRefused(ADD_USER_PROPERTIES, user('alice', { a: false }), `properties.a is a boolean; ${rule}`)
    await expectRefused(ADD_USER_PROPERTIES, user('alice', { a: null }), `properties.a is null; ${rule}`)
    await expectRefused(ADD_USER_PROPERTIES, user('alice', { a: {} }), `properties.a is an object; ${rule}`)
    await expectRefused(
      ADD_USER_PROPERTIES,
      user('alice', { a: 'v'.repeat(1024) }),
      'properties.a is 1024 characters long; it must be fewer than 1024'
    )
    await expectStored(ADD_USER_PROPERTIES, user('alice', { ['k'.repeat(1023)]: 'v'.repeat(1023) }))
  })

  it('refuses a key that Heap does not document, at every level', async () => {
    await expectRefused(
      ADD_USER_PROPERTIES,
      { ...user('alice'), user_id: '1' },
      'user_id is not a key that Heap documents; the keys here are app_id, identity, properties'
    )
    await expectRefused(
      ADD_USER_PROPERTIES,
      { app_id: APP_ID, users: [{ identity: 'alice', traits: {} }] },
      'users[0].traits is not a key that Heap documents; the keys here are identity, properties'
    )
    await expectRefused(
      ADD_USER_PROPERTIES,
      { ...user('alice'), users: [] },
      'identity is not a key that Heap documents; the keys here are app_id, users'
    )
  })
})
