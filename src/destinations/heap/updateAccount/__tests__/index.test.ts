import { createTestIntegration } from '@segment/actions-core'
import type { SegmentEvent } from '@segment/actions-core'
import nock from 'nock'
import Heap from '../..'

const HOST = 'https://heapanalytics.com'
const ACCOUNT = '/api/add_account_properties'
const PROFILE = '/api/add_user_properties'

const settings = { appId: '11' }
const event: SegmentEvent = {
  type: 'group',
  groupId: 'acme',
  userId: 'alice@example.com',
  traits: { name: 'Acme', address: { city: 'Berlin' }, tags: ['a', 'b'], id: 7 }
}
const properties = { name: 'Acme', 'address.city': 'Berlin', tags: '["a","b"]', id: '7' }

function send(changes: Partial<SegmentEvent>, mapping: Record<string, string> = {}) {
  return createTestIntegration(Heap).testAction('updateAccount', {
    event: { ...event, ...changes },
    settings,
    mapping,
    useDefaultMappings: true
  })
}

/** Gives the bodies that Heap got, by path. */
async function bodiesOf(act: () => Promise<unknown>) {
  const bodies: Record<string, unknown> = {}
  for (const path of [ACCOUNT, PROFILE]) {
    nock(HOST)
      .post(path)
      .reply(200, (_uri, body) => {
        bodies[path] = body
        return {}
      })
  }
  await act()
  return bodies
}

beforeEach(() => nock.disableNetConnect())
afterAll(() => nock.restore())
afterEach(() => nock.cleanAll())

describe('updateAccount', () => {
  it('sets the account’s properties, and makes the person belong to it', async () => {
    expect(await bodiesOf(() => send({}))).toStrictEqual({
      [ACCOUNT]: { app_id: '11', account_id: 'acme', properties },
      [PROFILE]: { app_id: '11', identity: 'alice@example.com', properties: { account_id: 'acme' } }
    })
  })

  it('names the account in the user property that the customer chose', async () => {
    const bodies = await bodiesOf(() => send({}, { account_id_property: ' Company ID ' }))
    expect(bodies[PROFILE]).toStrictEqual({
      app_id: '11',
      identity: 'alice@example.com',
      properties: { 'Company ID': 'acme' }
    })
  })

  it('names it account_id where the customer left that empty', async () => {
    const bodies = await bodiesOf(() => send({}, { account_id_property: ' ' }))
    expect(bodies[PROFILE]).toMatchObject({ properties: { account_id: 'acme' } })
  })

  it.each([null, ' ', 'undefined', '0'])('leaves people alone when the identity is %j', async (userId) => {
    expect(await bodiesOf(() => send({ userId }))).toStrictEqual({
      [ACCOUNT]: { app_id: '11', account_id: 'acme', properties }
    })
  })

  it('flattens lists where the customer asks for it', async () => {
    const bodies = await bodiesOf(() => send({ userId: null }, { nested_properties_mode: 'flatten' }))
    expect(bodies[ACCOUNT]).toStrictEqual({
      app_id: '11',
      account_id: 'acme',
      properties: { name: 'Acme', 'address.city': 'Berlin', 'tags.0': 'a', 'tags.1': 'b', id: '7' }
    })
  })

  it('makes an account known that has no properties', async () => {
    expect(await bodiesOf(() => send({ traits: undefined, userId: null }))).toStrictEqual({
      [ACCOUNT]: { app_id: '11', account_id: 'acme', properties: {} }
    })
  })

  it.each<[string, Partial<SegmentEvent>, string]>([
    ['no account ID', { groupId: undefined }, "missing the required field 'account_id'"],
    ['a blank account ID', { groupId: ' ' }, 'Account ID is missing'],
    ['a placeholder', { groupId: 'null' }, 'Account ID is "null", a placeholder that names no account'],
    [
      'a too long account ID',
      { groupId: 'a'.repeat(1024) },
      'Account ID is 1024 characters long; Heap accepts at most 1023.'
    ],
    ['a too long identity', { userId: 'a'.repeat(256) }, 'Identity is 256 characters long; Heap accepts at most 255.']
  ])('refuses %s', async (_what, changes, message) => {
    await expect(send(changes)).rejects.toThrow(message)
  })

  it('says which part was stored when Heap fails', async () => {
    nock(HOST).post(ACCOUNT).reply(200).post(PROFILE).reply(429, 'slow down')
    await expect(send({})).rejects.toMatchObject({
      status: 429,
      message:
        'The account properties were updated. The user properties were not updated: Heap answered 429: slow down.'
    })
  })

  it('sends a batch as one request with an entry for each account', async () => {
    const events: SegmentEvent[] = [
      { ...event, traits: { plan: 'free', seats: 5 } },
      { ...event, groupId: 'umbrella', userId: 'bob', traits: {} },
      { ...event, traits: { plan: 'pro' } }
    ]
    const integration = createTestIntegration(Heap)
    const bodies = await bodiesOf(() =>
      integration.testBatchAction('updateAccount', { events, settings, useDefaultMappings: true })
    )
    expect(integration.results[0].multistatus?.map(({ status }) => status)).toStrictEqual([200, 200, 200])
    expect(bodies).toStrictEqual({
      [ACCOUNT]: {
        app_id: '11',
        accounts: [
          { account_id: 'acme', properties: { plan: 'pro', seats: '5' } },
          { account_id: 'umbrella', properties: {} }
        ]
      },
      [PROFILE]: {
        app_id: '11',
        users: [
          { identity: 'alice@example.com', properties: { account_id: 'acme' } },
          { identity: 'bob', properties: { account_id: 'umbrella' } }
        ]
      }
    })
  })
})
