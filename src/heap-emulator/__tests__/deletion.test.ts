import { HeapEmulator } from '..'
import type { HeapResponse } from '..'
import { APP_ID, send } from './requests'

const TOKEN = '/api/public/v0/auth_token'
const DELETION = '/api/public/v0/user_deletion'
const STATUS = '/api/public/v0/deletion_status/'
const API_KEY = 'key:with-a-colon'
const US = 'heapanalytics.com'

let now: number
let heap: HeapEmulator
beforeEach(() => {
  now = 1000
  heap = new HeapEmulator({ now: () => now, apiKeys: { [APP_ID]: API_KEY } })
})

async function call(method: string, path: string, authorization?: string, body?: unknown, host = US) {
  const headers = { 'content-type': 'application/json', ...(authorization && { Authorization: authorization }) }
  const text = body === undefined ? '' : JSON.stringify(body)
  const { status, body: answered } = (await heap.handle({ host, method, path, headers, body: text })) as HeapResponse
  return { status, body: JSON.parse(answered) as Record<string, string> }
}

const basic = (appId: string, key: string) => `Basic ${Buffer.from(`${appId}:${key}`).toString('base64')}`

async function token(): Promise<string> {
  const { status, body } = await call('POST', TOKEN, basic(APP_ID, API_KEY))
  expect(status).toBe(200)
  return `Bearer ${body.access_token}`
}

describe('the deletion API', () => {
  it.each([
    ['a wrong key', basic(APP_ID, 'wrong')],
    ['an App ID without a key', basic('99', API_KEY)],
    ['an App ID that is a word of the language', basic('constructor', '')],
    ['no credentials', undefined],
    ['a bearer', `Bearer ${API_KEY}`]
  ])('gives no token for %s', async (_what, authorization) => {
    expect(await call('POST', TOKEN, authorization)).toStrictEqual({
      status: 401,
      body: { error: 'the App ID and the API key do not belong together' }
    })
  })

  it('takes a request, tells what became of it, and deletes the person and their events', async () => {
    await send(heap, '/api/integrations/track', {
      app_id: APP_ID,
      library: 'server',
      events: [
        { event: 'A', user_identifier: { identity: 'alice' } },
        { event: 'B', user_identifier: { anonymous_id: 'anon-1' } },
        { event: 'C', user_identifier: { user_id: '7' } },
        { event: 'D', user_identifier: { identity: 'bob' } },
        { event: 'E', user_identifier: { user_id: '8' } }
      ]
    })
    const joined = { app_id: APP_ID, identity: 'alice', properties: { anonymous_id: 'anon-1' } }
    await send(heap, '/api/add_user_properties', joined)
    await send(heap, '/api/v1/identify', { app_id: APP_ID, user_id: '7', identity: 'alice' })

    const bearer = await token()
    const users = [{ identity: 'alice' }, { user_id: '8' }]
    const { status, body } = await call('POST', DELETION, bearer, { users })
    const { deletion_request_id } = body
    expect({ status, body }).toStrictEqual({
      status: 201,
      body: { deletion_request_id, status: 'pending', deletion_request_location: `${STATUS}${deletion_request_id}` }
    })
    expect(await call('GET', STATUS + deletion_request_id, bearer)).toStrictEqual({
      status: 200,
      body: { deletion_request_id, status: 'pending' }
    })
    expect(heap.environment('US', APP_ID).events).toHaveLength(5)

    heap.completeDeletions()
    heap.completeDeletions()
    expect(await call('GET', STATUS + deletion_request_id, bearer)).toStrictEqual({
      status: 200,
      body: { deletion_request_id, status: 'complete' }
    })
    const { events, users: left } = heap.environment('US', APP_ID)
    expect(events.map(({ event }) => event)).toStrictEqual(['D'])
    expect(left.map(({ identity }) => identity)).toStrictEqual(['bob'])
    expect(heap.deletions).toStrictEqual([{ deletion_request_id, app_id: APP_ID, users, status: 'complete' }])
  })

  it('takes a token for five minutes', async () => {
    const bearer = await token()
    const users = [{ identity: 'alice' }]
    now += 5 * 60 * 1000 - 1
    expect((await call('POST', DELETION, bearer, { users })).status).toBe(201)
    now += 1
    expect(await call('POST', DELETION, bearer, { users })).toStrictEqual({
      status: 401,
      body: { error: 'the access token is missing, wrong or past' }
    })
    expect((await call('POST', DELETION, undefined, { users })).status).toBe(401)
    expect((await call('GET', `${STATUS}x`, bearer)).status).toBe(401)
  })

  it('takes up to 10,000 users', async () => {
    const bearer = await token()
    const many = (count: number) => ({
      users: Array.from({ length: count }, (_, index) => ({ identity: `u-${index}` }))
    })
    expect((await call('POST', DELETION, bearer, many(10_000))).status).toBe(201)
    expect(await call('POST', DELETION, bearer, many(10_001))).toStrictEqual({
      status: 400,
      body: { error: 'users has 10001 entries; it must have 1 to 10000' }
    })
  })

  it.each<[unknown, string]>([
    [undefined, 'the body is a string; it must be a JSON object'],
    [{ users: [] }, 'users has 0 entries; it must have 1 to 10000'],
    [{ users: [{}] }, 'users[0] must have exactly one of identity and user_id'],
    [{ users: [{ identity: 'a', user_id: '1' }] }, 'users[0] must have exactly one of identity and user_id'],
    [
      { users: [{ email: 'a' }] },
      'users[0].email is not a key that Heap documents; the keys here are identity, user_id'
    ]
  ])('refuses the body %j', async (body, error) => {
    expect(await call('POST', DELETION, await token(), body)).toStrictEqual({ status: 400, body: { error } })
    expect(heap.deletions).toStrictEqual([])
  })

  it('knows no other place, method or host', async () => {
    const bearer = await token()
    expect((await call('POST', '/api/public/v0/other', bearer)).status).toBe(404)
    expect((await call('GET', TOKEN, bearer)).status).toBe(405)
    expect((await call('POST', `${STATUS}x`, bearer)).body.error).toBe('POST is not allowed here; send a GET')
    expect((await call('GET', `${STATUS}x`, bearer)).body.error).toBe('there is no such deletion request')
    expect((await call('POST', TOKEN, basic(APP_ID, API_KEY), undefined, 'c.eu.heap-api.com')).status).toBe(404)
  })

  it('fails when it is told to, and logs neither key nor token', async () => {
    heap.failNext({ status: 500 }, 1, TOKEN)
    expect((await call('POST', TOKEN, basic(APP_ID, API_KEY))).status).toBe(500)
    const bearer = await token()
    await call('POST', DELETION, bearer, { users: [{ identity: 'alice' }] })
    const log = JSON.stringify(heap.requests)
    expect(log).not.toContain(API_KEY)
    expect(log).not.toContain(bearer.slice('Bearer '.length))
  })
})
