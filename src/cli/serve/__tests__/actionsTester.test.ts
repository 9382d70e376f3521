import { SETTINGS, testServer, track } from './harness'

const { heap, ask, post } = testServer()

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

  it('takes the settings at the root of the body too, as the Tester posts them', async () => {
    expect(await post('/authenticate', SETTINGS)).toStrictEqual({ ok: true })
    expect(await post('/authenticate', { appId: '' })).toMatchObject({ ok: false })
    expect(await post('/authenticate', { region: 'US' })).toMatchObject({
      ok: false,
      fields: { appId: "The root value is missing the required field 'appId'." }
    })
    expect(await post('/authenticate', { ...SETTINGS, apiKey: 'not-the-key' })).toMatchObject({ ok: false })
  })

  it('says that there is no access token to refresh', async () => {
    for (const body of [{ settings: SETTINGS }, SETTINGS, {}, undefined]) {
      expect(await ask('POST', '/refreshAccessToken', body)).toMatchObject({
        status: 400,
        body: { ok: false, error: 'refreshAccessToken is only valid with oauth2 authentication scheme' }
      })
    }
  })

  it('runs an action with the defaults of the fields that the mapping leaves out', async () => {
    const mapping = { event: 'Renamed' }
    expect(await post('/trackEvent', { payload: track(1), settings: SETTINGS })).toStrictEqual([exchange(1)])
    expect(await post('/trackEvent', { payload: track(2), settings: SETTINGS, mapping })).toStrictEqual([
      exchange(2, 'Renamed')
    ])
  })

  it('keeps the digits of every number', async () => {
    const event = '{"type":"track","event":"Opened","messageId":"message-1","userId":9007199254740993}'
    await post('/trackEvent', `{"payload":${event},"settings":${JSON.stringify(SETTINGS)}}`)
    expect(heap.environment('US', '12343283').events).toMatchObject([{ user: '9007199254740993' }])
  })

  it('takes what programs write for nothing', async () => {
    const events = [track(1, { context: null }), track(2, { properties: [] }), track(3, { context: { traits: [] } })]
    for (const payload of events) await post('/trackEvent', { payload, settings: SETTINGS })
    const payload = events.map((event) => ({ ...event, messageId: `${event.messageId}-again` }))
    await post('/trackEvent', { payload, settings: SETTINGS })
    expect(heap.environment('US', '12343283').events).toHaveLength(6)
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
        stack: expect.arrayContaining([
          expect.stringMatching(/^AggregateAjvError/),
          expect.stringMatching(/^ +at /)
        ]) as [],
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

  it('spares the neighbours of an event that the framework throws over, and says of a batch once what is wrong with all', async () => {
    const deep = `"properties":{"deep":${'['.repeat(9_000)}${']'.repeat(9_000)}}`
    const events = [1, 2, 3, 4, 5].map((number) => JSON.stringify(track(number)))
    const payload = events.map((event, index) => (index === 2 ? event.replace('}', `,${deep}}`) : event)).join()
    const answer = await post(
      '/trackEvent?multistatus',
      `{"payload":[${payload}],"settings":${JSON.stringify(SETTINGS)}}`
    )
    expect(answer).toMatchObject({
      multistatus: [
        { status: 200 },
        { status: 200 },
        { errormessage: expect.any(String) as string },
        { status: 200 },
        {}
      ]
    })
    expect(heap.environment('US', '12343283').events.map(({ idempotency_key }) => idempotency_key)).toStrictEqual(
      [1, 2, 4, 5].map((number) => `message-${number}`)
    )
    const wrong = { payload: [track(6), track(7)], settings: SETTINGS, mapping: { event: { '@foo': 1 } } }
    expect(await post('/trackEvent', wrong)).toHaveLength(1)
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
    for (const body of ['{', 'event=x', '\0']) {
      expect(await ask('POST', '/trackEvent', body)).toMatchObject({
        status: 400,
        body: { error: expect.stringContaining('The request cannot be read: the body is not JSON') as string }
      })
    }
    for (const path of ['/trackEvent', '/authenticate', '/refreshAccessToken', '/delete']) {
      for (const body of ['null', '7', '"text"', '[]']) {
        expect(await ask('POST', path, body)).toMatchObject({
          status: 400,
          body: { error: 'The request cannot be read: the body is not an object' }
        })
      }
    }
    expect(await ask('GET', '/%ff')).toMatchObject({ status: 400 })
    expect(await ask('POST', '/trackEvent', `"${'x'.repeat(33 * 1024 * 1024)}"`)).toMatchObject({ status: 413 })
  })
})

/** The contract of `serve` as the end-to-end tests in action-destinations ask for it. */
describe('the tests that others wrote for actions-cli', () => {
  const mapping = {
    message_id: { '@path': '$.messageId' },
    identity: { '@path': '$.userId' },
    event: { '@path': '$.event' },
    properties: { '@path': '$.properties' }
  }
  const calls = [
    { type: 'track', event: 'Test Event', messageId: 'msg-e2e-track', userId: 'user-1' },
    { type: 'page', name: 'Home', messageId: 'msg-e2e-page', userId: 'user-1' },
    { type: 'screen', name: 'Dashboard', messageId: 'msg-e2e-screen', userId: 'user-1' }
  ]

  it.each(calls)('get a list for one event: %j', async (payload) => {
    const answer = await post('/trackEvent', {
      payload,
      settings: SETTINGS,
      mapping: { ...mapping, type: payload.type }
    })
    expect(answer).toMatchObject([{ response: { statusCode: 200 } }])
  })

  it('get a list for one event of the other actions', async () => {
    const identify = {
      type: 'identify',
      messageId: 'msg-e2e-identify',
      userId: 'user-1',
      traits: { name: 'Test User' }
    }
    const group = { type: 'group', groupId: 'group-1', messageId: 'msg-e2e-group', userId: 'user-1' }
    expect(await post('/identifyUser', { payload: identify, settings: SETTINGS })).toHaveLength(1)
    expect(Array.isArray(await post('/updateAccount', { payload: group, settings: SETTINGS }))).toBe(true)
  })

  it('get a list for a batch of mixed calls, with and without batching and its size', async () => {
    for (const more of [{}, { enable_batching: false }, { enable_batching: true, batch_size: 100 }]) {
      const answer = await post('/trackEvent', { payload: calls, settings: SETTINGS, mapping: { ...mapping, ...more } })
      expect(answer).toMatchObject([{ response: { statusCode: 200 } }])
    }
  })

  it.each([
    ['a field that is required', { ...mapping, message_id: { '@path': '$.nothing' } }, 'message_id'],
    ['a field of the wrong type', { ...mapping, properties: 'text' }, 'Event Properties'],
    ['a time that is none', { ...mapping, timestamp: 'yesterday' }, 'Timestamp']
  ])('get the name or value of %s in the message, with status 200', async (_what, wrong, named) => {
    const answer = await post('/trackEvent', { payload: calls[0], settings: SETTINGS, mapping: wrong })
    expect(answer).toMatchObject([{ message: expect.stringContaining(named) as string, requestError: true }])
  })

  it('get the status and the stack of an error, a line each', async () => {
    const [error] = (await post('/trackEvent', { payload: calls[0], settings: {} })) as [{ stack: string[] }]
    expect(error).toMatchObject({ statusCode: 400, message: expect.stringContaining('App ID') as string })
    expect(error.stack.length).toBeGreaterThan(1)
    for (const line of error.stack) expect(line).not.toContain('\n')
  })
})
