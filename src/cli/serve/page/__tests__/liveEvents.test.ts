import type { EventResult, RecordedRun } from '../../../engine/eventResult'
import { LiveEvents } from '../liveEvents'

const SUBSCRIPTIONS = [{ partnerAction: 'trackEvent', subscribe: 'type = "track"' }]

function result(event: object, error?: string): EventResult<RecordedRun> {
  const run = {
    subscription: 'Track Calls',
    action: 'trackEvent',
    exchanges: [],
    ...(error && { error: { message: error } })
  }
  return {
    event: { type: 'track', event: 'Paid', userId: 'alice', ...event },
    runs: [run],
    excluded: false,
    delivered: error === undefined
  }
}

describe('LiveEvents', () => {
  it('says in a line what an event was and what became of it', () => {
    const live = new LiveEvents()
    expect(live.add(result({}), SUBSCRIPTIONS)).toMatchObject({
      type: 'track',
      name: 'Paid',
      who: 'alice',
      fate: 'delivered',
      reason: ''
    })
    expect(
      live.add(result({ userId: null, anonymousId: 'v-1', event: 7 }, 'Identity is missing.'), SUBSCRIPTIONS)
    ).toMatchObject({
      name: '7',
      who: 'v-1',
      fate: 'refused',
      reason: 'trackEvent: Identity is missing.'
    })
    expect(live.add(result({ event: { odd: 1 }, userId: [] }), SUBSCRIPTIONS)).not.toHaveProperty('name')
    const { name = '' } = live.add(result({ event: 'x'.repeat(5000) }), SUBSCRIPTIONS)
    expect(name).toHaveLength(301)
  })

  it('keeps the whole of the latest 10,000 events, each under its own ID', () => {
    const live = new LiveEvents()
    const ids = Array.from(
      { length: 12_000 },
      (_none, index) => live.add(result({ event: `E${index}` }), SUBSCRIPTIONS).id
    )
    expect(new Set(ids).size).toBe(12_000)
    expect(live.find(ids[0])).toBeUndefined()
    for (const index of [2000, 7777, 11_999]) {
      expect(live.find(ids[index])).toMatchObject({
        subscriptions: SUBSCRIPTIONS,
        result: { event: { event: `E${index}` } }
      })
    }
    expect(live.latest(2).map(({ event }) => event)).toStrictEqual(['E11998', 'E11999'])
    expect(new LiveEvents().find(ids[11_999])).toBeUndefined()
    expect(live.find('nonsense')).toBeUndefined()
  })

  it('lets go of the oldest details where events are large, and keeps their lines', () => {
    const live = new LiveEvents()
    const text = 'x'.repeat(1024 * 1024)
    const ids = Array.from({ length: 70 }, () => live.add(result({ properties: { text } }), SUBSCRIPTIONS).id)
    expect(live.find(ids[0])).toMatchObject({ summary: { id: ids[0] } })
    expect(live.find(ids[0])).not.toHaveProperty('result')
    expect(live.find(ids[69])).toHaveProperty('result')
  })

  it('keeps the line of an event that nests too deep to be written', () => {
    const live = new LiveEvents()
    let deep: object = {}
    for (let level = 0; level < 20_000; level++) deep = { deep }
    const { id } = live.add(result({ properties: deep }), SUBSCRIPTIONS)
    expect(live.find(id)).toMatchObject({ summary: { name: 'Paid' } })
    expect(live.latest(5)).toStrictEqual([])
  })
})
