import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Request, Response } from 'express'
import { WebSocket } from 'ws'
import heapDestination from '../../../destinations/heap'
import { EventStream } from '../eventStream'
import type { RunningServer } from '../server'
import { connect, SETTINGS, testServer, track, until } from './harness'

const { heap, results, said, start, ask, post, url } = testServer()

describe('who may use it', () => {
  const preflight = { 'access-control-request-method': 'POST', 'access-control-request-private-network': 'true' }

  it.each(['app.segment.com', 'eu1.app.segment.com', 'app.segment.build', 'eu1.app.segment.build'])(
    'lets pages of https://%s in',
    async (name) => {
      const origin = `https://${name}`
      const { status, headers } = await ask('OPTIONS', '/trackEvent', undefined, { origin, ...preflight })
      expect(status).toBe(204)
      expect(headers).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-allow-private-network': 'true',
        'access-control-allow-methods': expect.stringContaining('POST') as string
      })
      const answer = await ask('GET', '/manifest', undefined, { origin })
      expect(answer).toMatchObject({ status: 200, headers: { 'access-control-allow-origin': origin } })
    }
  )

  it.each([
    'https://evil.example',
    'https://app.segment.com.evil.example',
    'http://app.segment.com',
    'https://segment.build',
    'http://app.segment.build',
    'http://localhost:8000',
    'http://localhost',
    'https://localhost:3000',
    'null'
  ])('keeps pages of %s out', async (origin) => {
    for (const [method, path] of [
      ['OPTIONS', '/trackEvent'],
      ['GET', '/manifest'],
      ['POST', '/trackEvent'],
      ['GET', '/heap'],
      ['GET', '/events']
    ]) {
      const { status, headers } = await ask(method, path, undefined, { origin })
      expect(status).toBe(403)
      expect(headers).not.toHaveProperty('access-control-allow-origin')
      expect(headers).not.toHaveProperty('access-control-allow-private-network')
    }
  })

  it('lets its own pages in, under whichever name of this machine, and no other of this machine', async () => {
    const { port } = new URL(url())
    for (const name of ['localhost', '127.0.0.1', '[::1]', 'LOCALHOST']) {
      const host = `${name}:${port}`
      const answers = [`http://${host}`, `https://${host}`, `http://${name}:1`, `http://evil.example:${port}`].map(
        async (origin) => (await ask('GET', '/heap', undefined, { host, origin })).status
      )
      expect(await Promise.all(answers)).toStrictEqual([200, 403, 403, 403])
    }
    const crossed = { host: `localhost:${port}`, origin: `http://127.0.0.1:${port}` }
    expect(await ask('GET', '/heap', undefined, crossed)).toMatchObject({ status: 403 })
    const foreign = { host: 'evil.example', origin: 'http://evil.example' }
    expect(await ask('GET', '/heap', undefined, foreign)).toMatchObject({ status: 403 })
  })

  it('takes events from pages that are served on this machine, and from no others', async () => {
    const origin = 'http://localhost:5173'
    expect(await ask('POST', '/v1/t', track(1), { origin })).toMatchObject({
      status: 200,
      headers: { 'access-control-allow-origin': origin }
    })
    expect(await ask('POST', '/v1/t', track(2), { origin: 'https://evil.example' })).toMatchObject({ status: 403 })
    expect(await ask('POST', '/v1/t', track(3), { origin: 'https://localhost.evil.example' })).toMatchObject({
      status: 403
    })
    expect(results).toHaveLength(1)
  })

  it.each(['evil.example', 'localhost.evil.example:3000', '192.168.0.7:3000', '127.0.0.1.nip.io'])(
    'answers nothing under the name %s',
    async (host) => {
      expect(await ask('GET', '/manifest', undefined, { host })).toMatchObject({
        status: 403,
        body: { error: `The Host "${host}" is not this machine; use localhost.` }
      })
      expect(await ask('POST', '/v1/t', track(1), { host })).toMatchObject({ status: 403 })
    }
  )

  it.each(['localhost', '127.0.0.1:80', '[::1]:3000', 'LOCALHOST:3000'])('answers under the name %s', async (host) => {
    expect(await ask('GET', '/manifest', undefined, { host })).toMatchObject({ status: 200 })
  })
})

describe('the stream of results', () => {
  const WATCH = 'GET /events HTTP/1.1\r\nHost: localhost\r\n'
  const isOpen = (stream: ReturnType<typeof connect>) => until(() => stream.received().includes('text/event-stream'))

  /** The messages in what a reader received. */
  function messages(received: string): { id?: string; name: string; data: unknown }[] {
    const fields = (block: string, name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1]
    return received.split('\n\n').flatMap((block) => {
      const [name, data] = [fields(block, 'event'), fields(block, 'data')]
      return name === undefined || data === undefined ? [] : [{ id: fields(block, 'id'), name, data: JSON.parse(data) }]
    })
  }

  it('is a server-sent event for each event, with its steps', async () => {
    const stream = connect(url(), `${WATCH}\r\n`)
    await isOpen(stream)
    await post('/v1/batch', { batch: [track(1), 7] })
    await until(() => messages(stream.received()).length === 2)
    stream.socket.destroy()
    expect(stream.received()).toMatch(/^content-type: text\/event-stream\r$/im)
    expect(messages(stream.received())).toMatchObject([
      { name: 'dropped', data: { reason: 'batch[1] is not an object.' } },
      {
        name: 'result',
        data: {
          event: track(1),
          excluded: false,
          delivered: true,
          runs: [
            {
              subscription: 'Track Calls',
              action: 'trackEvent',
              payload: { message_id: 'message-1', identity: 'alice', event: 'Signed Up' },
              exchanges: [{ request: { body: { events: [{ event: 'Signed Up' }] } }, response: { statusCode: 200 } }]
            }
          ]
        }
      }
    ])
  })

  it('has every event, also one that nests deeper than JSON can be written', async () => {
    const stream = connect(url(), `${WATCH}\r\n`)
    await isOpen(stream)
    for (const depth of [1_000, 5_400, 20_000]) {
      results.length = 0
      heap.reset()
      const deep = `{"deep":${'['.repeat(depth)}${']'.repeat(depth)}}`
      await post('/v1/batch', `{"batch":${JSON.stringify([track(1), track(2), track(3)])},"context":${deep}}`)
      expect(results.map(({ delivered }) => delivered)).toStrictEqual([true, true, true])
      await until(() => messages(stream.received()).length === 3)
      expect(messages(stream.received())).toMatchObject(
        [1, 2, 3].map((number) => ({ name: 'result', data: { event: track(number), delivered: true } }))
      )
      stream.forget()
    }
    stream.socket.destroy()
  })

  it('answers who only asks for its head', async () => {
    const { received, closed } = connect(url(), 'HEAD /events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
    await closed
    expect(received()).toMatch(/^HTTP\/1\.1 200 OK\r\n.*text\/event-stream/s)
  })

  it('goes on for a reader that comes back, from where it was', async () => {
    const first = connect(url(), `${WATCH}\r\n`)
    await isOpen(first)
    await post('/v1/batch', { batch: [track(1), track(2)] })
    await until(() => messages(first.received()).length === 2)
    first.socket.destroy()
    const [{ id }] = messages(first.received())
    await post('/v1/track', track(3))

    const events = async (header: string) => {
      const reader = connect(url(), `${WATCH}${header}\r\n`)
      await isOpen(reader)
      await post('/v1/track', track(4))
      await until(() => reader.received().includes('message-4'))
      reader.socket.destroy()
      const found = messages(reader.received()).filter(({ name }) => name === 'result')
      return found.map(({ data }) => (data as { event: { messageId: string } }).event.messageId)
    }
    expect(await events(`Last-Event-ID: ${id}\r\n`)).toStrictEqual(['message-2', 'message-3', 'message-4'])
    expect(await events('')).toStrictEqual(['message-4'])
    expect(await events('Last-Event-ID: nonsense\r\n')).toContain('message-3')
  })

  it('holds a bounded amount for readers that do not read, and tells them what they missed', async () => {
    const stream = new EventStream(100_000)
    const responses: http.ServerResponse[] = []
    const server = http.createServer((request, response) => {
      responses.push(response)
      stream.open(request as Request, response as Response)
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const readers = [1, 2, 3].map(() =>
      connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, `${WATCH}\r\n`)
    )
    const [reading, ...others] = readers
    await Promise.all(readers.map(isOpen))
    for (const { socket } of others) socket.pause()
    let mostHeld = 0
    for (let number = 0; number < 2_000; number++) {
      stream.publish('result', { number, text: 'x'.repeat(10_000) })
      mostHeld = Math.max(mostHeld, ...responses.map(({ writableLength }) => writableLength))
      if (number % 5 === 0) await new Promise(setImmediate)
    }
    expect(mostHeld).toBeLessThan(200_000)
    for (const { socket } of others) socket.resume()
    const isLast = (reader: ReturnType<typeof connect>) => () => reader.received().includes('"number":1999')
    for (const reader of readers) await until(isLast(reader))
    for (const reader of readers) {
      const found = messages(reader.received())
      const missed = found
        .filter(({ name }) => name === 'missed')
        .map(({ data }) => (data as { events: number }).events)
      expect(found.length - missed.length + missed.reduce((sum, events) => sum + events, 0)).toBe(2_000)
      if (reader !== reading) expect(missed).not.toStrictEqual([])
      reader.socket.destroy()
    }
    server.close()
  })
})

describe('a connection', () => {
  it.each([
    ['noise', '\0\u0001\r\n\r\n', 400],
    ['TLS', '\u0016\u0003\u0001\0\u00a5', 400],
    ['no Host', 'GET /heap HTTP/1.1\r\n\r\n', 400],
    ['no Host, which HTTP/1.0 allows', 'GET /heap HTTP/1.0\r\n\r\n', 403],
    ['a header without an end', `GET /heap HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(70_000)}`, 431],
    [
      'two lengths',
      'POST /v1/t HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
      400
    ],
    ['a negative length', 'POST /v1/t HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n', 400],
    [
      'a chunk without a length',
      'POST /v1/t HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n',
      400
    ]
  ])('with %s is answered, and the server goes on', async (_what, request, status) => {
    const { received, closed } = connect(url(), request)
    await closed
    expect(received()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(await ask('GET', '/heap')).toMatchObject({ status: 200 })
    expect(results).toStrictEqual([])
  })

  it('is closed when its request does not come whole in time, and left alone when it does', async () => {
    const other = await start({ requestWithinMs: 200 })
    const halfway = [
      '',
      'POST /v1/track HT',
      'POST /v1/track HTTP/1.1\r\nHost: localhost\r\n',
      'POST /v1/track HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"event":'
    ].map((request) => connect(other.url, request))
    const watching = connect(other.url, 'GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await Promise.all(halfway.map(({ closed }) => closed))
    for (const { received } of halfway.slice(1)) expect(received()).toMatch(/^HTTP\/1\.1 408 Request Timeout/)
    await fetch(`${other.url}/v1/track`, { method: 'POST', body: JSON.stringify(track(1)) })
    await until(() => watching.received().includes('message-1'))
    expect(results).toHaveLength(1)
    await other.stop()
  })
})

describe('stopping', () => {
  it('lets what is under way come to its end, takes nothing new, and ends streams', async () => {
    const other = await start()
    const stream = connect(other.url, 'GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await until(() => stream.received().includes('text/event-stream'))

    const body = JSON.stringify(track(1))
    const head = `POST /v1/track HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\nExpect: 100-continue\r\n\r\n`
    const { socket, received, closed } = connect(other.url, head + body.slice(0, 9))
    await until(() => received().includes('100 Continue'))
    const stopped = other.stop()
    await until(() => stream.received().endsWith('\r\n0\r\n\r\n'))
    expect(await (await fetch(`${other.url}/manifest`)).json()).toStrictEqual({ error: 'The server is ending.' })
    socket.write(body.slice(9))
    await stopped
    await closed
    expect(received()).toContain('{"success":true}')
    expect(heap.environment('US', '12343283').events).toMatchObject([{ idempotency_key: 'message-1' }])
    await expect(fetch(`${other.url}/manifest`)).rejects.toThrow()
  })

  it('cuts no answer short that is slow to be taken', async () => {
    const other = await start()
    const properties = Object.fromEntries(Array.from('abcdefghij', (key) => [key, 'x'.repeat(1000)]))
    const payload = Array.from({ length: 1000 }, (_, number) => track(number, { properties }))
    await post('/trackEvent', { payload, settings: SETTINGS })
    const { socket, received, closed } = connect(other.url)
    socket.pause()
    socket.write('GET /heap HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await new Promise((go) => setTimeout(go, 300))
    const stopped = other.stop()
    socket.resume()
    await stopped
    await closed
    const [head, body] = received().split('\r\n\r\n')
    expect(body).toHaveLength(Number(/content-length: (\d+)/i.exec(head)?.[1]))
  })
})

describe('a change of the source', () => {
  let directory: string
  let definition: () => typeof heapDestination
  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'serve-'))
    definition = () => heapDestination
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  async function startWatching(): Promise<RunningServer> {
    const server = await start({ source: { directory, load: () => definition() } })
    // The port beside a free one, on which changes are announced, may be another program's.
    if (!said.some((line) => line.endsWith('is not told of changes.'))) return server
    said.length = 0
    await server.stop()
    return startWatching()
  }
  const change = (file: string) => writeFileSync(path.join(directory, file), String(Math.random()))

  function announcements(server: RunningServer, options: { origin?: string; headers?: { host: string } }) {
    const { hostname, port } = new URL(server.url)
    return new WebSocket(`ws://${hostname}:${Number(port) + 1}`, options)
  }

  it('is used and announced, once for several files; tests are none', async () => {
    const server = await startWatching()
    const messages: string[] = []
    const socket = announcements(server, { origin: 'https://app.segment.com' })
    socket.on('message', (message: Buffer) => messages.push(message.toString()))
    await once(socket, 'open')
    definition = () => ({ ...heapDestination, description: 'changed' })
    mkdirSync(path.join(directory, '__tests__'))
    change('__tests__/one.test.ts')
    change('one.ts')
    change('two.ts')
    await until(() => messages.length === 1)
    const manifest = (await (await fetch(`${server.url}/manifest`)).json()) as { description: string }
    expect(manifest.description).toBe('changed')
    expect(said.join()).toMatch(/^Reloaded after a change of (one|two)\.ts\.$/)

    definition = () => {
      throw new Error('two.ts:1:1: ERROR')
    }
    change('two.ts')
    await until(() => said.length === 2)
    expect(said[1]).toBe('two.ts cannot be used, so the last version stays: two.ts:1:1: ERROR')
    expect(await (await fetch(`${server.url}/manifest`)).json()).toStrictEqual(manifest)
    expect(messages).toStrictEqual(['change'])
    socket.close()
    await server.stop()
  })

  it('is announced to pages that may use the server, and to no others', async () => {
    const server = await startWatching()
    const { host, port } = new URL(server.url)
    for (const options of [{ origin: `http://${host}` }, { origin: 'https://app.segment.build' }, {}]) {
      const socket = announcements(server, options)
      await once(socket, 'open')
      socket.close()
    }
    for (const options of [
      { origin: 'https://evil.example' },
      { origin: `http://localhost:${Number(port) + 1}` },
      { headers: { host: 'evil.example' } },
      { headers: { host: 'evil.example' }, origin: 'http://evil.example' }
    ]) {
      const [error] = (await once(announcements(server, options), 'error')) as [Error]
      expect(error.message).toBe('Unexpected server response: 401')
    }
    await server.stop()
  })

  it('is awaited on also after a WebSocket that breaks the protocol', async () => {
    const server = await startWatching()
    const { port } = new URL(server.url)
    const key = Buffer.alloc(16).toString('base64')
    const upgrade = `GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`
    const { socket, received, closed } = connect(`http://localhost:${Number(port) + 1}`, upgrade)
    await until(() => received().includes('101 Switching Protocols'))
    // An unmasked frame, which no client may send.
    socket.write(Buffer.from([0x81, 0x01, 0x41]))
    await closed
    change('one.ts')
    await until(() => said.length === 1)
    await server.stop()
  })
})

describe('mappings of a file', () => {
  it('are used in place of the presets', async () => {
    const other = await start({
      mappingsFile: `${__dirname}/mappings.json`
    })
    await fetch(`${other.url}/v1/track`, { method: 'POST', body: JSON.stringify(track(1)) })
    await fetch(`${other.url}/v1/identify`, { method: 'POST', body: JSON.stringify({ userId: 'alice' }) })
    await other.stop()
    expect(results.map(({ runs }) => runs.map(({ subscription }) => subscription))).toStrictEqual([['Sign-ups'], []])
    expect(heap.environment('US', '12343283').events).toMatchObject([{ event: 'Account opened' }])
  })
})
