import { once } from 'node:events'
import { gzipSync } from 'node:zlib'
import http from 'node:http'
import net from 'node:net'
import { Analytics } from '@segment/analytics-node'
import { HeapEmulator, interceptHeap } from '../../../heap-emulator'
import type { Interception } from '../../../heap-emulator'
import type { EventResult, RecordedRun } from '../../engine/eventResult'
import { readSubscriptions } from '../../engine/subscriptions'
import { startServer } from '../server'
import type { RunningServer } from '../server'

const SETTINGS = { appId: '12343283', apiKey: 'test-key' }

let heap: HeapEmulator
let interception: Interception
let server: RunningServer
let results: EventResult<RecordedRun>[]

beforeAll(async () => {
  heap = new HeapEmulator({ apiKeys: { '12343283': 'test-key' } })
  interception = interceptHeap(heap, { allowLocal: true })
  server = await start()
})
afterAll(async () => {
  await server.stop()
  interception.restore()
})
beforeEach(() => {
  heap.reset()
  results = []
})

function start(subscriptions?: Parameters<typeof startServer>[0]['subscriptions']): Promise<RunningServer> {
  return startServer({
    port: 0,
    settings: { appId: '12343283' },
    emulator: heap,
    subscriptions,
    onResult: (result) => results.push(result),
    say: () => undefined
  })
}

interface Answer {
  status: number
  headers: http.IncomingHttpHeaders
  body: unknown
}

/** Not fetch: it sets Host and Origin itself. */
function ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request(`${server.url}${path}`, { method, headers }, (response) => {
      let text = ''
      response.on('data', (chunk) => (text += chunk))
      response.on('end', () => {
        const parsed: unknown = text === '' ? undefined : JSON.parse(text)
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: parsed })
      })
    })
    request.on('error', reject)
    request.end(typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body))
  })
}

async function post(path: string, body: unknown, headers?: Record<string, string>): Promise<unknown> {
  const answer = await ask('POST', path, body, headers)
  expect(answer.status).toBe(200)
  return answer.body
}

function track(number: number, more: object = {}) {
  return { type: 'track', event: 'Signed Up', messageId: `message-${number}`, userId: 'alice', ...more }
}

/** What trackEvent posts for {@link track}. */
function posted(number: number, name = 'Signed Up') {
  return {
    app_id: '12343283',
    library: 'server',
    events: [
      {
        event: name,
        user_identifier: { identity: 'alice' },
        custom_properties: { segment_library: 'cloud-mode-destination' },
        idempotency_key: `message-${number}`
      }
    ]
  }
}

function exchange(number: number, name?: string) {
  return {
    request: {
      url: 'https://heapanalytics.com/api/integrations/track',
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': 'Segment (Actions)' },
      body: JSON.stringify(posted(number, name))
    },
    response: { statusCode: 200, statusMessage: 'OK', headers: { 'content-type': 'application/json' }, body: {} }
  }
}

describe('the protocol of actions-cli', () => {
  it('gives the definition', async () => {
    const { status, body } = await ask('GET', '/manifest')
    expect(status).toBe(200)
    expect(body).toMatchObject({
      directoryName: 'heap',
      slug: 'actions-heap-cloud',
      actions: { trackEvent: { title: 'Track Event', fields: { message_id: { required: true } } } },
      presets: [{ name: 'Track Calls' }, { name: 'Identify Calls' }, { name: 'Group Calls' }]
    })
  })

  it('tests the settings', async () => {
    expect(await post('/authenticate', { settings: SETTINGS })).toStrictEqual({ ok: true })
    expect(await post('/authenticate', { settings: { region: 'US' } })).toStrictEqual({
      ok: false,
      error: "The root value is missing the required field 'appId'.",
      fields: { appId: "The root value is missing the required field 'appId'." }
    })
    expect(await post('/authenticate', { settings: { ...SETTINGS, region: 'MOON' } })).toMatchObject({
      ok: false,
      fields: { region: expect.stringContaining('must be') as string }
    })
    const wrong = await post('/authenticate', { settings: { ...SETTINGS, apiKey: 'not-the-key' } })
    expect(wrong).toMatchObject({ ok: false, error: expect.stringContaining('does not accept') as string, fields: {} })
    expect(JSON.stringify(wrong)).not.toContain('not-the-key')
    expect(await post('/authenticate', undefined)).toMatchObject({ ok: false })
  })

  it('says that there is no access token to refresh', async () => {
    expect(await post('/refreshAccessToken', { settings: SETTINGS })).toStrictEqual({
      ok: false,
      error: 'refreshAccessToken is only valid with oauth2 authentication scheme',
      fields: {}
    })
  })

  it('runs an action with the defaults of the fields that the mapping leaves out', async () => {
    const mapping = { event: 'Renamed' }
    expect(await post('/trackEvent', { payload: track(1), settings: SETTINGS })).toStrictEqual([exchange(1)])
    expect(await post('/trackEvent', { payload: track(2), settings: SETTINGS, mapping })).toStrictEqual([
      exchange(2, 'Renamed')
    ])
  })

  it('runs a batch, and gives the status of each event to who asks for it', async () => {
    const body = { payload: [track(1), { type: 'track' }, track(2)], settings: SETTINGS }
    const exchanges = (await post('/trackEvent', body)) as { request: { body: string } }[]
    expect(exchanges.map(({ request }) => JSON.parse(request.body) as object)).toStrictEqual([
      { ...posted(1), events: [...posted(1).events, ...posted(2).events] }
    ])
    const answer = await post('/trackEvent?multistatus', body)
    expect(answer).toMatchObject({
      exchanges: [{ response: { statusCode: 200 } }],
      multistatus: [
        { status: 200, body: { event: '{}' } },
        { status: 400, errortype: 'PAYLOAD_VALIDATION_FAILED' },
        { status: 200 }
      ]
    })
  })

  it('answers a failure as an error, with what was exchanged until then', async () => {
    expect(await post('/trackEvent', { payload: { type: 'track' }, settings: SETTINGS })).toStrictEqual([
      {
        statusCode: 400,
        message: "The root value is missing the required field 'message_id'.",
        stack: expect.stringContaining('AggregateAjvError') as string,
        fields: { message_id: "The root value is missing the required field 'message_id'." },
        requestError: true,
        exchanges: []
      }
    ])
    heap.failNext({ status: 500, body: '{"error":"oh"}' })
    expect(await post('/trackEvent', { payload: track(1), settings: SETTINGS })).toMatchObject([
      {
        statusCode: 500,
        message: 'The event was not stored: Heap answered 500: {"error":"oh"}.',
        requestError: true,
        exchanges: [{ response: { statusCode: 500, body: { error: 'oh' } } }]
      }
    ])
    heap.failNext('reset')
    expect(await post('/trackEvent', { payload: track(1), settings: SETTINGS })).toMatchObject([
      {
        statusCode: 503,
        exchanges: [{ request: { method: 'POST' }, failure: expect.stringContaining('ECONNRESET') as string }]
      }
    ])
    for (const [payload, message] of [
      [[], 'The payload is an empty list; a batch has at least one event.'],
      [[track(1), null], 'Event 2 of the payload is not an object.'],
      [null, 'The payload must be an event or a list of events.'],
      ['track', 'The payload must be an event or a list of events.']
    ]) {
      expect(await post('/trackEvent', { payload, settings: SETTINGS })).toMatchObject([{ statusCode: 400, message }])
    }
    for (const [body, message] of [
      [{ payload: track(1), settings: 'abc' }, 'The settings must be an object.'],
      [{ payload: track(1), settings: SETTINGS, mapping: ['event'] }, 'The mapping must be an object.'],
      [
        { payload: track(1), settings: SETTINGS, mapping: { event: { '@foo': 1 }, identity: { '@path': 5 } } },
        '/identity/@path should be a string or a mapping directive but it is a number. /event has an invalid directive: @foo.'
      ]
    ] as const) {
      expect(await post('/trackEvent', body)).toMatchObject([{ statusCode: 400, message }])
    }
    expect(await post('/trackEvent', { payload: track(1) })).toMatchObject([
      { statusCode: 400, message: expect.stringContaining('App ID') as string }
    ])
  })

  it('answers a batch of which nothing could be sent with what is wrong with each event', async () => {
    const payload = [track(1, { userId: 'null' }), { type: 'track' }]
    expect(await post('/trackEvent', { payload, settings: SETTINGS })).toStrictEqual([
      {
        statusCode: 400,
        message: expect.stringContaining('Identity is "null"') as string,
        fields: {},
        requestError: true
      },
      { statusCode: 400, message: expect.stringContaining('message_id') as string, fields: {}, requestError: true }
    ])
  })

  it('shows no key or token that Heap repeats', async () => {
    const answers = ['{"error":"test-key is no key","of":["test-key"]}', 'test-key']
    for (const body of answers) {
      heap.failNext({ status: 403, body }, 1, '/api/public/v0/auth_token')
      const answer = await post('/delete', { payload: { userId: 'alice' }, settings: SETTINGS })
      expect(answer).toMatchObject([{ exchanges: [{ response: { statusCode: 403 } }] }])
      expect(JSON.stringify(answer)).toContain('<redacted>')
      expect(JSON.stringify(answer)).not.toContain('test-key')
    }
  })

  it('deletes each person of a list, whom Heap then holds no longer', async () => {
    const people = ['alice', 'bob', 'carol']
    for (const [number, userId] of people.entries())
      await post('/v1/track', track(number, { userId, context: { traits: { n: 1 } } }))
    const payload = [{ userId: 'alice' }, { userId: 'bob' }]
    expect(await post('/delete', { payload, settings: SETTINGS })).toHaveLength(4)
    expect((await ask('GET', '/heap')).body).toMatchObject([
      { users: [{ identity: 'carol' }], events: [{ user: 'carol' }] }
    ])
    expect(await post('/delete', { payload: ['alice'], settings: SETTINGS })).toMatchObject([
      { message: 'Event 1 of the payload is not an object.' }
    ])
  })

  it('deletes a person, and shows neither key nor token', async () => {
    await post('/trackEvent', { payload: track(1), settings: SETTINGS })
    const answer = await post('/delete', { payload: { userId: 'alice' }, settings: SETTINGS })
    expect(answer).toMatchObject([
      {
        request: {
          url: 'https://heapanalytics.com/api/public/v0/auth_token',
          headers: { authorization: '<redacted>' }
        },
        response: { statusCode: 200, body: { access_token: '<redacted>' } }
      },
      {
        request: {
          url: 'https://heapanalytics.com/api/public/v0/user_deletion',
          headers: { authorization: '<redacted>' },
          body: '{"users":[{"identity":"alice"}]}'
        },
        response: { statusCode: 201 }
      }
    ])
    expect(JSON.stringify(answer)).not.toMatch(/test-key|Basic|Bearer/)
    expect(heap.deletions).toMatchObject([{ users: [{ identity: 'alice' }] }])
    expect(await post('/delete', { payload: { userId: 'alice' }, settings: { appId: '1' } })).toMatchObject([
      { requestError: true, message: expect.stringContaining('API Key is missing') as string }
    ])
  })

  it('keeps the exchanges of concurrent requests apart', async () => {
    const numbers = Array.from({ length: 60 }, (_, number) => number)
    const answers = await Promise.all(
      numbers.map((number) => post('/trackEvent', { payload: track(number), settings: SETTINGS }))
    )
    expect(answers).toStrictEqual(numbers.map((number) => [exchange(number)]))
  })

  it('says what there is not, and what it cannot read', async () => {
    expect(await ask('POST', '/sendEvent', {})).toMatchObject({
      status: 404,
      body: {
        error:
          'There is no POST /sendEvent here. The actions are trackEvent, identifyUser, updateAccount; see also /events and /heap.'
      }
    })
    expect(await ask('POST', '/__proto__', {})).toMatchObject({ status: 404 })
    expect(await ask('GET', '/trackEvent')).toMatchObject({ status: 404 })
    expect(await ask('POST', '/trackEvent', '{')).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining('The request cannot be read') as string }
    })
    expect(await ask('POST', '/trackEvent', `"${'x'.repeat(33 * 1024 * 1024)}"`)).toMatchObject({ status: 413 })
  })
})

describe('who may use it', () => {
  const preflight = { 'access-control-request-method': 'POST', 'access-control-request-private-network': 'true' }

  it.each(['https://app.segment.com', 'https://eu1.app.segment.com', 'http://localhost:8000'])(
    'lets pages of %s in',
    async (origin) => {
      const { status, headers } = await ask('OPTIONS', '/trackEvent', undefined, { origin, ...preflight })
      expect(status).toBe(204)
      expect(headers).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-allow-private-network': 'true',
        'access-control-allow-methods': expect.stringContaining('POST') as string
      })
      const answer = await ask('GET', '/manifest', undefined, { origin })
      expect(answer).toMatchObject({ status: 200, headers: { 'access-control-allow-origin': origin } })
    }
  )

  it.each([
    'https://evil.example',
    'https://app.segment.com.evil.example',
    'http://app.segment.com',
    'http://localhost:8001',
    'null'
  ])('keeps pages of %s out', async (origin) => {
    for (const [method, path] of [
      ['OPTIONS', '/trackEvent'],
      ['GET', '/manifest'],
      ['POST', '/trackEvent'],
      ['GET', '/heap'],
      ['GET', '/events']
    ]) {
      const { status, headers } = await ask(method, path, undefined, { origin })
      expect(status).toBe(403)
      expect(headers).not.toHaveProperty('access-control-allow-origin')
      expect(headers).not.toHaveProperty('access-control-allow-private-network')
    }
  })

  it('takes events from pages that are served on this machine, and from no others', async () => {
    const origin = 'http://localhost:5173'
    expect(await ask('POST', '/v1/t', track(1), { origin })).toMatchObject({
      status: 200,
      headers: { 'access-control-allow-origin': origin }
    })
    expect(await ask('POST', '/v1/t', track(2), { origin: 'https://evil.example' })).toMatchObject({ status: 403 })
    expect(await ask('POST', '/v1/t', track(3), { origin: 'https://localhost.evil.example' })).toMatchObject({
      status: 403
    })
    expect(results).toHaveLength(1)
  })

  it.each(['evil.example', 'localhost.evil.example:3000', '192.168.0.7:3000', '127.0.0.1.nip.io'])(
    'answers nothing under the name %s',
    async (host) => {
      expect(await ask('GET', '/manifest', undefined, { host })).toMatchObject({
        status: 403,
        body: { error: `The Host "${host}" is not this machine; use localhost.` }
      })
      expect(await ask('POST', '/v1/t', track(1), { host })).toMatchObject({ status: 403 })
    }
  )

  it.each(['localhost', '127.0.0.1:80', '[::1]:3000', 'LOCALHOST:3000'])('answers under the name %s', async (host) => {
    expect(await ask('GET', '/manifest', undefined, { host })).toMatchObject({ status: 200 })
  })
})

describe('the Segment source', () => {
  const events = () => heap.environment('US', '12343283').events
  const userId = 'alice'

  it.each([
    ['track', 'trackEvent', { event: 'Signed Up' }],
    ['t', 'trackEvent', { event: 'Signed Up' }],
    ['page', 'trackEvent', {}],
    ['p', 'trackEvent', {}],
    ['screen', 'trackEvent', {}],
    ['s', 'trackEvent', {}],
    ['identify', 'identifyUser', {}],
    ['i', 'identifyUser', {}],
    ['group', 'updateAccount', { groupId: 'acme' }],
    ['g', 'updateAccount', { groupId: 'acme' }],
    ['alias', undefined, { previousId: 'a' }],
    ['a', undefined, { previousId: 'a' }]
  ])('takes POST /v1/%s', async (path, action, more) => {
    expect(await post(`/v1/${path}`, { userId, writeKey: 'the-key', ...more })).toStrictEqual({ success: true })
    const [{ event, runs }] = results
    expect(event.type[0]).toBe(path[0])
    expect(event).not.toHaveProperty('writeKey')
    expect(runs.map((run) => run.action)).toStrictEqual(action ? [action] : [])
    expect(results).toHaveLength(1)
  })

  it.each(['batch', 'b', 'import'])(
    'takes POST /v1/%s, with the context and integrations of the batch',
    async (path) => {
      await post(`/v1/${path}`, {
        batch: [track(1, { context: { app: { name: 'shop' } } }), track(2, { integrations: { Heap: false } })],
        context: { library: { name: 'my-sdk' } },
        integrations: { 'Some Other': false },
        sentAt: '2026-11-23T10:00:00.000Z'
      })
      expect(results.map(({ event, excluded }) => [event.context, event.integrations, excluded])).toStrictEqual([
        [{ library: { name: 'my-sdk' }, app: { name: 'shop' } }, { 'Some Other': false }, false],
        [{ library: { name: 'my-sdk' } }, { 'Some Other': false, Heap: false }, true]
      ])
      expect(events().map(({ idempotency_key }) => idempotency_key)).toStrictEqual(['message-1'])
    }
  )

  it('unpacks gzip', async () => {
    const body = gzipSync(JSON.stringify({ batch: [track(1), track(2)] }))
    expect(await post('/v1/batch', body, { 'content-encoding': 'gzip' })).toStrictEqual({ success: true })
    expect(events()).toHaveLength(2)
  })

  it('gives an event what Segment gives it: an ID, and its time by Segment’s clock', async () => {
    const hourAhead = (minutes: number) => new Date(Date.now() + 3_600_000 + minutes * 60_000).toISOString()
    const timestamp = hourAhead(-10)
    await post('/v1/track', { event: 'x', userId, timestamp, sentAt: hourAhead(0) })
    const [{ event }] = results
    const tenMinutesAgo = Date.now() - 600_000
    expect(Math.abs(new Date(String(event.timestamp)).getTime() - tenMinutesAgo)).toBeLessThan(30_000)
    expect(event).toMatchObject({
      originalTimestamp: timestamp,
      messageId: expect.stringMatching(/^[\w-]{36}$/) as string
    })

    await post('/v1/track', { event: 'x', userId, timestamp: '2020-02-03T04:05:06.000Z' })
    expect(results[1].event.timestamp).toBe('2020-02-03T04:05:06.000Z')
    await post('/v1/track', { event: 'x', userId })
    expect(Math.abs(new Date(String(results[2].event.timestamp)).getTime() - Date.now())).toBeLessThan(30_000)
  })

  it.each(['yesterday', 1795428000, { toString: 1 }, '+275760-09-13T00:00:00.000Z'])(
    'leaves the time %j of an event as it is',
    async (timestamp) => {
      await post('/v1/track', { event: 'x', userId, timestamp, sentAt: '1970-01-01T00:00:00.000Z' })
      expect(results[0].event.timestamp).toStrictEqual(timestamp)
    }
  )

  it('takes events whose names are no text', async () => {
    await post('/v1/batch', {
      batch: [track(1, { event: { toString: 1 } }), { type: 'page', name: { toString: 1 }, userId }, track(2)]
    })
    expect(results.map(({ delivered }) => delivered)).toStrictEqual([false, false, true])
  })

  it.each<[string, string, unknown, RegExp]>([
    ['what is no JSON', '/v1/track', '{"type":', /^The body is not JSON\.$/],
    ['an empty body', '/v1/batch', '', /^The body is not JSON\.$/],
    ['a list', '/v1/track', [], /^The body is not an object\.$/],
    ['a batch that is none', '/v1/batch', { events: [] }, /^"batch" is missing; it is a list of events\.$/],
    ['an entry that is none', '/v1/batch', { batch: [track(1), 7] }, /^batch\[1\] is not an object\.$/],
    [
      'an unknown type',
      '/v1/batch',
      { batch: [{ type: 'tracks' }] },
      /^batch\[0\] has the type "tracks"; it is one of track/
    ],
    ['no type', '/v1/batch', { batch: [{}] }, /^batch\[0\] has the type undefined; it is one of track/],
    ['a context that is none', '/v1/batch', { batch: [track(1)], context: 3 }, /^context is not an object\.$/],
    [
      'an event that nests too deep',
      '/v1/track',
      `{"event":"x","userId":"a","properties":{"a":${'['.repeat(9_000)}${']'.repeat(9_000)}}}`,
      /^The event nests too deep\.$/
    ],
    [
      'an event of more than 32 KB',
      '/v1/track',
      track(1, { properties: { text: 'ü'.repeat(16_400) } }),
      /^The event is 3\d,\d{3} bytes long; Segment takes at most 32 KB an event\.$/
    ],
    [
      'a batch with an event of more than 32 KB',
      '/v1/batch',
      { batch: [track(1), track(2, { properties: { text: 'x'.repeat(33_000) } })] },
      /^batch\[1\] is 3\d,\d{3} bytes long/
    ],
    [
      'a batch of more than 500 KB',
      '/v1/batch',
      { batch: Array.from({ length: 20 }, (_, number) => track(number, { properties: { text: 'x'.repeat(30_000) } })) },
      /^The body is too long; Segment takes at most 500 KB a request\.$/
    ]
  ])('answers %s with 400, as Segment does, and takes nothing of it', async (_what, path, body, message) => {
    const answer = await ask('POST', path, body)
    expect(answer).toMatchObject({
      status: 400,
      body: { success: false, message: expect.stringMatching(message) as string }
    })
    expect(results).toStrictEqual([])
    expect(heap.requests).toStrictEqual([])
  })

  it('answers a gzip body that is broken, or too long once it is unpacked, with 400', async () => {
    const headers = { 'content-encoding': 'gzip' }
    expect(await ask('POST', '/v1/batch', 'no gzip', headers)).toMatchObject({ status: 400, body: { success: false } })
    const long = gzipSync(Buffer.alloc(10_000_000, ' '))
    expect(await ask('POST', '/v1/batch', long, headers)).toMatchObject({
      status: 400,
      body: { message: 'The body is too long; Segment takes at most 500 KB a request.' }
    })
  })

  it('answers what the destination refuses with 200, as Segment does; the result says why', async () => {
    await post('/v1/track', { event: 'Signed Up', userId: 'null' })
    expect(results).toMatchObject([
      {
        delivered: false,
        runs: [{ error: { status: 400, message: expect.stringContaining('placeholder') as string }, exchanges: [] }]
      }
    ])
  })

  it('answers analytics.js where to send', async () => {
    const { body } = await ask('GET', '/v1/projects/any-key/settings')
    const host = new URL(server.url).host
    expect(body).toMatchObject({
      integrations: { 'Segment.io': { apiKey: 'any-key', apiHost: `${host}/v1`, protocol: 'http' } }
    })
    expect(await post('/v1/m', { series: [] })).toStrictEqual({ success: true })
  })

  it('takes what the Node SDK sends', async () => {
    const analytics = new Analytics({ writeKey: 'any', host: server.url })
    const failures: unknown[] = []
    analytics.on('error', (error) => failures.push(error))
    const anonymousId = 'visitor-1'
    analytics.track({ userId, event: 'Ordered', properties: { total: 12.5, at: new Date(0) }, messageId: 'node-track' })
    analytics.identify({ userId, anonymousId, traits: { plan: 'pro' } })
    analytics.page({ userId, name: 'Home', messageId: 'node-page-1' })
    analytics.screen({ anonymousId, name: 'Settings', messageId: 'node-screen' })
    analytics.group({ userId, groupId: 'acme', traits: { size: 7 } })
    analytics.alias({ userId, previousId: anonymousId })
    await analytics.closeAndFlush()

    expect(failures).toStrictEqual([])
    const held = heap.environment('US', '12343283')
    const segment_library = 'cloud-mode-destination'
    const common = { library: 'server', timestamp: expect.stringMatching(/^\d{4}-.*Z$/) as string }
    expect(held).toStrictEqual({
      region: 'US',
      app_id: '12343283',
      events: [
        {
          ...common,
          event: 'Ordered',
          user_identifier: { identity: userId },
          properties: { segment_library, total: '12.5', at: '1970-01-01T00:00:00.000Z' },
          idempotency_key: 'node-track',
          user: userId
        },
        {
          ...common,
          event: 'Page viewed',
          user_identifier: { identity: userId },
          properties: { segment_library, name: 'Home' },
          idempotency_key: 'node-page-1',
          user: userId
        },
        {
          ...common,
          event: 'Screen viewed',
          user_identifier: { anonymous_id: anonymousId },
          properties: { segment_library, name: 'Settings' },
          idempotency_key: 'node-screen',
          user: userId
        }
      ],
      users: [{ identity: userId, properties: { anonymous_id: anonymousId, plan: 'pro', account_id: 'acme' } }],
      accounts: [{ account_id: 'acme', properties: { size: '7' } }]
    })
    expect(results.map(({ event, delivered }) => [event.type, delivered])).toStrictEqual([
      ['track', true],
      ['identify', true],
      ['page', true],
      ['screen', true],
      ['group', true],
      ['alias', false]
    ])
  })

  it('streams the result of each event as a server-sent event', async () => {
    const streamed = new Promise<string>((resolve, reject) => {
      http.get(`${server.url}/events`, (response) => {
        expect(response.headers['content-type']).toBe('text/event-stream')
        let text = ''
        response.on('data', (chunk) => {
          text += chunk
          if (!text.endsWith('\n\n')) return
          resolve(text)
          response.destroy()
        })
        response.on('error', () => undefined)
        post('/v1/track', track(1)).catch(reject)
      })
    })
    const [name, data] = (await streamed).trim().split('\n')
    expect(name).toBe('event: result')
    expect(JSON.parse(data.replace(/^data: /, ''))).toMatchObject({
      event: track(1),
      excluded: false,
      delivered: true,
      runs: [
        {
          subscription: 'Track Calls',
          action: 'trackEvent',
          payload: { message_id: 'message-1', identity: 'alice', event: 'Signed Up' },
          exchanges: [{ request: { body: { events: [{ event: 'Signed Up' }] } }, response: { statusCode: 200 } }]
        }
      ]
    })
  })

  it('shows what the emulator holds', async () => {
    await post('/v1/track', track(1))
    const { body } = await ask('GET', '/heap')
    expect(body).toStrictEqual(JSON.parse(JSON.stringify(heap.snapshot())))
    expect(heap.snapshot()).toHaveLength(1)
  })
})

describe('stopping', () => {
  // Not by http: what intercepts it keeps a request back until its body is whole.
  function connect(to: RunningServer) {
    const { hostname, port } = new URL(to.url)
    const socket = net.connect(Number(port), hostname)
    let answered = ''
    socket.on('data', (chunk) => (answered += chunk.toString()))
    return { socket, answered: () => answered, closed: once(socket, 'close') }
  }

  async function until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise((go) => setTimeout(go, 5))
  }

  it('lets what is under way come to its end, takes nothing new, and ends streams', async () => {
    const other = await start()
    const stream = connect(other)
    stream.socket.write('GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await until(() => stream.answered().includes('text/event-stream'))

    const { socket, answered, closed } = connect(other)
    const body = JSON.stringify(track(1))
    const head = `POST /v1/track HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\nExpect: 100-continue\r\n\r\n`
    socket.write(head + body.slice(0, 9))
    await until(() => answered().includes('100 Continue'))
    const stopped = other.stop()
    await until(() => stream.answered().endsWith('\r\n0\r\n\r\n'))
    expect(await (await fetch(`${other.url}/manifest`)).json()).toStrictEqual({ error: 'The server is ending.' })
    socket.write(body.slice(9))
    await stopped
    await closed
    expect(answered()).toContain('{"success":true}')
    expect(heap.environment('US', '12343283').events).toMatchObject([{ idempotency_key: 'message-1' }])
    await expect(fetch(`${other.url}/manifest`)).rejects.toThrow()
  })

  it('cuts no answer short that is slow to be taken', async () => {
    const other = await start()
    const properties = Object.fromEntries(Array.from('abcdefghij', (key) => [key, 'x'.repeat(1000)]))
    const payload = Array.from({ length: 1000 }, (_, number) => track(number, { properties }))
    await post('/trackEvent', { payload, settings: SETTINGS })
    const { socket, answered, closed } = connect(other)
    socket.pause()
    socket.write('GET /heap HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await new Promise((go) => setTimeout(go, 300))
    const stopped = other.stop()
    socket.resume()
    await stopped
    await closed
    const [head, body] = answered().split('\r\n\r\n')
    expect(body).toHaveLength(Number(/content-length: (\d+)/i.exec(head)?.[1]))
  })
})

describe('mappings of a file', () => {
  it('are used in place of the presets', async () => {
    const other = await start((definition) => readSubscriptions(`${__dirname}/mappings.json`, definition))
    await fetch(`${other.url}/v1/track`, { method: 'POST', body: JSON.stringify(track(1)) })
    await fetch(`${other.url}/v1/identify`, { method: 'POST', body: JSON.stringify({ userId: 'alice' }) })
    await other.stop()
    expect(results.map(({ runs }) => runs.map(({ subscription }) => subscription))).toStrictEqual([['Sign-ups'], []])
    expect(heap.environment('US', '12343283').events).toMatchObject([{ event: 'Account opened' }])
  })
})
