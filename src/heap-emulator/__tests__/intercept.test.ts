import { createRequestClient } from '@segment/actions-core'
import nock from 'nock'
import { HeapEmulator, interceptHeap, listen } from '..'
import type { Interception, InterceptOptions } from '..'
import { APP_ID, event, events, INTEGRATIONS_TRACK, TRACK } from './requests'

const US = 'https://heapanalytics.com'
const EU = 'https://c.eu.heap-api.com'
const request = createRequestClient()

let heap: HeapEmulator
let interception: Interception

beforeEach(() => {
  heap = new HeapEmulator()
})

afterEach(() => {
  interception.restore()
  nock.cleanAll()
})

afterAll(() => nock.restore())

function start(options?: InterceptOptions) {
  interception = interceptHeap(heap, options)
}

const post = (url: string, json: unknown = events(event()), options: Parameters<typeof request>[1] = {}) =>
  request(url, { method: 'post', json, ...options })

describe('intercepted requests of the actions-core client', () => {
  it('reach the store of their host', async () => {
    start()
    const [us, eu] = [await post(US + INTEGRATIONS_TRACK), await post(EU + INTEGRATIONS_TRACK)]
    expect([us.status, us.content, us.headers.toJSON()]).toEqual([200, '{}', { 'content-type': 'application/json' }])
    expect(eu.status).toBe(200)
    expect(heap.snapshot().map(({ region, events }) => [region, events.length])).toEqual([
      ['US', 1],
      ['EU', 1]
    ])
  })

  it('are refused with an HTTPError that carries the reason', async () => {
    start()
    await expect(post(US + TRACK, { app_id: 'x' })).rejects.toMatchObject({
      name: 'HTTPError',
      message: 'Bad Request',
      response: { status: 400, content: '{"error":"event is missing"}', data: { error: 'event is missing' } }
    })
  })

  it('may hold a body that is not JSON, or none', async () => {
    start()
    const headers = { 'content-type': 'application/json' }
    const broken = await request(US + TRACK, { method: 'post', headers, body: '{"app_id":', throwHttpErrors: false })
    expect([broken.status, broken.content]).toEqual([400, '{"error":"the body is not JSON"}'])
    const none = await request(US + TRACK, { method: 'post', headers, throwHttpErrors: false })
    expect([none.status, none.content]).toEqual([400, '{"error":"the body is not JSON"}'])
  })

  it('may have any method and path', async () => {
    start()
    const answer = await request(`${US}/api/nowhere?x=1`, { method: 'get', throwHttpErrors: false })
    expect(answer.status).toBe(404)
    for (const method of ['get', 'put', 'patch', 'delete'] as const) {
      const { status } = await request(US + TRACK, { method, throwHttpErrors: false })
      expect(status).toBe(405)
    }
    expect(heap.requests.map(({ method, path }) => [method, path])).toEqual([
      ['GET', '/api/nowhere?x=1'],
      ['GET', TRACK],
      ['PUT', TRACK],
      ['PATCH', TRACK],
      ['DELETE', TRACK]
    ])
  })

  it('keep every character', async () => {
    start()
    await post(US + INTEGRATIONS_TRACK, events(event({ event: 'Købte 🛒 “кофе”' })))
    expect(heap.environment('US', APP_ID).events[0]?.event).toBe('Købte 🛒 “кофе”')
  })

  it('may hold 1000 events, many at the same time', async () => {
    start()
    const bodies = Array.from({ length: 20 }, (_, body) =>
      events(...Array.from({ length: 1000 }, (_, index) => event({ idempotency_key: `message-${body}-${index}` })))
    )
    await Promise.all(bodies.map((body) => post(US + INTEGRATIONS_TRACK, body)))
    expect(heap.environment('US', APP_ID).events).toHaveLength(20_000)
  })

  it('may be sent by fetch as well', async () => {
    start()
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(US + INTEGRATIONS_TRACK, {
      method: 'POST',
      headers,
      body: JSON.stringify(events(event()))
    })
    expect([answer.status, await answer.text()]).toEqual([200, '{}'])
  })
})

describe('an intercepted fault', () => {
  it('answers with the status ordered', async () => {
    start()
    heap.failNext({ status: 503, body: 'busy', headers: { 'content-type': 'text/plain', 'retry-after': '3' } })
    const answer = await post(US + INTEGRATIONS_TRACK, undefined, { throwHttpErrors: false })
    expect([answer.status, answer.content, answer.headers.get('retry-after')]).toEqual([503, 'busy', '3'])
  })

  it('resets the connection, before or after storing', async () => {
    start()
    heap.failNext('reset')
    await expect(post(US + INTEGRATIONS_TRACK)).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(heap.snapshot()).toEqual([])
    heap.failNext({ connection: 'reset', after: 'storing' })
    await expect(post(US + INTEGRATIONS_TRACK)).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(heap.environment('US', APP_ID).events).toHaveLength(1)
  })

  it('leaves a request without an answer until the client gives up', async () => {
    start()
    heap.failNext('no answer', 2)
    await expect(post(US + INTEGRATIONS_TRACK, undefined, { timeout: 30 })).rejects.toMatchObject({ code: 'ETIMEDOUT' })
    const signal = AbortSignal.timeout(30)
    await expect(post(US + INTEGRATIONS_TRACK, undefined, { signal })).rejects.toMatchObject({ status: 408 })
    expect((await post(US + INTEGRATIONS_TRACK)).status).toBe(200)
    expect(heap.requests.map(({ result }) => result)).toEqual(['no answer', 'no answer', 200])
  })

  it('leaves a request without an answer until the interception is restored', async () => {
    start()
    const received = new Promise<void>((resolve) => {
      heap.failWhen(() => {
        resolve()
        return 'no answer'
      })
    })
    const rejection = expect(post(US + INTEGRATIONS_TRACK)).rejects.toMatchObject({ code: 'ECONNRESET' })
    await received
    await new Promise(setImmediate)
    interception.restore()
    await rejection
  })

  it('may come from a broken rule, and then the client sees its error', async () => {
    start()
    heap.failWhen(() => {
      throw new Error('the rule is broken')
    })
    await expect(post(US + INTEGRATIONS_TRACK)).rejects.toThrow('the rule is broken')
  })
})

describe('other hosts', () => {
  let local: Awaited<ReturnType<typeof listen>>

  beforeAll(async () => {
    local = await listen(new HeapEmulator())
  })

  afterAll(() => local.close())

  const reachLocal = () => post(local.url + INTEGRATIONS_TRACK).then(({ status }) => status)

  it('cannot be reached meanwhile', async () => {
    start()
    await expect(reachLocal()).rejects.toThrow('Nock: Disallowed net connect for "127.0.0.1')
    await expect(post('https://example.com/')).rejects.toThrow('Nock: Disallowed net connect for "example.com')
  })

  it('cannot be reached meanwhile, save this computer where it is allowed', async () => {
    start({ allowLocal: true })
    expect(await reachLocal()).toBe(200)
    await expect(post('https://example.com/')).rejects.toThrow('Nock: Disallowed net connect for "example.com')
  })

  it('can be reached where they are not blocked', async () => {
    start({ blockOthers: false })
    expect(await reachLocal()).toBe(200)
  })

  it('can be reached afterwards', async () => {
    start()
    interception.restore()
    expect(await reachLocal()).toBe(200)
  })

  it('keep the mocks that someone else made', async () => {
    start()
    nock('https://example.com').get('/').reply(204).get('/late').reply(204)
    expect((await request('https://example.com/')).status).toBe(204)
    interception.restore()
    expect((await request('https://example.com/late')).status).toBe(204)
  })

  it('stay blocked where a test had blocked them itself', async () => {
    nock.disableNetConnect()
    start({ blockOthers: false })
    interception.restore()
    await expect(reachLocal()).rejects.toThrow('Nock: Disallowed net connect')
    nock.enableNetConnect()
  })
})

describe('an interception', () => {
  it('ends with restore(), which leaves no trace of Heap in nock and may be called twice', async () => {
    start()
    interception.restore()
    interception.restore()
    expect(nock.activeMocks()).toEqual([])
    nock.disableNetConnect()
    await expect(post(US + INTEGRATIONS_TRACK)).rejects.toThrow('Nock: Disallowed net connect for "heapanalytics.com')
    nock.enableNetConnect()
    expect(heap.requests).toEqual([])
  })

  it('may be followed by another, to another emulator', async () => {
    start()
    const first = interception
    first.restore()
    const other = new HeapEmulator()
    interception = interceptHeap(other)
    first.restore()
    await post(US + INTEGRATIONS_TRACK)
    expect([heap.requests.length, other.requests.length]).toEqual([0, 1])
  })

  it('cannot be started inside another', () => {
    start()
    expect(() => interceptHeap(new HeapEmulator())).toThrow(
      "Heap's hosts are already intercepted; call restore() on that interception first."
    )
  })

  it('switches nock on, and off again, where it was off', async () => {
    nock.restore()
    start()
    expect((await post(US + INTEGRATIONS_TRACK)).status).toBe(200)
    interception.restore()
    expect(nock.isActive()).toBe(false)
    nock.activate()
  })
})
