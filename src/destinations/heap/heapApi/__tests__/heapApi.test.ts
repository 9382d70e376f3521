import { createRequestClient, IntegrationError } from '@segment/actions-core'
import nock from 'nock'
import type { Settings } from '../../generated-types'
import { environmentOf, MAX_ENTRIES, postEvents, postUsers } from '..'
import type { HeapEvent, HeapUser } from '..'

const TRACK = '/api/integrations/track'
const US = 'https://heapanalytics.com'
const EU = 'https://c.eu.heap-api.com'

const environment = environmentOf({ appId: '11' })
const request = createRequestClient()

function eventOf(number: number): HeapEvent {
  return {
    event: 'Signed Up',
    user_identifier: { anonymous_id: 'anon-1' },
    custom_properties: {},
    idempotency_key: `message-${number}`
  }
}

const events = [eventOf(1)]

async function answerOf(client = request) {
  const answers = await postEvents(client, environment, events)
  return answers.get(events[0])
}

beforeEach(() => nock.disableNetConnect())
afterAll(() => nock.restore())
afterEach(() => {
  nock.abortPendingRequests()
  nock.cleanAll()
})

describe('environmentOf', () => {
  it.each<[string, Settings, object]>([
    ['the US without a region', { appId: '11' }, { host: US, appId: '11' }],
    ['the US', { appId: '11', region: 'US' }, { host: US, appId: '11' }],
    ['the EU', { appId: ' 12343283\n', region: 'EU' }, { host: EU, appId: '12343283' }]
  ])('finds %s', (_where, settings, expected) => {
    expect(environmentOf(settings)).toStrictEqual(expected)
  })

  it.each(['', '  ', 'my-app', '12a', '1.5', '-1', undefined, null])('refuses the App ID %j', (appId) => {
    const settings = { appId } as Settings
    expect(() => environmentOf(settings)).toThrow(IntegrationError)
    expect(() => environmentOf(settings)).toThrow(
      `App ID "${(appId ?? '').trim()}" is not a Heap environment ID, which is a number such as 12343283.`
    )
  })

  it.each(['', 'eu', 'APAC', null])('never guesses where the region is %j', (region) => {
    const settings = { appId: '11', region } as Settings
    expect(() => environmentOf(settings)).toThrow(IntegrationError)
    expect(() => environmentOf(settings)).toThrow(`Data Region "${region}" is unknown, so nothing was sent.`)
  })
})

describe('postEvents', () => {
  it('posts to the host of the region and to no other', async () => {
    const bodies: unknown[] = []
    nock(EU)
      .post(TRACK)
      .reply(200, (_uri, body) => {
        bodies.push(body)
        return 'stored'
      })
    const answers = await postEvents(request, environmentOf({ appId: '11', region: 'EU' }), events)
    expect([...answers.values()]).toStrictEqual([{ status: 200, body: 'stored' }])
    expect(bodies).toStrictEqual([{ app_id: '11', library: 'server', events }])
  })

  it('puts at most 1000 events in a request', async () => {
    const sizes: number[] = []
    nock(US)
      .post(TRACK)
      .times(3)
      .reply(200, (_uri, body) => {
        sizes.push((body as { events: unknown[] }).events.length)
        return {}
      })
    const many = Array.from({ length: 2 * MAX_ENTRIES + 1 }, (_, number) => eventOf(number))
    const answers = await postEvents(request, environment, many)
    expect(answers.size).toBe(2001)
    expect(sizes).toStrictEqual([1000, 1000, 1])
  })

  it('posts nothing for nothing', async () => {
    expect(await postEvents(request, environment, [])).toStrictEqual(new Map())
  })

  it.each([
    [400, 'BAD_REQUEST'],
    [401, 'UNAUTHORIZED'],
    [429, 'TOO_MANY_REQUESTS'],
    [500, 'INTERNAL_SERVER_ERROR'],
    [599, 'UNKNOWN_ERROR']
  ])('keeps the status %i and the words of Heap', async (status, code) => {
    nock(US).post(TRACK).reply(status, ' too\n much ')
    expect(await answerOf()).toStrictEqual({
      status,
      body: ' too\n much ',
      problem: { code, message: `Heap answered ${status}: too much` }
    })
  })

  it('shortens a long answer for the person who reads it', async () => {
    nock(US).post(TRACK).reply(400, 'x'.repeat(100_000))
    const answer = await answerOf()
    expect(answer?.problem?.message).toBe(`Heap answered 400: ${'x'.repeat(300)}…`)
  })

  it('gives the name of the status instead of a page of HTML', async () => {
    nock(US).post(TRACK).reply(502, '\n<html><body>nginx</body></html>')
    expect((await answerOf())?.problem?.message).toBe('Heap answered 502: Bad Gateway')
  })

  it('follows no redirect: it would take personal data to a host that nobody chose', async () => {
    const elsewhere = nock('https://elsewhere.example').post(TRACK).reply(200)
    nock(US)
      .post(TRACK)
      .reply(307, '', { location: `https://elsewhere.example${TRACK}` })
    expect(await answerOf()).toMatchObject({
      status: 307,
      problem: { message: 'Heap answered 307: Temporary Redirect' }
    })
    expect(elsewhere.isDone()).toBe(false)
  })

  it('asks for a retry when the connection drops', async () => {
    nock(US)
      .post(TRACK)
      .replyWithError(Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }))
    expect(await answerOf()).toStrictEqual({
      status: 503,
      body: '',
      problem: {
        code: 'RETRYABLE_ERROR',
        message: `Heap could not be reached (request to ${US}${TRACK} failed, reason: socket hang up)`
      }
    })
  })

  it('asks for a retry when Heap does not answer in time', async () => {
    nock(US).post(TRACK).delayConnection(5000).reply(200)
    const impatient: typeof request = (url, options) => request(url, { ...options, timeout: 20 })
    expect(await answerOf(impatient)).toStrictEqual({
      status: 408,
      body: '',
      problem: { code: 'REQUEST_TIMEOUT', message: 'Heap did not answer in time (Request timed out after 20ms)' }
    })
  })

  it('asks for a retry when Segment gives up waiting', async () => {
    nock(US).post(TRACK).delayConnection(5000).reply(200)
    const limited = createRequestClient({ signal: AbortSignal.timeout(20) })
    expect(await answerOf(limited)).toMatchObject({ status: 408, problem: { code: 'REQUEST_TIMEOUT' } })
  })

  it('asks for a retry when the request fails in a way nobody knows', async () => {
    const broken: typeof request = () => Promise.reject('out of order') // eslint-disable-line @typescript-eslint/prefer-promise-reject-errors -- other people's code may
    expect(await answerOf(broken)).toMatchObject({
      status: 503,
      problem: { code: 'RETRYABLE_ERROR', message: 'Heap could not be reached (out of order)' }
    })
  })
})

describe('postUsers', () => {
  const users: HeapUser[] = [
    { identity: 'alice', properties: { plan: 'pro' } },
    { identity: 'bob', properties: {} }
  ]

  async function bodyOf(sent: HeapUser[]): Promise<unknown> {
    let posted: unknown
    nock(US)
      .post('/api/add_user_properties')
      .reply(200, (_uri, body) => {
        posted = body
        return {}
      })
    const answers = await postUsers(request, environment, sent)
    expect([...answers.keys()]).toStrictEqual(sent)
    return posted
  }

  it('posts one user in the form for one', async () => {
    expect(await bodyOf([users[0]])).toStrictEqual({ app_id: '11', identity: 'alice', properties: { plan: 'pro' } })
  })

  it('posts many in the form for many', async () => {
    expect(await bodyOf(users)).toStrictEqual({ app_id: '11', users })
  })
})
