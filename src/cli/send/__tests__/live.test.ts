import { readdirSync, writeFileSync } from 'node:fs'
import { PassThrough, Readable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { HeapEmulator, interceptHeap } from '../../../heap-emulator'
import type { Interception } from '../../../heap-emulator'
import type { Host } from '../host'
import { inNewFolders, read, track, write } from './folder'
import { sendHere, startHere } from './sendHere'

inNewFolders()

let heap: HeapEmulator
let interception: Interception
beforeEach(() => {
  heap = new HeapEmulator()
  interception = interceptHeap(heap)
})
afterEach(() => interception.restore())

const APP_ID = '12343283'

/** Sends with --live, to the emulator that stands here in the place of Heap. */
function startLive(args: string[], host: Partial<Host> = {}) {
  return startHere(['--live', '--app-id', APP_ID, ...args], host)
}

function storedIds(): (string | undefined)[] {
  return heap.environment('US', APP_ID).events.map(({ idempotency_key }) => idempotency_key)
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await setTimeout(1)
}

/** Waits until Ctrl-C, so that a send that has to wait can be stopped there. */
const wait: Host['wait'] = (_ms, signal) => setTimeout(60_000, undefined, { signal })

describe('send --live', () => {
  it('sends the others in batches where the framework fails over one of them', async () => {
    write('events.ndjson', [
      ...Array.from({ length: 500 }, (_, index) => track(index)),
      JSON.stringify(track(500)).replace(/}$/, `,"properties":${'{"a":'.repeat(9000)}1${'}'.repeat(9000)}}`),
      ...Array.from({ length: 499 }, (_, index) => track(1000 + index))
    ])
    const { output } = await startLive(['events.ndjson', '--failed', 'failed.ndjson', '--rate', '1000000']).ended
    expect(output).toContain('999 of 1,000 events delivered.\n')
    expect(storedIds()).toHaveLength(999)
    expect(heap.requests.length).toBeLessThan(30)
    expect(read('failed.ndjson')).toMatchObject([
      { line: 501, text: expect.stringContaining('"message-500"') as string }
    ])
  })

  it('sends again what Heap may take later, and nothing else', async () => {
    write('events.ndjson', [track(1), track(2, { userId: undefined }), track(3)])
    heap.failNext({ status: 503 }, 1, '/api/integrations/track')
    heap.failNext({ status: 500, after: 'storing' }, 1, '/api/integrations/track')
    const { status, output } = await startLive(['events.ndjson', '--failed', 'failed.ndjson']).ended
    expect(status).toBe(1)
    expect(output).toMatch(/^2 of 3 events delivered\.\n {2}1 not delivered: 400 PAYLOAD_VALIDATION_FAILED\n/)
    expect(storedIds()).toStrictEqual(['message-1', 'message-3'])
    expect(heap.requests.filter(({ path }) => path === '/api/integrations/track')).toHaveLength(3)
  })

  it('says at the first retry why, when the next try is and which of how many, and no more than once', async () => {
    write('events.ndjson', [track(1), track(2)])
    heap.failNext({ status: 503, body: 'under\nmaintenance' }, 5, '/api/integrations/track')
    heap.failNext('reset', 2, '/api/integrations/track')
    const { output, errors } = await startLive(['events.ndjson', '--json']).ended
    const lines = errors.trimEnd().split('\n')
    expect(lines).toHaveLength(2)
    expect(lines[0]).toMatch(
      /^The event was not stored: Heap answered 503: under maintenance\.? \(503 SERVICE_UNAVAILABLE\) Trying again in (0\.[5-9]|1\.0) seconds \(1 of 7\)\.$/
    )
    expect(lines[1]).toMatch(/Heap could not be reached .* Trying again in \d+\.\d seconds \(\d of 7\)\.$/)
    expect(output.trimEnd().split('\n').at(-1)).toMatch(/"read":2,"delivered":2/)
  })

  it('lists what Heap does not take however often it is tried', async () => {
    write('events.ndjson', [track(1)])
    heap.failWhen(() => ({ status: 503 }))
    const { output } = await startLive(['events.ndjson', '--failed', 'failed.ndjson', '--retries', '1']).ended
    expect(output).toContain('0 of 1 events delivered.\n  1 not delivered: 503 SERVICE_UNAVAILABLE\n')
    expect(heap.requests).toHaveLength(2)
    expect(read('failed.ndjson')).toMatchObject([{ line: 1, event: { messageId: 'message-1' } }])
  })

  it('stops on Ctrl-C where it is, and goes on there with --resume', async () => {
    const events = Array.from({ length: 3500 }, (_, index) => track(index))
    write('events-1.ndjson', events.slice(0, 1200))
    write('events-2.ndjson', [...events.slice(1200, 3400), '{broken', ...events.slice(3400)])
    // A request for each of the first two batches, and then Heap is down.
    heap.failWhen(() => (heap.requests.length >= 2 ? { status: 503 } : undefined))
    const args = ['events-1.ndjson', 'events-2.ndjson', '--failed', 'failed.ndjson', '--rate', '1000000']
    const { stop, ended } = startLive(args, { wait })
    await until(() => heap.requests.length > 2)
    stop()
    const stopped = await ended
    expect(stopped.status).toBe(130)
    expect(stopped.errors).toBe('Stopped after events-2.ndjson:800. The same command with --resume goes on there.\n')
    expect(storedIds()).toHaveLength(2000)

    const other = await sendHere(['events-1.ndjson', '--resume'])
    expect(other.errors).toBe(
      'error: No stopped send of these files, to this App ID and with these mappings, is known in this folder.\n'
    )
    const unnamed = await startLive([...args.slice(0, 2), '--resume']).ended
    expect(unnamed.errors).toBe('error: The stopped send wrote to failed.ndjson: go on with --failed failed.ndjson.\n')

    heap.reset()
    const resumed = await startLive([...args, '--resume']).ended
    expect(resumed.status).toBe(1)
    expect(resumed.output).toMatch(/^3,500 of 3,500 events delivered\. 1 more could not be read\.\n/)
    expect(storedIds()).toStrictEqual(events.slice(2000).map(({ messageId }) => messageId))
    expect(read('failed.ndjson')).toMatchObject([{ source: 'events-2.ndjson', line: 2201, text: '{broken' }])
    expect(readdirSync('.').filter((name) => name.startsWith('heap-destination'))).toStrictEqual([])
  })

  /** Stops a send of 1,500 events after the first 1,000; what it says. */
  async function stopAfterFirstBatch(...args: string[]): Promise<string> {
    heap.failWhen(() => (heap.requests.length >= 1 ? { status: 503 } : undefined))
    const { stop, ended } = startLive([...args, '--rate', '1000000'], { wait })
    await until(() => heap.requests.length > 1)
    stop()
    const { errors } = await ended
    heap.reset()
    return errors
  }
  const many = Array.from({ length: 1500 }, (_, index) => track(index, index === 7 ? { userId: 'null' } : {}))
  const theRest = many.slice(1000).map(({ messageId }) => messageId)

  it('sends nothing more once it has stopped, nor waits for the next try', async () => {
    write('events.ndjson', [track(1)])
    heap.failWhen(() => ({ status: 429 }))
    const waits: number[] = []
    const { stop, ended } = startLive(['events.ndjson', '--failed', 'failed.ndjson'], {
      wait(ms, signal) {
        waits.push(ms)
        return setTimeout(waits.length === 3 ? 60_000 : 1, undefined, { signal })
      }
    })
    await until(() => waits.length === 3)
    stop()
    expect(await ended).toMatchObject({ status: 130, output: 'No event was delivered.\n' })
    expect(heap.requests).toHaveLength(3)
    for (const [index, ms] of waits.entries()) {
      expect(ms).toBeGreaterThanOrEqual(500 * 2 ** index)
      expect(ms).toBeLessThanOrEqual(1000 * 2 ** index)
    }
  })

  it.each([
    ['a folder', () => ['.']],
    ['all files of one', () => readdirSync('.').filter((name) => name.endsWith('json'))]
  ])('goes on with %s, whatever it has written there itself', async (_what, names) => {
    write('events.ndjson', many)
    write('failed.ndjson', [])
    expect(await stopAfterFirstBatch(...names(), '--failed', 'failed.ndjson')).toContain(
      'Stopped after events.ndjson:1000.'
    )
    const resumed = startLive([...names(), '--failed', 'failed.ndjson', '--resume'])
    expect((await resumed.ended).output).toContain('1,499 of 1,500 events delivered.\n')
    expect(storedIds()).toStrictEqual(theRest)
  })

  it('goes on with the standard input, if that is the same again', async () => {
    const text = many.map((event) => `${JSON.stringify(event)}\n`).join('')
    heap.failWhen(() => (heap.requests.length >= 1 ? { status: 503 } : undefined))
    const inputOf = (input: string) => ({ input: Readable.from([Buffer.from(input)]) })
    const first = startLive(['-', '--failed', 'failed.ndjson', '--rate', '1000000'], { ...inputOf(text), wait })
    await until(() => heap.requests.length > 1)
    first.stop()
    expect((await first.ended).errors).toContain('Stopped after standard input:1000.')
    heap.reset()

    for (const other of [text.split('\n').reverse().join('\n'), text.slice(0, 5000)]) {
      const { ended } = startLive(['-', '--failed', 'failed.ndjson', '--resume'], inputOf(other))
      expect(await ended).toStrictEqual({
        status: 1,
        output: '',
        errors:
          'error: standard input is not as it was when the send stopped, so it cannot go on. Send without --resume, and with another --failed: what Heap has is not stored again.\n'
      })
    }
    expect(heap.requests).toStrictEqual([])
    const { ended } = startLive(['-', '--failed', 'failed.ndjson', '--resume'], inputOf(text))
    expect((await ended).output).toContain('1,499 of 1,500 events delivered.\n')
    expect(storedIds()).toStrictEqual(theRest)
  })

  it('goes on where it was stopped between two sources', async () => {
    write('events.ndjson', many.slice(0, 5))
    const input = new PassThrough()
    const first = startLive(['events.ndjson', '-', '--rate', '1000000'], { input })
    // Nothing comes through the standard input, which is read once the file has been.
    await until(() => input.listenerCount('readable') > 0)
    first.stop()
    expect((await first.ended).errors).toContain('Stopped after events.ndjson:5.')
    const anew = await startLive(['events.ndjson', '-', '--rate', '1000000']).ended
    expect(anew.errors).toMatch(
      /^error: An earlier send of these files was stopped\. Go on with --resume, or delete heap-/
    )
    const { ended } = startLive(['events.ndjson', '-', '--resume'], {
      input: Readable.from([Buffer.from(JSON.stringify(many[5]))])
    })
    expect((await ended).output).toContain('6 of 6 events delivered.\n')
    expect(storedIds()).toStrictEqual(many.slice(0, 6).map(({ messageId }) => messageId))
  })

  it('does not go on where something else than the length of a file has changed', async () => {
    write('events.ndjson', many)
    const mapping = (name: string) => {
      const fields = { message_id: { '@path': '$.messageId' }, identity: { '@path': '$.userId' }, event: name }
      return JSON.stringify([{ partnerAction: 'trackEvent', subscribe: 'type = "track"', mapping: fields }])
    }
    writeFileSync('mappings.json', mapping('One'))
    const args = ['events.ndjson', '--failed', 'failed.ndjson', '--mappings', 'mappings.json']
    expect(await stopAfterFirstBatch(...args)).toContain('Stopped after events.ndjson:1000.')
    const resume = async () => {
      const { output, errors } = await startLive([...args, '--resume']).ended
      return errors + output
    }

    writeFileSync('mappings.json', mapping('Two'))
    expect(await resume()).toContain('error: No stopped send of these files, to this App ID and with these mappings')
    writeFileSync('mappings.json', mapping('One'))

    write('events.ndjson', [...many.slice(1, 1000), many[0], ...many.slice(1000)])
    expect(await resume()).toContain('error: events.ndjson is not as it was when the send stopped')
    write('events.ndjson', many)

    expect(heap.requests).toStrictEqual([])
    expect(await resume()).toContain('1,499 of 1,500 events delivered.\n')
    expect(storedIds()).toStrictEqual(theRest)
  })

  it('does not go on with a file that has changed since', async () => {
    write('events.ndjson', [track(1)])
    heap.failWhen(() => ({ status: 503 }))
    const { stop, ended } = startLive(['events.ndjson', '--failed', 'failed.ndjson'], { wait })
    await until(() => heap.requests.length > 0)
    stop()
    expect((await ended).errors).toContain('Stopped after the start.')
    write('events.ndjson', [track(1), track(2)])
    const { status, errors } = await startLive(['events.ndjson', '--failed', 'failed.ndjson', '--resume']).ended
    expect(status).toBe(1)
    expect(errors).toBe(
      'error: events.ndjson is not as it was when the send stopped, so it cannot go on. Send without --resume, and with another --failed: what Heap has is not stored again.\n'
    )
  })

  it('sends what has come through the standard input before Ctrl-C', async () => {
    const input = new PassThrough()
    const { stop, ended } = startLive(['-', '--failed', 'failed.ndjson'], { input })
    input.write(`${JSON.stringify(track(1))}\n${JSON.stringify(track(2))}\n`)
    await until(() => input.listenerCount('readable') > 0 && input.readableLength === 0)
    stop()
    expect((await ended).errors).toContain('Stopped after standard input:2.')
    expect(storedIds()).toStrictEqual(['message-1', 'message-2'])
  })
})
