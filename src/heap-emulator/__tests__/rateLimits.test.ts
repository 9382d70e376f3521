import { HeapEmulator } from '..'
import { ADD_USER_PROPERTIES, APP_ID, events, INTEGRATIONS_TRACK, refused, send, STORED, user } from './requests'

let time: number
let heap: HeapEmulator

beforeEach(() => {
  time = 1_000_000
  heap = new HeapEmulator({ enforceRateLimits: true, now: () => time })
})

const track = (count: number, identifierOf: (index: number) => Record<string, string>, app_id = APP_ID) => {
  const entries = Array.from({ length: count }, (_, index) => ({
    event: 'Viewed',
    user_identifier: identifierOf(index)
  }))
  return send(heap, INTEGRATIONS_TRACK, { ...events(...entries), app_id })
}
const byAlice = () => ({ identity: 'alice' })
const byVisitors = (index: number) => ({ anonymous_id: `anon-${index}` })

const tooManyEventsOfOne = refused('too many events for one identity; Heap takes at most 1000 in 60 seconds', 429)
const tooManyEvents = refused('too many events for one app_id; Heap takes at most 15000 in 60 seconds', 429)
const tooManyRequests = refused('too many requests for one identity; Heap takes at most 30 in 30 seconds', 429)

it('takes 1,000 events a minute for one identity, and not one more', async () => {
  expect(await track(999, byAlice)).toEqual(STORED)
  expect(await track(2, byAlice)).toEqual(tooManyEventsOfOne)
  expect(await track(1, byAlice)).toEqual(STORED)
  expect(await track(1, byAlice)).toEqual(tooManyEventsOfOne)
  expect(await track(1, () => ({ identity: 'Alice' }))).toEqual(STORED)
  time += 59_999
  expect(await track(1, byAlice)).toEqual(tooManyEventsOfOne)
  time += 1
  expect(await track(1000, byAlice)).toEqual(STORED)
})

it('lets the window slide: room comes back as the events of a minute ago go', async () => {
  await track(600, byAlice)
  time += 30_000
  await track(400, byAlice)
  time += 30_000
  expect(await track(601, byAlice)).toEqual(tooManyEventsOfOne)
  expect(await track(600, byAlice)).toEqual(STORED)
})

it('takes 15,000 events a minute for one App ID, and not one more', async () => {
  for (let round = 0; round < 15; round++) expect(await track(1000, byVisitors)).toEqual(STORED)
  expect(await track(1, byVisitors)).toEqual(tooManyEvents)
  expect(await track(1, byVisitors, '7')).toEqual(STORED)
  time += 60_000
  expect(await track(1, byVisitors)).toEqual(STORED)
})

it('takes 30 requests in 30 seconds for one identity, events and updates together', async () => {
  for (let round = 0; round < 15; round++) {
    expect(await track(1, byAlice)).toEqual(STORED)
    expect(await send(heap, ADD_USER_PROPERTIES, user('alice'))).toEqual(STORED)
  }
  expect(await track(1, byAlice)).toEqual(tooManyRequests)
  expect(await send(heap, ADD_USER_PROPERTIES, user('alice'))).toEqual(tooManyRequests)
  expect(await send(heap, ADD_USER_PROPERTIES, user('bob'))).toEqual(STORED)
  expect(await track(1, byAlice, '7')).toEqual(STORED)
  time += 30_000
  expect(await track(1, byAlice)).toEqual(STORED)
})

it('counts a bulk request once for each distinct identity in it', async () => {
  const byTwo = (index: number) => ({ identity: index % 2 ? 'alice' : 'bob' })
  for (let round = 0; round < 30; round++) expect(await track(10, byTwo)).toEqual(STORED)
  expect(await track(1, byAlice)).toEqual(tooManyRequests)
  expect(await track(1, () => ({ identity: 'bob' }))).toEqual(tooManyRequests)
})

it('stores nothing of a request over a limit, and does not count it', async () => {
  await track(1000, byAlice)
  const before = heap.snapshot()
  for (let round = 0; round < 40; round++) {
    expect(await track(2, (index) => ({ identity: index ? 'alice' : 'bob' }))).toEqual(tooManyEventsOfOne)
  }
  expect(heap.snapshot()).toEqual(before)
  expect(await track(1, () => ({ identity: 'bob' }))).toEqual(STORED)
})

it('counts each region by itself', async () => {
  await track(1000, byAlice)
  const entry = { event: 'Viewed', user_identifier: { identity: 'alice' } }
  expect(await send(heap, INTEGRATIONS_TRACK, events(entry), 'EU')).toEqual(STORED)
})

it('does not count requests that are refused for their body', async () => {
  for (let round = 0; round < 40; round++) await track(1, () => ({ identity: 'alice', userId: 'typo' }))
  expect(await track(1, byAlice)).toEqual(STORED)
})

it('forgets the counts on reset()', async () => {
  await track(1000, byAlice)
  heap.reset()
  expect(await track(1, byAlice)).toEqual(STORED)
})

it('has no limits unless asked to', async () => {
  heap = new HeapEmulator()
  for (let round = 0; round < 40; round++) expect(await track(500, byAlice)).toEqual(STORED)
})
