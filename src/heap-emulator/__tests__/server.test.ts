import { request as httpRequest } from 'node:http'
import { createRequestClient } from '@segment/actions-core'
import { HeapEmulator, listen } from '..'
import type { ListeningEmulator, ListenOptions } from '..'
import { APP_ID, event, events, INTEGRATIONS_TRACK, TRACK } from './requests'

let heap: HeapEmulator
let server: ListeningEmulator

async function start(options?: ListenOptions) {
  heap = new HeapEmulator()
  server = await listen(heap, options)
}

afterEach(() => server.close())

const post = (body: string, path = INTEGRATIONS_TRACK, init: RequestInit = {}) =>
  fetch(server.url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body, ...init })

/** fetch does not let a caller choose the Host header. */
function postWithHost(host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { host, 'content-type': 'application/json' }
    httpRequest(server.url + INTEGRATIONS_TRACK, { method: 'POST', headers }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end(JSON.stringify(events(event())))
  })
}

const regions = () => heap.snapshot().map(({ region }) => region)

it('listens on 127.0.0.1 at a free port, and stores what it is sent in the US store', async () => {
  await start()
  expect(server.url).toBe(`http://127.0.0.1:${server.port}`)
  const answer = await post(JSON.stringify(events(event())))
  expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
    200,
    'application/json',
    '{}'
  ])
  expect(regions()).toEqual(['US'])
})

it('stores in the region that it is told to', async () => {
  await start({ region: 'EU' })
  await post(JSON.stringify(events(event())))
  expect(regions()).toEqual(['EU'])
})

it('goes by the Host header where it is one of Heap’s', async () => {
  await start({ region: 'US' })
  expect(await postWithHost('c.eu.heap-api.com')).toBe(200)
  expect(await postWithHost('HeapAnalytics.com:8080')).toBe(200)
  expect(await postWithHost('example.com')).toBe(200)
  expect(regions()).toEqual(['EU', 'US'])
  expect(heap.requests.map(({ host }) => host)).toEqual(['c.eu.heap-api.com', 'heapanalytics.com', 'heapanalytics.com'])
})

it('refuses with 400, 404 and 405 as the emulator says', async () => {
  await start()
  const bad = await post('{"app_id":')
  expect([bad.status, await bad.text()]).toEqual([400, '{"error":"the body is not JSON"}'])
  const empty = await post('')
  expect([empty.status, await empty.text()]).toEqual([400, '{"error":"the body is not JSON"}'])
  const elsewhere = await post('{}', '/api/nowhere?x=1')
  expect([elsewhere.status, await elsewhere.text()]).toEqual([
    404,
    '{"error":"/api/nowhere?x=1 is not an endpoint of Heap that this emulator knows"}'
  ])
  const got = await fetch(server.url + TRACK)
  expect([got.status, got.headers.get('allow'), await got.text()]).toEqual([
    405,
    'POST',
    '{"error":"GET is not allowed here; send a POST"}'
  ])
})

it('takes 1000 events of several megabytes', async () => {
  await start()
  const custom_properties = Object.fromEntries(
    Array.from({ length: 8 }, (_, index) => [`property ${index}`, 'v'.repeat(1023)])
  )
  const entries = Array.from({ length: 1000 }, (_, index) =>
    event({ custom_properties, idempotency_key: `message-${index}` })
  )
  expect((await post(JSON.stringify(events(...entries)))).status).toBe(200)
  expect(heap.environment('US', APP_ID).events).toHaveLength(1000)
})

it('says in JSON that a body cannot be read', async () => {
  await start()
  const headers = { 'content-type': 'application/json', 'content-encoding': 'zip' }
  const answer = await post('{}', TRACK, { headers })
  expect([answer.status, await answer.json()]).toEqual([415, { error: 'unsupported content encoding "zip"' }])
})

it('resets the connection where told to', async () => {
  await start()
  heap.failNext({ connection: 'reset', after: 'storing' })
  const client = createRequestClient()
  const sent = client(server.url + INTEGRATIONS_TRACK, { method: 'post', json: events(event()) })
  await expect(sent).rejects.toMatchObject({ code: 'ECONNRESET' })
  expect(heap.environment('US', APP_ID).events).toHaveLength(1)
})

it('leaves a request without an answer until it is closed', async () => {
  await start()
  const received = new Promise<void>((resolve) => {
    heap.failWhen(() => {
      resolve()
      return 'no answer'
    })
  })
  const rejection = expect(post('{}')).rejects.toThrow('fetch failed')
  await received
  await server.close()
  await rejection
  await start()
})

it('answers 500 in JSON where a rule is broken', async () => {
  await start()
  heap.failWhen(() => {
    throw new Error('the rule is broken')
  })
  const answer = await post('{}')
  expect([answer.status, await answer.json()]).toEqual([500, { error: 'the rule is broken' }])
})

it('rejects where the port is taken', async () => {
  await start()
  await expect(listen(new HeapEmulator(), { port: server.port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
})
