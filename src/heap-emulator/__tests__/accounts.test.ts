import { HeapEmulator } from '..'
import { APP_ID, refused, send, STORED } from './requests'

const ACCOUNTS = '/api/add_account_properties'

let heap: HeapEmulator
beforeEach(() => {
  heap = new HeapEmulator()
})

const accounts = () => heap.environment('US', APP_ID).accounts

describe('/api/add_account_properties', () => {
  it('takes one account, and merges what comes later', async () => {
    const body = { app_id: APP_ID, account_id: 'acme' }
    expect(await send(heap, ACCOUNTS, { ...body, properties: { plan: 'free', id: 7 } })).toEqual(STORED)
    expect(await send(heap, ACCOUNTS, { ...body, properties: { plan: 'pro' } })).toEqual(STORED)
    expect(accounts()).toStrictEqual([{ account_id: 'acme', properties: { plan: 'pro', id: 7 } }])
  })

  it('takes up to 1000 accounts', async () => {
    const many = (count: number) => ({
      app_id: APP_ID,
      accounts: Array.from({ length: count }, (_, index) => ({ account_id: `a-${index}`, properties: {} }))
    })
    expect(await send(heap, ACCOUNTS, many(1000))).toEqual(STORED)
    expect(accounts()).toHaveLength(1000)
    expect(await send(heap, ACCOUNTS, many(1001))).toEqual(refused('accounts has 1001 entries; it must have 1 to 1000'))
    expect(await send(heap, ACCOUNTS, many(0))).toEqual(refused('accounts has 0 entries; it must have 1 to 1000'))
  })

  it.each<[string, object, string]>([
    ['no account', { properties: {} }, 'account_id is missing'],
    ['an empty account', { account_id: '', properties: {} }, 'account_id is empty; it must have at least 1 character'],
    ['no properties', { account_id: 'acme' }, 'properties is missing'],
    [
      'an unknown key',
      { account_id: 'acme', properties: {}, name: 'x' },
      'name is not a key that Heap documents; the keys here are app_id, account_id, properties'
    ],
    [
      'a nested property',
      { account_id: 'acme', properties: { a: {} } },
      'properties.a is an object; it must be a string, a number, or an array of those'
    ],
    [
      'a typo in one of many',
      { accounts: [{ acount_id: 'acme', properties: {} }] },
      'accounts[0].acount_id is not a key that Heap documents; the keys here are account_id, properties'
    ]
  ])('refuses %s', async (_what, body, message) => {
    expect(await send(heap, ACCOUNTS, { app_id: APP_ID, ...body })).toEqual(refused(message))
    expect(accounts()).toStrictEqual([])
  })
})
