import { gzipSync } from 'node:zlib'
import { Analytics } from '@segment/analytics-node'
import * as fc from 'fast-check'
import { testServer, track } from './harness'

const CALLS = 'track, identify, page, screen, group, alias'

/** Lists in lists, as text: past some 7,000 levels JSON.stringify throws. */
const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`

const { heap, results, said, ask, post, url } = testServer()

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

  it.each([
    ...['yesterday', 1795428000, { toString: 1 }, '+275760-09-13T00:00:00.000Z'],
    // JavaScript would take these for instants, most of them in this machine's own time zone.
    ...['05.11.2026', '3/4/2026', '2026-11-23', '2026-11-23 10:00:00', 'Mon Nov 23 10:00:00 PST 2026'],
    ...['2026-11-23T10:00:00', '2026-02-30T10:00:00Z'],
    // Moved, it would no longer be seen that the clock was never set.
    ...['0001-01-01T00:00:00Z', '1970-01-01T00:00:00.000Z']
  ])('leaves the time %j of an event as it is', async (timestamp) => {
    await post('/v1/track', { event: 'x', userId, timestamp, sentAt: '2026-11-23T10:00:00.000Z' })
    expect(results[0].event.timestamp).toStrictEqual(timestamp)
  })

  it.each([null, '', undefined])(
    'gives an event whose messageId, time or sentAt is %j what it lacks',
    async (nothing) => {
      const before = Date.now()
      const event = { event: 'x', userId, messageId: nothing, timestamp: nothing, sentAt: nothing }
      await post('/v1/track', event)
      await post('/v1/batch', { batch: [{ type: 'track', ...event }], sentAt: nothing })
      for (const { event, delivered } of results) {
        expect(event.messageId).toMatch(/^[\w-]{36}$/)
        expect(new Date(String(event.timestamp)).getTime()).toBeGreaterThanOrEqual(before)
        expect(event).not.toHaveProperty('sentAt')
        expect(delivered).toBe(true)
      }
      expect(results).toHaveLength(2)
      expect(results[0].event.messageId).not.toBe(results[1].event.messageId)
    }
  )

  it.each([
    ['properties', track(1, { properties: [] })],
    ['context', track(1, { context: [] })],
    ['context, which is null', track(1, { context: null })],
    ['context.traits', track(1, { context: { traits: [] }, properties: { a: 1 } })],
    ['integrations', track(1, { integrations: [] })],
    ['integrations, which is null', track(1, { integrations: null })],
    ['traits of an identify call', { type: 'identify', userId, anonymousId: 'visitor-1', traits: [] }],
    ['traits of a group call', { type: 'group', userId, groupId: 'acme', traits: [] }]
  ])('delivers an event with an empty map as PHP writes it: %s', async (_what, event) => {
    await post(`/v1/${event.type}`, event)
    await post('/v1/batch', { batch: [{ ...event, messageId: 'message-2' }], context: null, integrations: [] })
    await post('/v1/batch', { batch: [{ ...event, messageId: 'message-3' }], context: [], integrations: null })
    expect(results.map(({ delivered, runs }) => [delivered, runs[0].error])).toStrictEqual([
      [true, undefined],
      [true, undefined],
      [true, undefined]
    ])
  })

  it('keeps the digits of every number', async () => {
    const numbers = '{"order_id":123456789012345678,"ids":[123456789012345678],"total":12.5,"tiny":1e-7}'
    const entries = [
      '{"type":"track","event":"Opened","messageId":"message-1","userId":9007199254740993}',
      '{"type":"track","event":"Opened","messageId":"message-2","userId":9007199254740992}',
      `{"type":"track","event":"Paid","messageId":"message-3","userId":"erin","properties":${numbers}}`,
      '{"type":"group","userId":"erin","groupId":12345678901234567891}'
    ]
    await post('/v1/batch', `\u{feff}{"batch":[${entries.join()}]}`)
    const { events, accounts } = heap.environment('US', '12343283')
    expect(events.map(({ user }) => user)).toStrictEqual(['9007199254740993', '9007199254740992', 'erin'])
    expect(events[2].properties).toMatchObject({ order_id: '123456789012345678', total: '12.5' })
    expect(events[2].properties.ids).toMatch(/^\["?123456789012345678"?\]$/)
    expect(accounts.map(({ account_id }) => account_id)).toStrictEqual(['12345678901234567891'])
  })

  it('refuses a list that holds something where a map belongs', async () => {
    await post('/v1/track', track(1, { properties: ['a'] }))
    expect(results[0].runs[0].error?.message).toContain('array')
  })

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
    ['a context that is none', '/v1/batch', { batch: [track(1)], context: 3 }, /^context is not an object\.$/],
    [
      'an event that nests too deep',
      '/v1/track',
      `{"event":"x","userId":"a","properties":{"a":${nested(9_000)}}}`,
      /^The event nests too deep\.$/
    ],
    [
      'a number that is long, in JSON that nests too deep to be read twice',
      '/v1/track',
      `{"event":"x","userId":9007199254740993,"properties":{"a":${nested(20_000)}}}`,
      /^The body nests too deep\.$/
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

  it.each([
    ['no object', '7', 'batch[1] is not an object.'],
    ['null', 'null', 'batch[1] is not an object.'],
    ['a list', '[{"type":"track"}]', 'batch[1] is not an object.'],
    ['of an unknown type', '{"type":"tracks"}', `batch[1] has the type "tracks"; it is one of ${CALLS}.`],
    ['of a type in capitals', '{"type":"Track"}', `batch[1] has the type "Track"; it is one of ${CALLS}.`],
    [
      'of a long type',
      `{"type":"${'t'.repeat(9000)}"}`,
      `batch[1] has the type "${'t'.repeat(100)}…"; it is one of ${CALLS}.`
    ],
    [
      'of a type that is no text',
      '{"type":{"toString":1}}',
      `batch[1] has a type that is no text; it is one of ${CALLS}.`
    ],
    ['of no type', '{"event":"Opened"}', `batch[1] has no type; it is one of ${CALLS}.`],
    [
      'nested too deep',
      `{"type":"track","event":"x","userId":"a","properties":{"a":${nested(9_000)}}}`,
      'batch[1] nests too deep.'
    ]
  ])('drops an entry of a batch that is %s, says so, and takes its neighbours', async (_what, entry, reason) => {
    const body = `{"batch":[${JSON.stringify(track(1))},${entry},${JSON.stringify(track(2))}]}`
    expect(await post('/v1/batch', body)).toStrictEqual({ success: true })
    expect(results.map(({ event, delivered }) => [event.messageId, delivered])).toStrictEqual([
      ['message-1', true],
      ['message-2', true]
    ])
    expect(said).toStrictEqual([`✘ Dropped, as Segment drops it: ${reason}`])
  })

  it('makes a result of every entry of a batch, or says that it is dropped, whatever JSON it is', async () => {
    const anyEvent = fc.record(
      {
        type: fc.constantFrom('track', 'identify', 'page', 'screen', 'group', 'alias'),
        event: fc.jsonValue(),
        userId: fc.jsonValue(),
        anonymousId: fc.jsonValue(),
        messageId: fc.jsonValue(),
        timestamp: fc.jsonValue(),
        properties: fc.jsonValue(),
        traits: fc.jsonValue(),
        context: fc.jsonValue(),
        integrations: fc.jsonValue()
      },
      { requiredKeys: ['type'] }
    )
    const entries = fc.array(fc.oneof(fc.jsonValue(), anyEvent), { maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(entries, fc.option(fc.dictionary(fc.string(), fc.jsonValue())), async (batch, context) => {
        results.length = said.length = 0
        expect(await post('/v1/batch', { batch, context })).toStrictEqual({ success: true })
        expect(results.length + said.length).toBe(batch.length)
      }),
      { numRuns: 60 }
    )
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
    const host = new URL(url()).host
    expect(body).toMatchObject({
      integrations: { 'Segment.io': { apiKey: 'any-key', apiHost: `${host}/v1`, protocol: 'http' } }
    })
    expect(await post('/v1/m', { series: [] })).toStrictEqual({ success: true })
  })

  it('takes what the Node SDK sends', async () => {
    const analytics = new Analytics({ writeKey: 'any', host: url() })
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

  it('shows what the emulator holds', async () => {
    await post('/v1/track', track(1))
    const { body } = await ask('GET', '/heap')
    expect(body).toStrictEqual(JSON.parse(JSON.stringify(heap.snapshot())))
    expect(heap.snapshot()).toHaveLength(1)
  })
})
