import { createTestIntegration } from '@segment/actions-core'
import type { SegmentEvent } from '@segment/actions-core'
import nock from 'nock'
import Heap from '..'

const HOST = 'https://heapanalytics.com'
const TRACK = '/api/integrations/track'
const PROFILE = '/api/add_user_properties'

const alice: SegmentEvent = {
  type: 'track',
  event: 'Signed Up',
  messageId: 'message-0001',
  timestamp: '2026-11-23T10:00:00.000Z',
  userId: 'alice@example.com',
  anonymousId: 'anon-1',
  context: { traits: { plan: 'free', city: 'Berlin' } }
}
const nobody: SegmentEvent = { ...alice, messageId: 'message-0002', userId: null, anonymousId: null }
const upgraded: SegmentEvent = {
  ...alice,
  event: 'Upgraded',
  messageId: 'message-0003',
  context: { traits: { plan: 'pro' } }
}
const nameless: SegmentEvent = { ...alice, messageId: undefined }
const bob: SegmentEvent = {
  ...alice,
  messageId: 'message-0005',
  userId: null,
  anonymousId: 'anon-2',
  context: {}
}

const NOBODY =
  'Identity and Anonymous ID are both missing, so Heap cannot tell whose event this is. Map at least one of them.'

function heapEvent(event: string, messageId: string, user_identifier: Record<string, string>) {
  return {
    event,
    user_identifier,
    custom_properties: { segment_library: 'cloud-mode-destination' },
    idempotency_key: messageId,
    timestamp: '2026-11-23T10:00:00.000Z'
  }
}

const person = { identity: 'alice@example.com', anonymous_id: 'anon-1' }
const sent = {
  alice: {
    event: heapEvent('Signed Up', 'message-0001', person),
    user: { identity: 'alice@example.com', properties: { plan: 'free', city: 'Berlin', anonymous_id: 'anon-1' } }
  },
  upgraded: {
    event: heapEvent('Upgraded', 'message-0003', person),
    user: { identity: 'alice@example.com', properties: { plan: 'pro', anonymous_id: 'anon-1' } }
  },
  bob: { event: heapEvent('Signed Up', 'message-0005', { anonymous_id: 'anon-2' }) }
}

async function sendBatch(action: string, events: SegmentEvent[]) {
  const integration = createTestIntegration(Heap)
  await integration.testBatchAction(action, { events, settings: { appId: '11' }, useDefaultMappings: true })
  return integration.results[0].multistatus
}

beforeEach(() => nock.disableNetConnect())
afterAll(() => nock.restore())
afterEach(() => nock.cleanAll())

describe('a batch', () => {
  it('is two requests, and an answer for each event at its own place', async () => {
    const bodies: unknown[] = []
    const keep = (answer: string) => (_uri: string, body: unknown) => {
      bodies.push(body)
      return answer
    }
    nock(HOST).post(TRACK).reply(200, keep('stored')).post(PROFILE).reply(200, keep('updated'))

    expect(await sendBatch('trackEvent', [alice, nobody, upgraded, nameless, bob])).toStrictEqual([
      { status: 200, body: { event: 'stored', user: 'updated' }, sent: sent.alice },
      {
        status: 400,
        errortype: 'PAYLOAD_VALIDATION_FAILED',
        errormessage: NOBODY,
        errorreporter: 'INTEGRATIONS'
      },
      { status: 200, body: { event: 'stored', user: 'updated' }, sent: sent.upgraded },
      {
        status: 400,
        errortype: 'PAYLOAD_VALIDATION_FAILED',
        errormessage: "The root value is missing the required field 'message_id'.",
        errorreporter: 'INTEGRATIONS'
      },
      { status: 200, body: { event: 'stored' }, sent: sent.bob }
    ])
    expect(bodies).toStrictEqual([
      { app_id: '11', library: 'server', events: [sent.alice.event, sent.upgraded.event, sent.bob.event] },
      {
        app_id: '11',
        identity: 'alice@example.com',
        properties: { plan: 'pro', city: 'Berlin', anonymous_id: 'anon-1' }
      }
    ])
  })

  it('says of each event what Heap said, and where the error came from', async () => {
    nock(HOST).post(TRACK).reply(200, 'stored').post(PROFILE).reply(429, 'slow down')
    expect(await sendBatch('trackEvent', [alice, bob])).toStrictEqual([
      {
        status: 429,
        errortype: 'TOO_MANY_REQUESTS',
        errormessage: 'The event was stored. The user properties were not updated: Heap answered 429: slow down.',
        errorreporter: 'DESTINATION',
        body: { event: 'stored', user: 'slow down' },
        sent: sent.alice
      },
      { status: 200, body: { event: 'stored' }, sent: sent.bob }
    ])
  })

  it('of identify calls is one request with an entry for each person', async () => {
    let body: unknown
    nock(HOST)
      .post(PROFILE)
      .reply(200, (_uri, posted) => {
        body = posted
        return 'updated'
      })
    const identify = (userId: string | null, traits: Record<string, string>) => ({
      type: 'identify' as const,
      userId,
      anonymousId: null,
      traits
    })
    const responses = await sendBatch('identifyUser', [
      identify('alice', { plan: 'free', city: 'Berlin' }),
      identify(null, { plan: 'free' }),
      identify('bob', {}),
      identify('alice', { plan: 'pro' })
    ])
    expect(responses?.map(({ status }) => status)).toStrictEqual([200, 400, 200, 200])
    expect(responses?.[1]).toMatchObject({ errormessage: expect.stringMatching(/^Identity is missing/) as string })
    expect(body).toStrictEqual({
      app_id: '11',
      users: [
        { identity: 'alice', properties: { plan: 'pro', city: 'Berlin' } },
        { identity: 'bob', properties: {} }
      ]
    })
  })

  it('sends nothing at all where the settings name no environment', async () => {
    const integration = createTestIntegration(Heap)
    const settings = { appId: '11', region: 'APAC' as 'US' }
    await expect(
      integration.testBatchAction('trackEvent', { events: [alice], settings, useDefaultMappings: true })
    ).rejects.toMatchObject({ status: 400, message: expect.stringMatching(/^Data Region "APAC" is unknown/) as string })
  })
})
