import { Destination } from '@segment/actions-core'
import type { JSONObject } from '@segment/actions-core'
import nock from 'nock'
import Heap from '../..'

const HOST = 'https://heapanalytics.com'
const TOKEN = '/api/public/v0/auth_token'
const DELETION = '/api/public/v0/user_deletion'
const API_KEY = 'secret-api-key'
const ACCESS_TOKEN = 'secret-access-token'
const CONFIRMED = { deletion_request_id: 'd-1', status: 'pending', deletion_request_location: '/d-1' }

const destination = new Destination(Heap)
const settings: JSONObject = { appId: '11', apiKey: API_KEY }

function onDelete(userId: string | null, changes: JSONObject = {}) {
  const event = { type: 'delete' as const, userId, anonymousId: 'anon-1' }
  return destination.onDelete?.(event, { ...settings, ...changes })
}

function heap() {
  return nock(HOST)
}

function withToken() {
  return heap().post(TOKEN).basicAuth({ user: '11', pass: API_KEY }).reply(200, { access_token: ACCESS_TOKEN })
}

/** The error that an act ends in, as text: no secret may be in it. */
async function errorOf(act: Promise<unknown> | undefined): Promise<Error & { status?: number; code?: string }> {
  const error = (await act?.then(() => undefined).catch((caught: unknown) => caught)) as Error
  const text = `${JSON.stringify(error)} ${error.message} ${error.stack}`
  expect(text).not.toContain(API_KEY)
  expect(text).not.toContain(ACCESS_TOKEN)
  expect(text).not.toContain(Buffer.from(`11:${API_KEY}`).toString('base64'))
  return error
}

beforeEach(() => nock.disableNetConnect())
afterAll(() => nock.restore())
afterEach(() => nock.cleanAll())

describe('onDelete', () => {
  it.each(['US', 'EU'])('asks Heap to delete the person, with a token (%s)', async (region) => {
    withToken()
    let body: unknown
    heap()
      .post(DELETION)
      .matchHeader('authorization', `Bearer ${ACCESS_TOKEN}`)
      .reply(201, (_uri, posted) => {
        body = posted
        return CONFIRMED
      })
    expect(await onDelete(' alice@example.com ', { region })).toStrictEqual({
      status: 201,
      body: JSON.stringify(CONFIRMED)
    })
    expect(body).toStrictEqual({ users: [{ identity: 'alice@example.com' }] })
  })

  it.each<[string, string | null, JSONObject, string]>([
    [
      'no API key',
      'alice',
      { apiKey: '' },
      'API Key is missing, and Heap deletes nobody without it. Fill in the API Key'
    ],
    ['a blank API key', 'alice', { apiKey: '  ' }, 'API Key is missing'],
    ['no userId', null, {}, 'The deletion request has no userId, and Heap deletes by identity only.'],
    ['a placeholder', 'null', {}, 'Identity is "null", a placeholder that names nobody'],
    ['a too long identity', 'a'.repeat(256), {}, 'Identity is 256 characters long; Heap accepts at most 255.'],
    ['no App ID', 'alice', { appId: 'my-app' }, 'App ID is not a Heap environment ID']
  ])('refuses %s before anything is sent', async (_what, userId, changes, message) => {
    const error = await errorOf(onDelete(userId, changes))
    expect(error.message).toContain(message)
    expect(error.status).toBe(400)
  })

  it.each([TOKEN, DELETION])('says that the credentials are wrong when %s answers 401', async (path) => {
    if (path === DELETION) withToken()
    heap().post(path).reply(401, `no: ${API_KEY} ${ACCESS_TOKEN}`)
    const error = await errorOf(onDelete('alice'))
    expect(error).toMatchObject({ name: 'InvalidAuthenticationError', status: 401, code: 'INVALID_AUTHENTICATION' })
    expect(error.message).toMatch(/^Heap does not accept this App ID and API Key\./)
  })

  it('keeps Heap’s status, without the key, when there is no token', async () => {
    heap().post(TOKEN).reply(500, `broken by ${API_KEY}`)
    expect(await errorOf(onDelete('alice'))).toMatchObject({
      status: 500,
      message: 'Heap gave no access to the deletion API: Heap answered 500: broken by <redacted>'
    })
  })

  it.each([
    ['where it is cut', API_KEY, `${'x'.repeat(287)} ${API_KEY} is bad`, 'secr'],
    ['as JSON', 'my"secret\\', JSON.stringify({ wrong: 'my"secret\\' }), 'secr']
  ])('shows no part of a key that Heap repeats %s', async (_where, apiKey, body, part) => {
    heap().post(TOKEN).reply(400, body)
    const { message } = await errorOf(onDelete('alice', { apiKey }))
    expect(message).toContain('Heap gave no access to the deletion API: Heap answered 400: ')
    expect(message).not.toContain(part)
  })

  it('keeps Heap’s status, without the token, when the deletion is refused', async () => {
    withToken()
    heap().post(DELETION).reply(429, `Bearer ${ACCESS_TOKEN} is too fast`)
    expect(await errorOf(onDelete('alice'))).toMatchObject({
      status: 429,
      code: 'TOO_MANY_REQUESTS',
      message: 'Heap did not accept the deletion: Heap answered 429: Bearer <redacted> is too fast'
    })
  })

  it.each(['not JSON', '{}', '{"access_token": ""}', '{"access_token": 7}'])(
    'asks for a retry when the answer holds no token: %s',
    async (body) => {
      heap().post(TOKEN).reply(200, body)
      expect(await errorOf(onDelete('alice'))).toMatchObject({ status: 502, code: 'BAD_GATEWAY' })
    }
  )
})

describe('testAuthentication', () => {
  it('takes an App ID alone, and asks nobody', async () => {
    await expect(destination.testAuthentication({ appId: '11' })).resolves.toBeUndefined()
  })

  it('asks Heap whether the App ID and the API key belong together', async () => {
    const asked = withToken()
    await expect(destination.testAuthentication({ appId: '11', apiKey: API_KEY })).resolves.toBeUndefined()
    expect(asked.isDone()).toBe(true)
  })

  it('says where to find an App ID that is a number', async () => {
    const error = await errorOf(destination.testAuthentication({ appId: 'my-app' }))
    expect(error.message).toContain('App ID is not a Heap environment ID')
    expect(error.message).toContain('Account > Manage > Projects')
  })

  it('finds a wrong pair when the settings are saved', async () => {
    heap().post(TOKEN).reply(401)
    const error = await errorOf(destination.testAuthentication({ appId: '11', apiKey: API_KEY }))
    expect(error.message).toContain('Heap does not accept this App ID and API Key.')
  })
})
