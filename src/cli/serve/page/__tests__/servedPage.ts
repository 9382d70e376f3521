import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { OutgoingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { HeapEmulator, interceptHeap } from '../../../../heap-emulator'
import { loadDefinition } from '../../../engine/definition'
import { presetSubscriptions } from '../../../engine/subscriptions'
import type { Subscription } from '../../../engine/subscriptions'
import { askServer } from '../../__tests__/harness'
import { startServer } from '../../server'
import type { RunningServer, ServerOptions } from '../../server'
import { Evaluator } from '../evaluator'

export const SETTINGS = { appId: '12343283' }

/** A server for each test of a file, with an emptied Heap behind it and the presets in its file of mappings. */
export function servePageForEachTest() {
  const folder = mkdtempSync(path.join(tmpdir(), 'mapping-page-'))
  const file = path.join(folder, 'mappings.json')
  const heap = new HeapEmulator({ keepRequests: 0 })
  // Its thread takes longer to start than a server.
  const evaluator = new Evaluator(SETTINGS)
  let server: RunningServer
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

  async function restart(options?: Partial<ServerOptions>): Promise<void> {
    await server.stop()
    server = await start(options)
  }

  /** Gives the status. */
  async function post(
    place: string,
    body: object,
    headers: OutgoingHttpHeaders = {},
    method = 'POST'
  ): Promise<number> {
    const asJson = { 'content-type': 'application/json', ...headers }
    return (await askServer(`${server.url}${place}`, method, body, asJson)).status
  }

  async function track(event: string, more: object = {}): Promise<void> {
    expect(await post('/v1/track', { userId: 'alice', event, ...more })).toBe(200)
  }

  const saved = () => JSON.parse(readFileSync(file, 'utf8')) as Subscription[]

  beforeAll(() => {
    interception = interceptHeap(heap, { allowLocal: true })
  })
  beforeEach(async () => {
    heap.reset()
    writeFileSync(file, JSON.stringify(presetSubscriptions(loadDefinition())))
    server = await start()
  })
  afterEach(() => server.stop())
  afterAll(async () => {
    await evaluator.restart()
    interception.restore()
    rmSync(folder, { recursive: true })
  })
  return { heap, evaluator, file, saved, restart, post, track, url: () => server.url }
}
