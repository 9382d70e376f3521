import http from 'node:http'
import net from 'node:net'
import { once } from 'node:events'
import { HeapEmulator, interceptHeap } from '../../../heap-emulator'
import type { EventResult, RecordedRun } from '../../engine/eventResult'
import { startServer } from '../server'
import type { RunningServer, ServerOptions } from '../server'

export const SETTINGS = { appId: '12343283', apiKey: 'test-key' }

/** What is asked goes over the wire: nock, which carries what is for Heap, keeps a request back until its body is whole. */
const originalRequest = http.request

interface HttpResponse {
  status: number
  headers: http.IncomingHttpHeaders
  body: unknown
}

/** Asks a server. Not with fetch, which sets Host and Origin itself. */
export function askServer(
  url: string,
  method: string,
  body?: unknown,
  headers: http.OutgoingHttpHeaders = {}
): Promise<{ status: number; headers: http.IncomingHttpHeaders; text: string }> {
  return new Promise((resolve, reject) => {
    const request = originalRequest(url, { method, headers }, (response) => {
      let text = ''
      response.on('data', (chunk) => (text += chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
    })
    request.on('error', reject)
    request.end(typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body))
  })
}

/** A server for the tests of a file, with an emulator that is emptied before each test. */
export function testServer() {
  const heap = new HeapEmulator({ apiKeys: { '12343283': 'test-key' } })
  const results: EventResult<RecordedRun>[] = []
  const said: string[] = []
  let server: RunningServer
  let interception: ReturnType<typeof interceptHeap>

  const start = (options: Partial<ServerOptions> = {}): Promise<RunningServer> =>
    startServer({
      port: 0,
      settings: { appId: '12343283' },
      emulator: heap,
      onResult: (result) => results.push(result),
      say: (text) => said.push(text),
      ...options
    })

  beforeAll(async () => {
    interception = interceptHeap(heap, { allowLocal: true })
    server = await start()
  })
  afterAll(async () => {
    await server.stop()
    interception.restore()
  })
  beforeEach(() => {
    heap.reset()
    results.length = 0
    said.length = 0
  })

  async function ask(
    method: string,
    path: string,
    body?: unknown,
    headers?: http.OutgoingHttpHeaders
  ): Promise<HttpResponse> {
    const { text, ...response } = await askServer(`${server.url}${path}`, method, body, headers)
    return { ...response, body: text === '' ? undefined : (JSON.parse(text) as unknown) }
  }

  async function post(path: string, body: unknown, headers?: Record<string, string>): Promise<unknown> {
    const answer = await ask('POST', path, body, headers)
    expect(answer).toMatchObject({ status: 200 })
    return answer.body
  }

  return { heap, results, said, start, ask, post, url: () => server.url }
}

export function track(number: number, more: object = {}) {
  return { type: 'track', event: 'Signed Up', messageId: `message-${number}`, userId: 'alice', ...more }
}

/** A bare connection to a server. */
export function connect(url: string, request = '') {
  const { hostname, port } = new URL(url)
  const socket = net.connect(Number(port), hostname)
  let received = ''
  socket.on('data', (chunk) => (received += chunk.toString()))
  socket.on('error', () => undefined)
  if (request !== '') socket.write(request)
  return { socket, received: () => received, forget: () => (received = ''), closed: once(socket, 'close') }
}

export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((go) => setTimeout(go, 5))
}
