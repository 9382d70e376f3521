import { HeapEmulator } from '..'
import { APP_ID, refused, send, STORED } from './requests'

const IDENTIFY = '/api/v1/identify'
const TRACK = '/api/integrations/track'
const MONTH_MS = 30 * 24 * 60 * 60 * 1000

let now: number
let heap: HeapEmulator
beforeEach(() => {
  now = 0
  heap = new HeapEmulator({ now: () => now })
})

const identify = (user_id: string, identity: string) => send(heap, IDENTIFY, { app_id: APP_ID, user_id, identity })

function visit(user_id: string) {
  return send(heap, TRACK, {
    app_id: APP_ID,
    library: 'server',
    events: [{ event: 'Visited', user_identifier: { user_id } }]
  })
}

const owners = () => heap.environment('US', APP_ID).events.map(({ user }) => user)

describe('/api/v1/identify', () => {
  it('moves the events of a Heap visitor to a person, whichever comes first', async () => {
    await visit('7')
    expect(await identify('7', 'alice')).toEqual(STORED)
    await visit('7')
    await visit('8')
    expect(owners()).toStrictEqual(['alice', 'alice', undefined])
    expect(heap.environment('US', APP_ID).users).toStrictEqual([{ identity: 'alice', properties: {} }])
  })

  it('ignores a second identity for the same visitor', async () => {
    await visit('7')
    await identify('7', 'alice')
    expect(await identify('7', 'mallory')).toEqual(STORED)
    expect(owners()).toStrictEqual(['alice'])
  })

  it('moves ten visitors a month to one person, and ignores more', async () => {
    for (let id = 0; id <= 10; id++) {
      await visit(`${id}`)
      await identify(`${id}`, 'alice')
    }
    expect(owners()).toStrictEqual([...Array<string>(10).fill('alice'), undefined])
    now += MONTH_MS
    await identify('10', 'alice')
    expect(owners().at(-1)).toBe('alice')
  })

  it.each<[string, object, string]>([
    ['no visitor', { identity: 'alice' }, 'user_id is missing'],
    [
      'a visitor that is no number',
      { user_id: 'x', identity: 'alice' },
      'user_id is "x"; it must be Heap\'s own ID, a whole number from 0 to 9007199254740991 written as a string'
    ],
    ['no person', { user_id: '7' }, 'identity is missing'],
    [
      'a placeholder',
      { user_id: '7', identity: 'null' },
      'identity is "null", which names nobody; everyone it is sent for would be merged into one'
    ],
    [
      'a time that is none',
      { user_id: '7', identity: 'a', timestamp: 'now' },
      'timestamp is "now"; it must be a real ISO 8601 date and time with a time zone'
    ]
  ])('refuses %s', async (_what, body, message) => {
    expect(await send(heap, IDENTIFY, { app_id: APP_ID, ...body })).toEqual(refused(message))
  })

  it('counts as a request of the person', async () => {
    heap = new HeapEmulator({ enforceRateLimits: true, now: () => now })
    for (let id = 0; id < 30; id++) expect(await identify(`${id}`, 'alice')).toEqual(STORED)
    expect((await identify('30', 'alice')) as object).toMatchObject({ status: 429 })
  })
})
