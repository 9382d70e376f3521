import { HeapEmulator } from '../../../heap-emulator'
import { throttle } from '../throttle'

const EVENTS_URL = 'https://heapanalytics.com/api/integrations/track'
const USERS_URL = 'https://heapanalytics.com/api/add_user_properties'

/** A clock that moves on by some seconds whenever somebody looks. */
function clock(seconds: number): () => number {
  let now = 0
  return () => (now += seconds * 1000)
}

function eventsOf(identities: string[]): object {
  const events = identities.map((identity) => ({
    event: 'Counted',
    user_identifier: { identity },
    custom_properties: {}
  }))
  return { app_id: '12343283', library: 'server', events }
}

async function answersOf(requests: [url: string, body: object][], eventsAMinute: number): Promise<number[]> {
  const now = clock(15)
  let time = 0
  const heap = new HeapEmulator({ enforceRateLimits: true, now: () => time })
  const wait = throttle(eventsAMinute, new AbortController().signal, () => (time = now()))
  const answers: number[] = []
  for (const [url, body] of requests) {
    await wait(url, body)
    const { host, pathname } = new URL(url)
    const headers = { 'content-type': 'application/json' }
    const answer = await heap.handle({ host, method: 'POST', path: pathname, headers, body: JSON.stringify(body) })
    answers.push(typeof answer === 'string' ? 0 : answer.status)
  }
  return answers
}

describe('throttle', () => {
  it.each<[string, [string, object][]]>([
    [
      '15,000 events a minute for the App ID',
      Array.from({ length: 40 }, (_, request) => [
        EVENTS_URL,
        eventsOf(Array.from({ length: 1000 }, (_, event) => `user-${request}-${event % 500}`))
      ])
    ],
    [
      '1,000 events a minute for an identity',
      Array.from({ length: 8 }, () => [EVENTS_URL, eventsOf(Array<string>(600).fill('one'))])
    ],
    [
      '30 requests in 30 seconds for an identity',
      Array.from({ length: 70 }, () => [USERS_URL, { app_id: '12343283', identity: 'one', properties: {} }])
    ]
  ])('keeps to %s, so that Heap refuses nothing', async (_limit, requests) => {
    expect(new Set(await answersOf(requests, 15_000))).toStrictEqual(new Set([200]))
  })

  it('waits where the emulator would refuse, and takes another rate', async () => {
    const now = clock(0)
    const controller = new AbortController()
    const wait = throttle(500, controller.signal, now)
    const body = eventsOf(Array<string>(300).fill('one'))
    await wait(EVENTS_URL, body)
    const waiting = wait(EVENTS_URL, body)
    const state = await Promise.race([waiting, new Promise((go) => setTimeout(go, 300, 'waits'))])
    expect(state).toBe('waits')
    controller.abort()
    await expect(waiting).rejects.toThrow('The operation was aborted')
  })

  it('lets the limits of an identity grow with a rate above that of Heap', async () => {
    const wait = throttle(30_000, new AbortController().signal, clock(0))
    for (let request = 0; request < 60; request++) {
      await wait(USERS_URL, { app_id: '12343283', users: [{ identity: 'one', properties: {} }] })
    }
  })
})
