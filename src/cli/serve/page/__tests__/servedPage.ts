import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { HeapEmulator, interceptHeap } from '../../../../heap-emulator'
import { loadDefinition } from '../../../engine/definition'
import { presetSubscriptions } from '../../../engine/subscriptions'
import type { Subscription } from '../../../engine/subscriptions'
import { startServer } from '../../server'
import type { RunningServer, ServerOptions } from '../../server'
import { Evaluator } from '../evaluator'

export const SETTINGS = { appId: '12343283' }

/** The server of a test, and what it works with. */
export interface ServedPage {
  heap: HeapEmulator
  server: RunningServer
  /** Evaluates the mappings for all servers of a test file, as its thread takes longer to start than they. */
  evaluator: Evaluator
  /** The file of the mappings, which holds the presets. */
  file: string
  saved: () => Subscription[]
  /** Starts the server again. */
  restart: (options?: Partial<ServerOptions>) => Promise<void>
  /** Posts to the server, with whatever Host and Origin, which fetch would set itself; gives the status. */
  post: (place: string, body: object, headers?: http.OutgoingHttpHeaders, method?: string) => Promise<number>
  track: (event: string, more?: object) => Promise<void>
}

/** Has a server for each test of a file, with an emptied Heap behind it. */
export function servePageForEachTest(): ServedPage {
  const folder = mkdtempSync(path.join(tmpdir(), 'mapping-page-'))
  const file = path.join(folder, 'mappings.json')
  const heap = new HeapEmulator({ keepRequests: 0 })
  const evaluator = new Evaluator(SETTINGS)
  let interception: ReturnType<typeof interceptHeap>

  const start = (options?: Partial<ServerOptions>): Promise<RunningServer> =>
    startServer({
      port: 0,
      settings: SETTINGS,
      emulator: heap,
      mappingsFile: file,
      evaluator,
      onResult: () => undefined,
      say: () => undefined,
      ...options
    })

  const served: ServedPage = {
    heap,
    server: undefined as unknown as RunningServer,
    evaluator,
    file,
    saved: () => JSON.parse(readFileSync(file, 'utf8')) as Subscription[],
    async restart(options) {
      await served.server.stop()
      served.server = await start(options)
    },
    post(place, body, headers = {}, method = 'POST') {
      return new Promise((resolve, reject) => {
        const request = http.request(`${served.server.url}${place}`, {
          method,
          headers: { 'content-type': 'application/json', ...headers }
        })
        request.on('error', reject)
        request.on('response', (response) => response.resume().on('end', () => resolve(response.statusCode ?? 0)))
        request.end(JSON.stringify(body))
      })
    },
    async track(event, more = {}) {
      expect(await served.post('/v1/track', { userId: 'alice', event, ...more })).toBe(200)
    }
  }

  beforeAll(() => {
    interception = interceptHeap(heap, { allowLocal: true })
  })
  beforeEach(async () => {
    heap.reset()
    writeFileSync(file, JSON.stringify(presetSubscriptions(loadDefinition())))
    served.server = await start()
  })
  afterEach(() => served.server.stop())
  afterAll(async () => {
    await evaluator.restart()
    interception.restore()
    rmSync(folder, { recursive: true })
  })
  return served
}
