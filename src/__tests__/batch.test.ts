import { createRequestClient, createTestIntegration, Destination } from '@segment/actions-core'
import type { SegmentEvent } from '@segment/actions-core'
import fc from 'fast-check'
import Heap from '../destinations/heap'
import { MAX_CONCURRENT_REQUESTS, MAX_EXTRA_REQUESTS } from '../destinations/heap/heapApi/halving'
import { HeapEmulator, interceptHeap } from '../heap-emulator'
import type { Fault, FaultRule, Interception, ParsedRequest } from '../heap-emulator'

const TRACK = '/api/integrations/track'
const PROFILE = '/api/add_user_properties'
const settings = { appId: '11' }

const emulator = new HeapEmulator()
let interception: Interception

beforeEach(() => {
  emulator.reset()
  interception = interceptHeap(emulator)
})
afterEach(() => interception.restore())

type TestEvent = SegmentEvent & { messageId: string }

function eventOf(number: number, changes: Partial<SegmentEvent> = {}): TestEvent {
  return {
    type: 'track',
    event: 'Signed Up',
    timestamp: '2026-11-23T10:00:00.000Z',
    userId: `user-${number % 100}`,
    anonymousId: `anon-${number % 100}`,
    context: { traits: { last: number } },
    ...changes,
    messageId: `message-${number}`
  }
}

function eventsOf(count: number, changes: Partial<SegmentEvent> = {}): TestEvent[] {
  return Array.from({ length: count }, (_, number) => eventOf(number, changes))
}

async function sendBatch(events: TestEvent[], signal?: AbortSignal) {
  const mapping = Heap.presets?.[0].mapping ?? {}
  return new Destination(Heap).executeBatch('trackEvent', { events, mapping, settings, signal })
}

/** The message IDs that Heap holds, in order; a doubled one shows. */
function storedIds(): string[] {
  return emulator.environment('US', '11').events.map(({ idempotency_key }) => idempotency_key ?? 'none')
}

function requestsTo(path: string) {
  return emulator.requests.filter((request) => request.path === path)
}

/** How many events or users a request holds. */
function sizeOf({ body }: ParsedRequest): number {
  const { events, users } = body as { events?: unknown[]; users?: unknown[] }
  return events?.length ?? users?.length ?? 1
}

/** Refuses, as Heap does, every request that holds one of these events. */
function refusing(messageIds: string[], status = 400): FaultRule {
  const bad = new Set(messageIds)
  return ({ path, body }) => {
    if (path !== TRACK) return undefined
    const { events } = body as { events: { idempotency_key: string }[] }
    return events.some(({ idempotency_key }) => bad.has(idempotency_key)) ? { status, body: 'bad event' } : undefined
  }
}

/** Every event is delivered and stored once, or reported with its reason: never both, never neither. */
function expectAllAccountedFor(events: TestEvent[], responses: Awaited<ReturnType<typeof sendBatch>>) {
  expect(responses).toHaveLength(events.length)
  const ids = storedIds()
  const stored = new Set(ids)
  expect(stored.size).toBe(ids.length)
  const unaccounted = events.filter(({ messageId }, index) => {
    const response = responses[index]
    if (response.status === 200) return 'errormessage' in response || !stored.has(messageId)
    const { errormessage } = response as { errormessage: string }
    if (!/^(The event was (stored|not stored)|Identity|Event Name)/.test(errormessage)) return true
    return errormessage.startsWith('The event was stored.') && !stored.has(messageId)
  })
  expect(unaccounted).toStrictEqual([])
}

describe('a batch on its way into Heap', () => {
  it('of a thousand events of a hundred people is two requests', async () => {
    const events = eventsOf(1000)
    const responses = await sendBatch(events)
    expect(responses.map(({ status }) => status)).toStrictEqual(events.map(() => 200))
    expect(storedIds()).toStrictEqual(events.map(({ messageId }) => messageId))
    expect(emulator.requests.map((request) => [request.path, sizeOf(request)])).toStrictEqual([
      [TRACK, 1000],
      [PROFILE, 100]
    ])
    const { users } = emulator.environment('US', '11')
    expect(users[7]).toStrictEqual({ identity: 'user-7', properties: { last: '907', anonymous_id: 'anon-7' } })
  })

  it('of a thousand events of one person updates the profile once, with what came last', async () => {
    const responses = await sendBatch(eventsOf(1000, { userId: 'alice', anonymousId: 'anon-1' }))
    expect(responses.every(({ status }) => status === 200)).toBe(true)
    expect(requestsTo(PROFILE).map(({ body }) => body)).toStrictEqual([
      { app_id: '11', identity: 'alice', properties: { last: '999', anonymous_id: 'anon-1' } }
    ])
  })

  it('joins every visitor of a person, in one request', async () => {
    const responses = await sendBatch(eventsOf(1000, { userId: 'alice' }))
    expect(responses.every(({ status }) => status === 200)).toBe(true)
    const visitors = Array.from({ length: 100 }, (_, number) => `anon-${number}`)
    expect(requestsTo(PROFILE).map(({ body }) => body)).toStrictEqual([
      {
        app_id: '11',
        users: visitors.map((anonymous_id) => ({
          identity: 'alice',
          properties: anonymous_id === 'anon-99' ? { last: '999', anonymous_id } : { anonymous_id }
        }))
      }
    ])
    await sendBatch(visitors.map((anonymousId, number) => eventOf(1000 + number, { userId: null, anonymousId })))
    const { events } = emulator.environment('US', '11')
    expect(events.map(({ user }) => user)).toStrictEqual(events.map(() => 'alice'))
  })

  it('says of each event whether its own visitor was joined', async () => {
    const events = eventsOf(4, { userId: 'alice' })
    emulator.failWhen(({ path, body }) =>
      path === PROFILE && JSON.stringify(body).includes('"anon-1"') ? { status: 400, body: 'bad visitor' } : undefined
    )
    const responses = await sendBatch(events)
    expect(responses.map(({ status }) => status)).toStrictEqual([200, 400, 200, 200])
    expect(storedIds()).toHaveLength(4)
  })

  it('of 2,500 events is split, and the parts are under way at once', async () => {
    const events = eventsOf(2500).map((event, number) => ({ ...event, userId: `user-${number}` }))
    const responses = await sendBatch(events)
    expect(responses.every(({ status }) => status === 200)).toBe(true)
    expect(storedIds().sort()).toStrictEqual(events.map(({ messageId }) => messageId).sort())
    expect(requestsTo(TRACK).map(sizeOf)).toStrictEqual([1000, 1000, 500])
    expect(requestsTo(PROFILE).map(sizeOf)).toStrictEqual([1000, 1000, 500])
  })

  it('of nothing is no request', async () => {
    const { performBatch } = Heap.actions.trackEvent
    const response: unknown = await performBatch?.(createRequestClient(), { payload: [], settings })
    expect(response).toMatchObject({ responses: [] })
    expect(emulator.requests).toHaveLength(0)
  })

  it('is refused event by event in the words of a single event', async () => {
    const bad = [
      eventOf(1, { userId: null, anonymousId: null }),
      eventOf(2, { userId: 'a'.repeat(256) }),
      eventOf(3, { event: undefined }),
      eventOf(4, { userId: 'null', anonymousId: null })
    ]
    const responses = await sendBatch([eventOf(0), ...bad, eventOf(5)])
    expect(storedIds()).toStrictEqual(['message-0', 'message-5'])
    for (const [index, event] of bad.entries()) {
      const alone: unknown = await createTestIntegration(Heap)
        .testAction('trackEvent', { event, settings, useDefaultMappings: true })
        .catch((error: unknown) => error)
      const { message, status, code } = alone as { message: string; status: number; code: string }
      expect(responses[index + 1]).toMatchObject({ errormessage: message, status, errortype: code })
    }
  })
})

describe('when Heap fails', () => {
  const events = eventsOf(1000)

  it.each<[string, Fault, number, string]>([
    ['with 429', { status: 429 }, 429, 'TOO_MANY_REQUESTS'],
    ['with 500', { status: 500 }, 500, 'INTERNAL_SERVER_ERROR'],
    ['with 503 after storing', { status: 503, after: 'storing' }, 503, 'SERVICE_UNAVAILABLE'],
    ['by dropping the connection', 'reset', 503, 'RETRYABLE_ERROR'],
    ['by dropping the connection after storing', { connection: 'reset', after: 'storing' }, 503, 'RETRYABLE_ERROR']
  ])('%s, every event asks for a retry, which ends with each stored once', async (_how, fault, status, errortype) => {
    emulator.failNext(fault, 1, TRACK)
    const responses = await sendBatch(events)
    expectAllAccountedFor(events, responses)
    expect(responses).toMatchObject(events.map(() => ({ status, errortype })))
    expect(emulator.requests).toHaveLength(2)

    const again = await sendBatch(events)
    expectAllAccountedFor(events, again)
    expect(again.every((response) => response.status === 200)).toBe(true)
    expect(storedIds()).toHaveLength(1000)
  })

  it('by not answering, every event asks for a retry', async () => {
    emulator.failNext('no answer', 1, TRACK)
    const responses = await sendBatch(events, AbortSignal.timeout(300))
    expect(responses).toMatchObject(events.map(() => ({ status: 408, errortype: 'REQUEST_TIMEOUT' })))
    expectAllAccountedFor(events, await sendBatch(events))
    expect(storedIds()).toHaveLength(1000)
  })

  it('over the profiles alone, every event says that it was stored and they were not', async () => {
    emulator.failNext({ status: 500, body: 'sorry' }, 1, PROFILE)
    const responses = await sendBatch(events)
    const errormessage = 'The event was stored. The user properties were not updated: Heap answered 500: sorry.'
    expect(responses).toMatchObject(events.map(() => ({ status: 500, errormessage })))
    expect(storedIds()).toHaveLength(1000)
    expect((await sendBatch(events)).every(({ status }) => status === 200)).toBe(true)
    expect(storedIds()).toHaveLength(1000)
  })
})

describe('when Heap refuses', () => {
  const events = eventsOf(1000)

  it.each([
    [1, [417]],
    [2, [0, 999]],
    [6, [3, 170, 340, 510, 680, 850]]
  ])('%i of a thousand, its neighbours are stored', async (_count, numbers) => {
    const bad = numbers.map((number) => `message-${number}`)
    emulator.failWhen(refusing(bad))
    const responses = await sendBatch(events)
    expectAllAccountedFor(events, responses)
    const failed = events.filter((_event, index) => responses[index].status !== 200)
    expect(failed.map(({ messageId }) => messageId)).toStrictEqual(bad)
    for (const number of numbers) {
      expect(responses[number]).toMatchObject({
        status: 400,
        errortype: 'BAD_REQUEST',
        errormessage: 'The event was not stored: Heap answered 400: bad event. The user properties were updated.'
      })
    }
    expect(storedIds()).toHaveLength(1000 - numbers.length)
  })

  it('too much at once, it gets less', async () => {
    emulator.failWhen((request) => (sizeOf(request) > 300 ? { status: 413 } : undefined))
    const responses = await sendBatch(events)
    expect(responses.every(({ status }) => status === 200)).toBe(true)
    expect(requestsTo(TRACK).map(sizeOf)).toStrictEqual([1000, 500, 500, 250, 250, 250, 250])
  })

  it('all of them, it gets no more requests than agreed', async () => {
    emulator.failWhen(refusing(events.map(({ messageId }) => messageId)))
    const responses = await sendBatch(events)
    expectAllAccountedFor(events, responses)
    expect(responses.every(({ status }) => status === 400)).toBe(true)
    expect(requestsTo(TRACK)).toHaveLength(1 + MAX_EXTRA_REQUESTS)
    expect(storedIds()).toHaveLength(0)
  })

  it('a profile, only the events of that person fail', async () => {
    emulator.failWhen(({ path, body }) =>
      path === PROFILE && JSON.stringify(body).includes('"user-42"') ? { status: 400, body: 'bad user' } : undefined
    )
    const responses = await sendBatch(events)
    const failed = events.filter((_event, index) => responses[index].status !== 200)
    expect(failed).toHaveLength(10)
    expect(failed.every(({ userId }) => userId === 'user-42')).toBe(true)
    expect(storedIds()).toHaveLength(1000)
  })

  it('never has more requests under way than agreed', async () => {
    let underWay = 0
    let most = 0
    const handle = emulator.handle.bind(emulator)
    const spy = jest.spyOn(emulator, 'handle').mockImplementation(async (request) => {
      most = Math.max(most, ++underWay)
      await new Promise((resolve) => setTimeout(resolve, 2))
      underWay--
      return handle(request)
    })
    emulator.failWhen(refusing(events.map(({ messageId }) => messageId)))
    await sendBatch(events.map((event) => ({ ...event, userId: null })))
    spy.mockRestore()
    expect(most).toBe(MAX_CONCURRENT_REQUESTS)
  })
})

describe('for random batches and random faults', () => {
  const anyEvent = fc.record({
    kind: fc.constantFrom('sound', 'sound', 'sound', 'anonymous', 'nobody', 'placeholder', 'nameless', 'refused'),
    person: fc.nat({ max: 5 })
  })
  const anyFault = fc.constantFrom<Fault>(
    { status: 429 },
    { status: 500 },
    { status: 503, after: 'storing' },
    { status: 413 },
    { status: 400 },
    'reset',
    { connection: 'reset', after: 'storing' }
  )

  it('accounts for every event, and a retry ends with every sound one stored once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyEvent, { minLength: 1, maxLength: 60 }),
        fc.array(fc.option(anyFault, { freq: 3 }), { maxLength: 12 }),
        async (kinds, faults) => {
          emulator.reset()
          const events = kinds.map(({ kind, person }, number) => {
            const userId = `user-${person}`
            const changes: Record<string, Partial<SegmentEvent>> = {
              sound: { userId },
              refused: { userId },
              anonymous: { userId: null },
              nobody: { userId: null, anonymousId: null },
              placeholder: { userId: 'null', anonymousId: null },
              nameless: { event: undefined }
            }
            return eventOf(number, changes[kind])
          })
          const idsOf = (...wanted: string[]) =>
            events.filter((_event, index) => wanted.includes(kinds[index].kind)).map(({ messageId }) => messageId)
          emulator.failWhen(refusing(idsOf('refused')))
          const left = [...faults]
          const takeAway = emulator.failWhen(() => left.shift() ?? undefined)

          expectAllAccountedFor(events, await sendBatch(events))
          takeAway()
          const again = await sendBatch(events)
          expectAllAccountedFor(events, again)
          expect(storedIds().sort()).toStrictEqual(idsOf('sound', 'anonymous').sort())
          const delivered = events.filter((_event, index) => again[index].status === 200)
          expect(delivered.map(({ messageId }) => messageId)).toStrictEqual(idsOf('sound', 'anonymous'))
        }
      ),
      { numRuns: 80 }
    )
  })
})
