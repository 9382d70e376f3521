import { createRequestClient } from '@segment/actions-core'
import nock from 'nock'
import { deliver } from '../deliver'
import type { Delivery } from '../deliver'
import { InvalidPayloadError } from '../rules/invalidPayload'

const request = createRequestClient()
const settings = { appId: '11' }

/** Each payload is its own delivery, or the error that building it ends in. */
function build(payload: Delivery | Error): Delivery {
  if (payload instanceof Error) throw payload
  return payload
}

function profile(identity: string, properties: Record<string, string>): Delivery {
  return { user: { identity, properties } }
}

beforeEach(() => nock.disableNetConnect())
afterAll(() => nock.restore())
afterEach(() => nock.cleanAll())

describe('deliver', () => {
  it('merges what several payloads say of a person, the later winning, and answers for each', async () => {
    let sent: unknown
    nock('https://heapanalytics.com')
      .post('/api/add_user_properties')
      .reply(200, (_uri, body) => {
        sent = body
        return 'updated'
      })
    const payloads = [
      profile('alice', { plan: 'free', city: 'Berlin' }),
      profile('bob', { plan: 'free' }),
      profile('alice', { plan: 'pro' })
    ]
    expect(await deliver(request, { settings, payload: payloads }, build)).toStrictEqual(
      payloads.map((payload) => ({ status: 200, body: { user: 'updated' }, sent: payload }))
    )
    expect(sent).toStrictEqual({
      app_id: '11',
      users: [
        { identity: 'alice', properties: { plan: 'pro', city: 'Berlin' } },
        { identity: 'bob', properties: { plan: 'free' } }
      ]
    })
    expect(payloads[0].user?.properties).toStrictEqual({ plan: 'free', city: 'Berlin' })
  })

  it('sends the neighbours of a payload that is refused', async () => {
    nock('https://heapanalytics.com').post('/api/add_user_properties').reply(200, 'updated')
    const payloads = [new InvalidPayloadError('Identity is missing.'), profile('bob', {})]
    expect(await deliver(request, { settings, payload: payloads }, build)).toStrictEqual([
      { status: 400, problem: { code: 'PAYLOAD_VALIDATION_FAILED', message: 'Identity is missing.' } },
      { status: 200, body: { user: 'updated' }, sent: payloads[1] }
    ])
  })

  it('spares the neighbours of a payload that throws, whatever it throws', async () => {
    nock('https://heapanalytics.com').post('/api/add_user_properties').reply(200, 'updated')
    const payloads = [new TypeError('keep out'), profile('bob', {})]
    expect(await deliver(request, { settings, payload: payloads }, build)).toStrictEqual([
      {
        status: 500,
        problem: {
          code: 'INTERNAL_SERVER_ERROR',
          message: 'The payload could not be turned into what Heap takes (keep out), so it was not sent.'
        }
      },
      { status: 200, body: { user: 'updated' }, sent: payloads[1] }
    ])
  })

  it.each([
    [408, 400, 408],
    [400, 423, 423],
    [400, 429, 429],
    [400, 500, 500],
    [413, 599, 599],
    [501, 400, 501],
    [400, 501, 400],
    [501, 503, 503],
    [200, 400, 400],
    [200, 200, 200]
  ])('has for an event answered %i and a person answered %i the status %i', async (eventStatus, userStatus, status) => {
    nock('https://heapanalytics.com')
      .post('/api/integrations/track')
      .reply(eventStatus, 'event')
      .post('/api/add_user_properties')
      .reply(userStatus, 'user')
    const event = { event: 'Opened', user_identifier: {}, custom_properties: {}, idempotency_key: 'message-1' }
    const payload = [{ event, ...profile('alice', {}) }]
    const [result] = await deliver(request, { settings, payload }, build)
    expect(result).toMatchObject({ status, body: { event: 'event', user: 'user' } })
    expect('problem' in result).toBe(status !== 200)
  })
})
