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
    expect(await deliver(request, settings, payloads, build)).toStrictEqual(
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
    expect(await deliver(request, settings, payloads, build)).toStrictEqual([
      { status: 400, problem: { code: 'PAYLOAD_VALIDATION_FAILED', message: 'Identity is missing.' } },
      { status: 200, body: { user: 'updated' }, sent: payloads[1] }
    ])
  })

  it('hides no mistake of its own', async () => {
    await expect(deliver(request, settings, [new TypeError('bug')], build)).rejects.toThrow(TypeError)
  })
})
