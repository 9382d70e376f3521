import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { SegmentEvent } from '@segment/actions-core'
import { HeapEmulator, interceptHeap } from '../../../heap-emulator'
import { FunctionsRuntime } from '../../../segment-functions'
import { COMMAND, COMMAND_FROM_SOURCE, ROOT, runNode } from '../../__tests__/run'
import { EMULATED_APP_ID, loadDefinition } from '../../engine/definition'
import { presetSubscriptions } from '../../engine/subscriptions'
import { build, functionPipeline } from '..'

let folder: string
beforeAll(async () => (folder = await mkdtemp(path.join(tmpdir(), 'function-'))))
afterAll(() => rm(folder, { recursive: true }))

/** Builds, and gives what was said. */
async function built(options: Parameters<typeof build>[0]): Promise<string> {
  const lines: string[] = []
  const log = jest.spyOn(console, 'log').mockImplementation((line) => lines.push(String(line)))
  try {
    expect(await build(options)).toBe(0)
  } finally {
    log.mockRestore()
  }
  return lines.join('\n')
}

describe('heap-destination function build', () => {
  it('writes the script and says how large it is', async () => {
    const out = path.join(folder, 'heap.js')
    const said = await built({ out })
    const code = await readFile(out, 'utf8')
    expect(said).toMatch(
      new RegExp(
        `^${out} has ${(Buffer.byteLength(code) / 1000).toFixed(1)} KB \\(\\d+\\.\\d KB gzipped\\)\\. Handlers: onTrack, `
      )
    )
    expect(new FunctionsRuntime(code).handlers).toContain('onBatch')
  })

  it('takes the mappings of a file, once they are sound', async () => {
    const mappings = path.join(folder, 'mappings.json')
    const out = path.join(folder, 'own.js')
    const own = { partnerAction: 'trackEvent', subscribe: 'type = "alias"', mapping: { event: 'Joined' } }
    await writeFile(
      mappings,
      JSON.stringify({ subscriptions: [own, { ...own, enabled: false, subscribe: 'type = "page"' }] })
    )
    expect(await built({ out, mappings, readable: true })).toContain('Handlers: onAlias, onDelete, onBatch.')
    await writeFile(mappings, JSON.stringify([{ ...own, enabled: false }]))
    await expect(build({ out, mappings })).rejects.toThrow('mappings.json: every subscription is switched off.')
    const link = path.join(folder, 'link.json')
    await symlink(mappings, link)
    for (const same of [path.join(folder, 'own/../mappings.json'), link]) {
      await expect(build({ out: same, mappings })).rejects.toThrow('The script would overwrite the mappings in ')
    }
    await writeFile(mappings, JSON.stringify([{ ...own, subscribe: 'type ~ "x' }]))
    await expect(build({ out, mappings })).rejects.toThrow(/mappings\.json: Subscription 1 /)
    await expect(build({ out: path.join(folder, 'nowhere/heap.js') })).rejects.toThrow('cannot be written (ENOENT).')
  })
})

describe('heap-destination function try', () => {
  const event: SegmentEvent = { type: 'track', event: 'Opened', messageId: 'message-0001', userId: 'ann' }
  const emulator = new HeapEmulator()
  const definition = loadDefinition()

  async function through<Result>(
    run: (pipeline: ReturnType<Awaited<ReturnType<typeof functionPipeline>>>) => Promise<Result>
  ) {
    emulator.reset()
    const settings = { appId: EMULATED_APP_ID, region: 'US' }
    const pipeline = (await functionPipeline(undefined))({
      definition,
      settings,
      subscriptions: presetSubscriptions(definition)
    })
    const interception = interceptHeap(emulator)
    try {
      return await run(pipeline)
    } finally {
      interception.restore()
    }
  }

  it('delivers every example through the script, and Heap holds the same as of send', async () => {
    const [tried, sent] = await Promise.all([
      runNode([COMMAND_FROM_SOURCE, 'function', 'try'], { cwd: ROOT }),
      runNode([COMMAND, 'send'], { cwd: ROOT })
    ])
    expect(tried).toMatchObject({ status: 0, errors: '' })
    expect(tried.output).toContain('✔ track "Signed Up"')
    expect(tried.output).toContain('POST https://heapanalytics.com/api/integrations/track → 200 {}')
    expect(tried.output.trim()).toMatch(/10 of 10 events delivered\.$/)
    const held = ({ output }: typeof sent) => output.slice(output.indexOf('Heap (US, App ID'))
    expect(held(tried)).toBe(held(sent))
  })

  it('shows of each event what the handler sent and got', async () => {
    const result = await through((pipeline) => pipeline.send(event))
    expect(result).toMatchObject({ delivered: true, excluded: false, runs: [{ action: 'onTrack', exchanges: [{}] }] })
    expect(result).toMatchObject({
      runs: [
        {
          exchanges: [
            { request: { method: 'POST', body: { app_id: EMULATED_APP_ID } }, response: { statusCode: 200, body: {} } }
          ]
        }
      ]
    })
    const refused = await through((pipeline) => pipeline.send({ ...event, userId: 'null' }))
    expect(refused).toMatchObject({
      delivered: false,
      runs: [{ error: { code: 'InvalidEventPayload' }, exchanges: [] }]
    })
    expect(await through((pipeline) => pipeline.send({ ...event, type: 'alias' }))).toMatchObject({
      delivered: false,
      runs: []
    })
    const reset = await through((pipeline) => {
      emulator.failNext('reset')
      return pipeline.send(event)
    })
    expect(reset).toMatchObject({
      runs: [
        { error: { code: 'RetryError' }, exchanges: [{ failure: expect.stringContaining('ECONNRESET') as string }] }
      ]
    })
    expect(reset.runs[0].exchanges[0]).not.toHaveProperty('response')
  })

  it('takes batches through onBatch', async () => {
    const results = await through((pipeline) =>
      pipeline.sendBatch([event, { ...event, userId: 'null' }, { ...event, integrations: { All: false } }])
    )
    expect(results).toMatchObject([
      { delivered: true, runs: [{ action: 'onBatch' }] },
      { delivered: false, runs: [{ action: 'onBatch', error: { status: 400 } }] },
      { delivered: false, excluded: true, runs: [] }
    ])
    const none = [{ ...event, integrations: { All: false } }]
    expect(await through((pipeline) => pipeline.sendBatch(none))).toMatchObject([{ excluded: true }])
  })

  it.each([
    [{ All: false }, true],
    [{ All: false, 'Heap (acme)': true }, false],
    [{ 'Heap (acme)': false }, true],
    [{ Heap: false }, false],
    [null, false]
  ])('goes by the function’s full name in integrations: %j', async (integrations, excluded) => {
    const given = { ...event, integrations } as SegmentEvent
    expect(await through((pipeline) => pipeline.send(given))).toMatchObject({ excluded, delivered: !excluded })
  })
})
