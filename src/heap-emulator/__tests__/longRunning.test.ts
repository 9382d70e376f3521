import { createRequire } from 'node:module'
import { createRequestClient } from '@segment/actions-core'
import nock from 'nock'
import { HeapEmulator, interceptHeap } from '..'
import type { HeapResponse } from '..'
import { ADD_USER_PROPERTIES, APP_ID, event, events, INTEGRATIONS_TRACK, request, send, user } from './requests'

describe('an emulator that is told what to keep', () => {
  let heap: HeapEmulator
  beforeEach(() => {
    heap = new HeapEmulator({ keep: 3, keepRequests: 2 })
  })
  const held = () => heap.environment('US', APP_ID)
  const track = (number: number, more: object = {}) =>
    send(heap, INTEGRATIONS_TRACK, events(event({ idempotency_key: `message-${number}`, ...more })))

  it('holds the latest events, at every moment', async () => {
    for (let number = 1; number <= 20; number++) {
      await track(number)
      const latest = [number - 2, number - 1, number].filter((kept) => kept >= 1)
      expect(held().events.map(({ idempotency_key }) => idempotency_key)).toEqual(
        latest.map((kept) => `message-${kept}`)
      )
    }
    expect(heap.requests).toHaveLength(2)
  })

  it('stores an event once that is repeated after it has gone', async () => {
    for (let number = 1; number <= 20; number++) await track(number)
    await track(1)
    expect(held().events.map(({ idempotency_key }) => idempotency_key)).not.toContain('message-1')
  })

  it('holds the users and accounts that were written to last', async () => {
    for (const identity of ['ann', 'ben', 'cat', 'ann', 'dan']) {
      await send(heap, ADD_USER_PROPERTIES, user(identity, { plan: 'pro' }))
      const account = { app_id: APP_ID, account_id: `of-${identity}`, properties: { size: 1 } }
      await send(heap, '/api/add_account_properties', account)
    }
    expect(held().users.map(({ identity }) => identity)).toEqual(['cat', 'ann', 'dan'])
    expect(held().accounts.map(({ account_id }) => account_id)).toEqual(['of-cat', 'of-ann', 'of-dan'])
    await track(1, { user_identifier: { identity: 'cat' } })
    expect(held().users.map(({ identity }) => identity)).toEqual(['ann', 'dan', 'cat'])
  })

  it('holds the environments that were written to last, and the latest requests to delete', async () => {
    for (const app_id of ['1', '2', '3', '1', '4']) await send(heap, INTEGRATIONS_TRACK, { ...events(event()), app_id })
    expect(heap.snapshot().map(({ app_id }) => app_id)).toEqual(['3', '1', '4'])

    const deleting = new HeapEmulator({ keep: 3, apiKeys: { [APP_ID]: 'key' } })
    const call = async (path: string, authorization: string, body: object) => {
      const headers = { 'content-type': 'application/json', authorization }
      const response = await deleting.handle(request(`/api/public/v0/${path}`, body, { headers }))
      return JSON.parse((response as HeapResponse).body) as Record<string, string>
    }
    const basic = `Basic ${Buffer.from(`${APP_ID}:key`).toString('base64')}`
    for (const identity of ['ann', 'ben', 'cat', 'dan', 'eve']) {
      const { access_token } = await call('auth_token', basic, {})
      await call('user_deletion', `Bearer ${access_token}`, { users: [{ identity }] })
    }
    expect(deleting.deletions.map(({ users }) => users)).toEqual(
      ['cat', 'dan', 'eve'].map((identity) => [{ identity }])
    )
  })

  it('forgets a visitor only long after', async () => {
    await send(heap, ADD_USER_PROPERTIES, user('ann', { anonymous_id: 'visitor-0' }))
    for (let number = 1; number < 30; number++) {
      await send(heap, ADD_USER_PROPERTIES, user('ben', { anonymous_id: `visitor-${number}` }))
    }
    await track(1, { user_identifier: { anonymous_id: 'visitor-0' } })
    expect(held().events[0].user).toBe('ann')
  })
})

it('closes both parsers of a request that is over, however it ended', async () => {
  const { HTTPParser } = createRequire(__filename)('_http_common') as { HTTPParser: { prototype: { close(): void } } }
  const close = jest.spyOn(HTTPParser.prototype, 'close')
  const client = createRequestClient()
  const heap = new HeapEmulator({ keepRequests: 0 })
  const interception = interceptHeap(heap)
  const post = () => client(`https://heapanalytics.com${INTEGRATIONS_TRACK}`, { method: 'post', json: events(event()) })
  const closed = async (count: number) => {
    while (close.mock.calls.length < count) await new Promise(setImmediate)
    expect(new Set(close.mock.contexts).size).toBe(count)
  }
  await post()
  await closed(2)
  heap.failNext('reset')
  await expect(post()).rejects.toMatchObject({ code: 'ECONNRESET' })
  await closed(4)
  interception.restore()
  nock.restore()
  close.mockRestore()
})
