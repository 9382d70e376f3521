import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { HeapEmulator, listen } from '../../../heap-emulator'
import type { ListeningEmulator } from '../../../heap-emulator'
import { heapDestination, ROOT, run } from '../../__tests__/run'

let folder: string
let heap: HeapEmulator
let server: ListeningEmulator

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'bulk-'))
  heap = new HeapEmulator()
  server = await listen(heap)
})
afterEach(async () => {
  await server.close()
  rmSync(folder, { recursive: true })
})

const APP_ID = '12343283'

function track(number: number, more: object = {}) {
  return { type: 'track', event: 'Counted', messageId: `message-${number}`, userId: `user-${number % 7}`, ...more }
}

function write(name: string, lines: (object | string)[]): void {
  const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')
  writeFileSync(path.join(folder, name), name.endsWith('.gz') ? gzipSync(text) : text)
}

function read(name: string): unknown[] {
  return readFileSync(path.join(folder, name), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown)
}

/** Sends with the emulator inside the command. */
function send(...args: string[]) {
  return heapDestination(['send', ...args], { cwd: folder })
}

/** Sends with --live, to the emulator that listens here in the place of Heap. */
function startLive(...args: string[]) {
  const child = spawn(
    process.execPath,
    [
      ...['--require', path.join(ROOT, 'soak/localHeap.js'), path.join(ROOT, 'bin/heap-destination.js'), 'send'],
      ...['--live', '--app-id', APP_ID, ...args]
    ],
    {
      cwd: folder,
      env: { ...process.env, LOCAL_HEAP_PORT: String(server.port), PEAK_MEMORY_FILE: path.join(folder, 'peak') }
    }
  )
  let output = ''
  child.stdout.on('data', (text) => (output += text))
  child.stderr.on('data', (text) => (output += text))
  const ended = once(child, 'close').then(([status]) => ({ status: status as number, output }))
  return { child, ended }
}

function storedIds(): (string | undefined)[] {
  return heap.environment('US', APP_ID).events.map(({ idempotency_key }) => idempotency_key)
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((go) => setTimeout(go, 20))
}

describe('send --failed', () => {
  it('lists what was not delivered with the reason, and can be sent again once that is mended', async () => {
    const refused = track(2, { userId: undefined })
    const alias = { type: 'alias', userId: 'a', previousId: 'b' }
    write('events.ndjson', [track(1), refused, '{"type":', alias, track(3), 'null'])
    const { status, output, errors } = await send('events.ndjson', '--failed', 'failed.ndjson')

    expect({ status, output, errors }).toStrictEqual({
      status: 1,
      output: `2 of 4 events delivered. 2 more could not be read.
  1 not delivered: 400 PAYLOAD_VALIDATION_FAILED
  1 not delivered: no mapping takes alias calls
`,
      errors: 'What was not delivered is in failed.ndjson, with the reason; send it again once that is mended.\n'
    })
    const source = 'events.ndjson'
    expect(read('failed.ndjson')).toStrictEqual([
      {
        reason:
          'trackEvent: Identity and Anonymous ID are both missing, so Heap cannot tell whose event this is. Map at least one of them. (400 PAYLOAD_VALIDATION_FAILED)',
        source,
        line: 2,
        event: JSON.parse(JSON.stringify(refused)) as object
      },
      { reason: expect.stringContaining('is not JSON') as string, source, line: 3, text: '{"type":' },
      { reason: 'Not sent: no mapping takes alias calls.', source, line: 4, event: alias },
      { reason: 'is not a Segment event: it is null, not an object', source, line: 6, text: 'null' }
    ])

    const mended = readFileSync(path.join(folder, 'failed.ndjson'), 'utf8').replace(
      '"Counted",',
      '"Counted","userId":"u",'
    )
    writeFileSync(path.join(folder, 'mended.ndjson'), mended)
    const again = await send('mended.ndjson', '--failed', 'failed-again.ndjson')
    expect(again.output).toMatch(/^1 of 2 events delivered\. 2 more could not be read\./)
    expect(read('failed-again.ndjson')).toMatchObject([
      { text: '{"type":', line: 2 },
      { event: alias },
      { text: 'null' }
    ])
  })

  it('leaves no file of its own behind when it has ended', async () => {
    write('events.ndjson', [track(1)])
    await send('events.ndjson', '--failed', 'failed.ndjson')
    expect(readdirSync(folder).sort()).toStrictEqual(['events.ndjson', 'failed.ndjson'])
    expect(readFileSync(path.join(folder, 'failed.ndjson'), 'utf8')).toBe('')
  })

  it('does not write over what a file holds already', async () => {
    write('events.ndjson', [track(1)])
    write('failed.ndjson', ['precious'])
    const { status, output, errors } = await send('events.ndjson', '--failed', 'failed.ndjson')
    expect({ status, output, errors }).toStrictEqual({
      status: 1,
      output: '',
      errors:
        'error: failed.ndjson exists already. Name another file, or go on with --resume if it is of a stopped send.\n'
    })
    expect(readFileSync(path.join(folder, 'failed.ndjson'), 'utf8')).toBe('precious')
  })

  it('reads the standard input once', async () => {
    const { status, errors } = await send('-', '-')
    expect({ status, errors }).toStrictEqual({ status: 1, errors: 'error: The standard input can be named once.\n' })
  })

  it('says in one line that a disk is full', async () => {
    write('events.ndjson', [track(1)])
    const script = `exec "${process.execPath}" "${path.join(ROOT, 'bin/heap-destination.js')}" send events.ndjson > /dev/full`
    const { status, errors } = await run('sh', ['-c', script], { cwd: folder })
    expect({ status, errors }).toStrictEqual({
      status: 1,
      errors: 'The output cannot be written: ENOSPC: no space left on device, write\n'
    })
  })

  it('lists an event that nests too deep by its text, and can be sent again', async () => {
    const deep = JSON.stringify(track(1, { properties: { deep: 0 } })).replace(
      '"deep":0',
      `"deep":${'['.repeat(20_000)}${']'.repeat(20_000)}`
    )
    write('events.ndjson', [deep, track(2)])
    for (const [from, to] of [
      ['events.ndjson', 'failed.ndjson'],
      ['failed.ndjson', 'again.ndjson']
    ]) {
      const { output, errors } = await send(from, '--failed', to)
      expect(output).toContain('1 not delivered: ')
      expect(errors).toMatch(/^What was not delivered is in .*\n$/)
    }
    expect(read('failed.ndjson')).toMatchObject([{ line: 1, text: deep }])
    expect(readFileSync(path.join(folder, 'again.ndjson'), 'utf8')).toContain('[[[[')
  })
})

describe('send of many events', () => {
  it('shows the first 20, sends the rest in batches, and names those that fail', async () => {
    const events = Array.from({ length: 1500 }, (_, index) => track(index))
    events[100] = track(100, { userId: ' null ' })
    write('events.ndjson.gz', events)
    const { status, output, errors } = await send('events.ndjson.gz')
    expect({ status, errors }).toStrictEqual({ status: 1, errors: '' })
    expect(output.match(/^✔ track "Counted"/gm)).toHaveLength(20)
    expect(output).toContain('✘ events.ndjson.gz:101 trackEvent: Identity is "null", a placeholder that names nobody')
    expect(output).toMatch(/\n1,499 of 1,500 events delivered\.\n {2}1 not delivered: 400 PAYLOAD_VALIDATION_FAILED\n$/)
  })

  it('delivers the neighbours of an event that the framework itself fails over', async () => {
    const deep = `${'{"a":'.repeat(4000)}1${'}'.repeat(4000)}`
    write('events.ndjson', [track(1), JSON.stringify(track(2)).replace(/}$/, `,"properties":${deep}}`), track(3)])
    const { output } = await send('events.ndjson', '--failed', 'failed.ndjson')
    expect(output).toBe('2 of 3 events delivered.\n  1 not delivered: Maximum call stack size exceeded\n')
    expect(read('failed.ndjson')).toMatchObject([{ line: 2, event: { messageId: 'message-2' } }])
  })

  it('still sends the others in batches', async () => {
    write('events.ndjson', [
      ...Array.from({ length: 500 }, (_, index) => track(index)),
      '{"type":"track","event":"Odd","messageId":"message-odd","userId":"u","context":null}',
      ...Array.from({ length: 499 }, (_, index) => track(1000 + index))
    ])
    const { output } = await startLive('events.ndjson', '--failed', 'failed.ndjson', '--rate', '1000000').ended
    expect(output).toContain('999 of 1,000 events delivered.\n')
    expect(storedIds()).toHaveLength(999)
    expect(heap.requests.length).toBeLessThan(30)
    expect(read('failed.ndjson')).toMatchObject([{ line: 501, event: { messageId: 'message-odd' } }])
  })

  it('goes on after an event whose name is no text', async () => {
    const odd = { event: { toString: 1 } }
    write('events.ndjson', [track(1, odd), '{"type":"identify","name":{"toString":1},"userId":"u"}', track(2)])
    const { output, errors } = await send('events.ndjson')
    expect(errors).toBe('')
    expect(output).toMatch(/✘ track {2}\(events\.ndjson:1\)[^]*✔ identify {2}\(events\.ndjson:2\)[^]*✔ track "Counted"/)
    expect(output).toContain('2 of 3 events delivered.')
  })

  it('keeps what the integrations of an event keep from Heap', async () => {
    write('events.ndjson', [
      track(1, { integrations: { All: false } }),
      track(2, { integrations: { All: true, Heap: false } }),
      track(3, { integrations: { All: false, Heap: true } }),
      track(4, { integrations: { 'Some Other': false } })
    ])
    const { status, output } = await send('events.ndjson', '--failed', 'failed.ndjson')
    expect({ status, output }).toStrictEqual({
      status: 0,
      output: '2 of 4 events delivered.\n  2 left out: their "integrations" keep them from Heap\n'
    })
  })

  it('reads a broken archive as far as it goes, and says where it ends', async () => {
    write(
      'events.ndjson.gz',
      Array.from({ length: 50 }, (_, index) => track(index))
    )
    const file = path.join(folder, 'events.ndjson.gz')
    writeFileSync(file, readFileSync(file).subarray(0, -30))
    const { status, output } = await send('events.ndjson.gz', '--failed', 'failed.ndjson')
    expect(status).toBe(1)
    expect(output).toMatch(/^\d+ of \d+ events delivered\. 2 more could not be read\.\n/)
    // The line that it breaks off in, and all that would have followed.
    expect(read('failed.ndjson')).toMatchObject([
      { reason: expect.stringContaining('is not JSON') as string, text: expect.stringMatching(/^\{/) as string },
      { reason: 'cannot be read: unexpected end of file' }
    ])
  })

  it('sends through the mappings of a file', async () => {
    write('events.ndjson', [track(1, { userId: undefined, context: { device: { id: 'device-1' } } })])
    writeFileSync(
      path.join(folder, 'mappings.json'),
      JSON.stringify([
        {
          name: 'By device',
          enabled: true,
          partnerAction: 'trackEvent',
          subscribe: 'event = "Counted"',
          mapping: {
            message_id: { '@path': '$.messageId' },
            event: 'Mapped',
            anonymous_id: { '@path': '$.context.device.id' }
          }
        },
        { enabled: false, partnerAction: 'trackEvent', subscribe: 'type = "track"', mapping: {} }
      ])
    )
    const { status, output } = await send('events.ndjson', '--json', '--mappings', 'mappings.json')
    expect(status).toBe(0)
    const [result] = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { runs: object[] })
    expect(result.runs).toMatchObject([
      {
        subscription: 'By device',
        payload: { message_id: 'message-1', event: 'Mapped', anonymous_id: 'device-1' },
        exchanges: [{ request: { body: { events: [{ event: 'Mapped' }] } }, response: { statusCode: 200 } }]
      }
    ])
  })

  it('refuses mappings that cannot work, in one line', async () => {
    writeFileSync(path.join(folder, 'mappings.json'), 'no JSON')
    write('events.ndjson', [track(1)])
    const { status, output, errors } = await send('events.ndjson', '--mappings', 'mappings.json')
    expect({ status, output, errors }).toStrictEqual({
      status: 1,
      output: '',
      errors: 'error: mappings.json is not JSON.\n'
    })
  })
})

describe('send --live', () => {
  it('sends again what Heap may take later, and nothing else', async () => {
    write('events.ndjson', [track(1), track(2, { userId: undefined }), track(3)])
    heap.failNext({ status: 503 }, 1, '/api/integrations/track')
    heap.failNext({ status: 500, after: 'storing' }, 1, '/api/integrations/track')
    const { status, output } = await startLive('events.ndjson', '--failed', 'failed.ndjson').ended
    expect(status).toBe(1)
    expect(output).toMatch(/^2 of 3 events delivered\.\n {2}1 not delivered: 400 PAYLOAD_VALIDATION_FAILED\n/)
    expect(storedIds()).toStrictEqual(['message-1', 'message-3'])
    expect(heap.requests.filter(({ path }) => path === '/api/integrations/track')).toHaveLength(3)
  })

  it('lists what Heap does not take however often it is tried', async () => {
    write('events.ndjson', [track(1)])
    heap.failWhen(() => ({ status: 503 }))
    const { output } = await startLive('events.ndjson', '--failed', 'failed.ndjson', '--retries', '1').ended
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
    const { child, ended } = startLive(...args)
    await until(() => heap.requests.length > 2)
    child.kill('SIGINT')
    const stopped = await ended
    expect(stopped.status).toBe(130)
    expect(stopped.output).toContain(
      'Stopped after events-2.ndjson:800. The same command with --resume goes on there.\n'
    )
    expect(storedIds()).toHaveLength(2000)

    const other = await send('events-1.ndjson', '--resume')
    expect(other.errors).toBe(
      'error: No stopped send of these files, to this App ID and with these mappings, is known in this folder.\n'
    )
    const unnamed = await startLive(...args.slice(0, 2), '--resume').ended
    expect(unnamed.output).toBe('error: The stopped send wrote to failed.ndjson: go on with --failed failed.ndjson.\n')

    heap.reset()
    const resumed = await startLive(...args, '--resume').ended
    expect(resumed.status).toBe(1)
    expect(resumed.output).toMatch(/^3,500 of 3,500 events delivered\. 1 more could not be read\.\n/)
    expect(storedIds()).toStrictEqual(events.slice(2000).map(({ messageId }) => messageId))
    expect(read('failed.ndjson')).toMatchObject([{ source: 'events-2.ndjson', line: 2201, text: '{broken' }])
    expect(readdirSync(folder).filter((name) => name.startsWith('heap-destination'))).toStrictEqual([])
  })

  /** Stops a send of 1,500 events after the first 1,000; what it prints. */
  async function stopAfterFirstBatch(...args: string[]): Promise<string> {
    heap.failWhen(() => (heap.requests.length >= 1 ? { status: 503 } : undefined))
    const { child, ended } = startLive(...args, '--rate', '1000000')
    await until(() => heap.requests.length > 1)
    child.kill('SIGINT')
    const { output } = await ended
    heap.reset()
    return output
  }
  const many = Array.from({ length: 1500 }, (_, index) => track(index, index === 7 ? { userId: 'null' } : {}))
  const theRest = many.slice(1000).map(({ messageId }) => messageId)

  it('sends nothing more once it has stopped, nor waits for the next try', async () => {
    write('events.ndjson', [track(1)])
    heap.failWhen(() => ({ status: 429 }))
    const { child, ended } = startLive('events.ndjson', '--failed', 'failed.ndjson')
    // The third try is followed by a wait of two seconds at least.
    await until(() => heap.requests.length === 3)
    await new Promise((go) => setTimeout(go, 300))
    const stoppedAt = performance.now()
    child.kill('SIGINT')
    await ended
    expect(performance.now() - stoppedAt).toBeLessThan(1500)
    expect(heap.requests).toHaveLength(3)
  })

  it('goes on after a crash, also in the first events', async () => {
    write('events.ndjson', many.slice(20, 25))
    heap.failWhen(() => (heap.requests.length >= 2 ? { status: 503 } : undefined))
    const { child, ended } = startLive('events.ndjson')
    await until(() => heap.requests.length > 2)
    child.kill('SIGKILL')
    await ended
    heap.reset()
    expect((await startLive('events.ndjson', '--resume').ended).output).toMatch(/5 of 5 events delivered\.\n/)
    expect(storedIds()).toStrictEqual(['message-22', 'message-23', 'message-24'])
  })

  it.each([
    ['a folder', () => ['.']],
    ['all files of one', () => readdirSync(folder).filter((name) => name.endsWith('json'))]
  ])('goes on with %s, whatever it has written there itself', async (_what, names) => {
    write('events.ndjson', many)
    write('failed.ndjson', [])
    expect(await stopAfterFirstBatch(...names(), '--failed', 'failed.ndjson')).toContain(
      'Stopped after events.ndjson:1000.'
    )
    const resumed = startLive(...names(), '--failed', 'failed.ndjson', '--resume')
    expect((await resumed.ended).output).toContain('1,499 of 1,500 events delivered.\n')
    expect(storedIds()).toStrictEqual(theRest)
  })

  it('goes on with the standard input, if that is the same again', async () => {
    const text = many.map((event) => `${JSON.stringify(event)}\n`).join('')
    heap.failWhen(() => (heap.requests.length >= 1 ? { status: 503 } : undefined))
    const first = startLive('-', '--failed', 'failed.ndjson', '--rate', '1000000')
    first.child.stdin.end(text)
    await until(() => heap.requests.length > 1)
    first.child.kill('SIGINT')
    expect((await first.ended).output).toContain('Stopped after standard input:1000.')
    heap.reset()

    for (const other of [text.split('\n').reverse().join('\n'), text.slice(0, 5000)]) {
      const { child, ended } = startLive('-', '--failed', 'failed.ndjson', '--resume')
      child.stdin.end(other)
      expect(await ended).toStrictEqual({
        status: 1,
        output:
          'error: standard input is not as it was when the send stopped, so it cannot go on. Send without --resume, and with another --failed: what Heap has is not stored again.\n'
      })
    }
    expect(heap.requests).toStrictEqual([])
    const { child, ended } = startLive('-', '--failed', 'failed.ndjson', '--resume')
    child.stdin.end(text)
    expect((await ended).output).toContain('1,499 of 1,500 events delivered.\n')
    expect(storedIds()).toStrictEqual(theRest)
  })

  it('goes on where it was stopped between two sources', async () => {
    write('events.ndjson', many.slice(0, 5))
    const first = startLive('events.ndjson', '-', '--rate', '1000000')
    await until(() => heap.requests.length === 5)
    await new Promise((go) => setTimeout(go, 200))
    first.child.kill('SIGINT')
    expect((await first.ended).output).toContain('Stopped after events.ndjson:5.')
    const anew = await startLive('events.ndjson', '-', '--rate', '1000000').ended
    expect(anew.output).toMatch(
      /^error: An earlier send of these files was stopped\. Go on with --resume, or delete heap-/
    )
    const { child, ended } = startLive('events.ndjson', '-', '--resume')
    child.stdin.end(JSON.stringify(many[5]))
    expect((await ended).output).toContain('6 of 6 events delivered.\n')
    expect(storedIds()).toStrictEqual(many.slice(0, 6).map(({ messageId }) => messageId))
  })

  it('does not go on where something else than the length of a file has changed', async () => {
    write('events.ndjson', many)
    const mapping = (name: string) => {
      const fields = { message_id: { '@path': '$.messageId' }, identity: { '@path': '$.userId' }, event: name }
      return JSON.stringify([{ partnerAction: 'trackEvent', subscribe: 'type = "track"', mapping: fields }])
    }
    writeFileSync(path.join(folder, 'mappings.json'), mapping('One'))
    const args = ['events.ndjson', '--failed', 'failed.ndjson', '--mappings', 'mappings.json']
    expect(await stopAfterFirstBatch(...args)).toContain('Stopped after events.ndjson:1000.')
    const resume = async () => (await startLive(...args, '--resume').ended).output

    writeFileSync(path.join(folder, 'mappings.json'), mapping('Two'))
    expect(await resume()).toContain('error: No stopped send of these files, to this App ID and with these mappings')
    writeFileSync(path.join(folder, 'mappings.json'), mapping('One'))

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
    const { child, ended } = startLive('events.ndjson', '--failed', 'failed.ndjson')
    await until(() => heap.requests.length > 0)
    child.kill('SIGINT')
    expect((await ended).output).toContain('Stopped after the start.')
    write('events.ndjson', [track(1), track(2)])
    const { status, output } = await startLive('events.ndjson', '--failed', 'failed.ndjson', '--resume').ended
    expect(status).toBe(1)
    expect(output).toBe(
      'error: events.ndjson is not as it was when the send stopped, so it cannot go on. Send without --resume, and with another --failed: what Heap has is not stored again.\n'
    )
  })

  it('sends what has come through the standard input before Ctrl-C', async () => {
    const { child, ended } = startLive('-', '--failed', 'failed.ndjson')
    child.stdin.write(`${JSON.stringify(track(1))}\n${JSON.stringify(track(2))}\n`)
    await new Promise((go) => setTimeout(go, 4000))
    child.kill('SIGINT')
    expect((await ended).output).toContain('Stopped after standard input:2.')
    expect(storedIds()).toStrictEqual(['message-1', 'message-2'])
  })
})
