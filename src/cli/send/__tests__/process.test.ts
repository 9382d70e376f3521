import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { HeapEmulator, listen } from '../../../heap-emulator'
import type { ListeningEmulator } from '../../../heap-emulator'
import { COMMAND, ROOT, run, runNode } from '../../__tests__/run'
import { inNewFolders, track, write } from './folder'

inNewFolders()

describe('the process of heap-destination send', () => {
  it('ends quietly when nobody reads its output any more', async () => {
    const command = `"${process.execPath}" "${COMMAND}" send | head -1`
    const { output, errors } = await run('sh', ['-c', command], { cwd: ROOT })
    expect({ output, errors }).toStrictEqual({
      output: '✔ track "Signed Up"  (examples/01-contract.json:1)\n',
      errors: ''
    })
  })

  it('says in one line that a disk is full', async () => {
    write('events.ndjson', [track(1)])
    const script = `exec "${process.execPath}" "${COMMAND}" send events.ndjson > /dev/full`
    const { status, errors } = await run('sh', ['-c', script], { cwd: process.cwd() })
    expect({ status, errors }).toStrictEqual({
      status: 1,
      errors: 'The output cannot be written: ENOSPC: no space left on device, write\n'
    })
  })

  it('says a mistake in its options in one line', async () => {
    const { status, output, errors } = await runNode([COMMAND, 'send', '--live'])
    expect({ status, output, errors }).toStrictEqual({
      status: 1,
      output: '',
      errors: 'error: --live needs --app-id, the number of your Heap environment\n'
    })
  })

  it('lets nothing leave the machine without --live: any other host is an error', async () => {
    const emulator = path.join(ROOT, 'src/heap-emulator')
    writeFileSync(
      'elsewhere.ts',
      `import { HeapEmulator, interceptHeap } from ${JSON.stringify(emulator)}
       interceptHeap(new HeapEmulator())
       fetch('https://api.segment.io/v1/batch', { method: 'POST' }).then(
         () => console.log('left'),
         (error) => console.log('blocked: ' + error.cause?.code)
       )`
    )
    const { output } = await runNode(['--require', 'tsx/cjs', path.resolve('elsewhere.ts')])
    expect(output).toMatch(/^blocked/)
  })
})

describe('the process of heap-destination send --live', () => {
  const APP_ID = '12343283'
  let heap: HeapEmulator
  let server: ListeningEmulator
  beforeEach(async () => {
    heap = new HeapEmulator()
    server = await listen(heap)
  })
  afterEach(() => server.close())

  /** Sends to the emulator that listens here in the place of Heap. */
  function startLive(...args: string[]) {
    const child = spawn(
      process.execPath,
      ['--require', path.join(ROOT, 'soak/localHeap.js'), COMMAND, 'send', '--live', '--app-id', APP_ID, ...args],
      { env: { ...process.env, LOCAL_HEAP_PORT: String(server.port), PEAK_MEMORY_FILE: path.resolve('peak') } }
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

  it('stops on Ctrl-C where it is, and goes on there with --resume', async () => {
    write('events.ndjson', [track(1), track(2), track(3)])
    // A request for the first event, and then Heap is down.
    heap.failWhen(() => (heap.requests.length >= 1 ? { status: 503 } : undefined))
    const { child, ended } = startLive('events.ndjson')
    await until(() => heap.requests.length > 1)
    child.kill('SIGINT')
    const stopped = await ended
    expect(stopped.status).toBe(130)
    expect(stopped.output).toContain('Stopped after events.ndjson:1. The same command with --resume goes on there.\n')
    heap.reset()
    const resumed = await startLive('events.ndjson', '--resume').ended
    expect(resumed.status).toBe(0)
    expect(storedIds()).toStrictEqual(['message-2', 'message-3'])
  })

  it('goes on after a crash, also in the first events', async () => {
    write(
      'events.ndjson',
      [20, 21, 22, 23, 24].map((number) => track(number))
    )
    heap.failWhen(() => (heap.requests.length >= 2 ? { status: 503 } : undefined))
    const { child, ended } = startLive('events.ndjson')
    await until(() => heap.requests.length > 2)
    child.kill('SIGKILL')
    await ended
    heap.reset()
    expect((await startLive('events.ndjson', '--resume').ended).output).toMatch(/5 of 5 events delivered\.\n/)
    expect(storedIds()).toStrictEqual(['message-22', 'message-23', 'message-24'])
  })
})
