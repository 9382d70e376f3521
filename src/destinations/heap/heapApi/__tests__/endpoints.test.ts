import { createRequestClient } from '@segment/actions-core'
import nock from 'nock'
import { postEvents, postUsers } from '../endpoints'
import { environmentOf, HOSTS } from '../environment'
import { MAX_ENTRIES } from '../wireTypes'
import type { HeapEvent, HeapUser } from '../wireTypes'

const TRACK = '/api/integrations/track'

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

beforeEach(() => nock.disableNetConnect())
afterAll(() => nock.restore())
afterEach(() => nock.cleanAll())

describe('postEvents', () => {
  it('posts to the host of the region and to no other', async () => {
    const bodies: unknown[] = []
    nock(HOSTS.EU)
      .post(TRACK)
      .reply(200, (_uri, body) => {
        bodies.push(body)
        return 'stored'
      })
    const responses = await postEvents(request, environmentOf({ appId: '11', region: 'EU' }), events)
    expect(responses).toStrictEqual([{ status: 200, body: 'stored' }])
    expect(bodies).toStrictEqual([{ app_id: '11', library: 'server', events }])
  })

  it('puts at most 1000 events in a request', async () => {
    const sizes: number[] = []
    nock(HOSTS.US)
      .post(TRACK)
      .times(3)
      .reply(200, (_uri, body) => {
        sizes.push((body as { events: unknown[] }).events.length)
        return {}
      })
    const many = Array.from({ length: 2 * MAX_ENTRIES + 1 }, (_, number) => eventOf(number))
    const responses = await postEvents(request, environment, many)
    expect(responses).toHaveLength(2001)
    expect(sizes).toStrictEqual([1000, 1000, 1])
  })

  it('posts nothing for nothing', async () => {
    expect(await postEvents(request, environment, [])).toStrictEqual([])
  })
})

describe('postUsers', () => {
  const users: HeapUser[] = [
    { identity: 'alice', properties: { plan: 'pro' } },
    { identity: 'bob', properties: {} }
  ]

  async function bodyOf(sent: HeapUser[]): Promise<unknown> {
    let posted: unknown
    nock(HOSTS.US)
      .post('/api/add_user_properties')
      .reply(200, (_uri, body) => {
        posted = body
        return {}
      })
    const responses = await postUsers(request, environment, sent)
    expect(responses).toHaveLength(sent.length)
    return posted
  }

  it('posts one user in the form for one', async () => {
    expect(await bodyOf([users[0]])).toStrictEqual({ app_id: '11', identity: 'alice', properties: { plan: 'pro' } })
  })

  it('posts many in the form for many', async () => {
    expect(await bodyOf(users)).toStrictEqual({ app_id: '11', users })
  })

  it('keeps the entries of a person in one request', async () => {
    const sizes: number[] = []
    nock(HOSTS.US)
      .post('/api/add_user_properties')
      .twice()
      .reply(200, (_uri, body) => {
        sizes.push((body as { users: unknown[] }).users.length)
        return {}
      })
    const people = Array.from({ length: 1200 }, (_, number) => {
      return { identity: number < 990 ? `user-${number}` : 'alice', properties: { anonymous_id: `anon-${number}` } }
    })
    await postUsers(request, environment, people)
    expect(sizes).toStrictEqual([990, 210])
  })
})
