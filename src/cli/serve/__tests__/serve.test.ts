import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { WebSocket } from 'ws'
import { codeBlock } from '../../../__tests__/docs'
import { serve } from '..'
import type { ServeOptions } from '..'
import { COMMAND, COMMAND_FROM_SOURCE, environment, ROOT } from '../../__tests__/run'
import { UsageError } from '../../usageError'

/** A running `heap-destination serve`. */
interface Served {
  url: string
  port: number
  process: ChildProcess
  output: () => string
  errors: () => string
  ended: Promise<number | null>
}

let running: ChildProcess[] = []
afterEach(() => {
  for (const child of running) child.kill('SIGKILL')
  running = []
})

function start(args: string[], { command = COMMAND, env = {}, cwd = ROOT } = {}): Served {
  const child = spawn(process.execPath, [command, 'serve', ...args], {
    cwd,
    env: { ...environment(), ...env }
  })
  running.push(child)
  let output = ''
  let errors = ''
  child.stdout.on('data', (text) => (output += text))
  child.stderr.on('data', (text) => (errors += text))
  const port = Number(args[args.indexOf('--port') + 1] ?? 0)
  return {
    url: `http://localhost:${port}`,
    port,
    process: child,
    output: () => output,
    errors: () => errors,
    ended: once(child, 'close').then(([status]) => status as number | null)
  }
}

/** A port that was free a moment ago, as was the one above it. */
async function freePort(): Promise<number> {
  for (;;) {
    const server = net.createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const above = net.createServer().listen(port + 1, '127.0.0.1')
    const isFree = await once(above, 'listening').then(
      () => true,
      () => false
    )
    server.close()
    above.close()
    if (isFree) return port
  }
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((go) => setTimeout(go, 20))
}

async function startReady(args: string[] = [], options?: Parameters<typeof start>[1]): Promise<Served> {
  const served = start(['--port', String(await freePort()), ...args], options)
  await until(() => served.output().includes('Listening') || served.process.exitCode !== null)
  return served
}

async function postTrack(url: string, event: object = {}): Promise<unknown> {
  const body = JSON.stringify({ event: 'Signed Up', userId: 'alice', messageId: 'message-1', ...event })
  return (await fetch(`${url}/v1/track`, { method: 'POST', body })).json()
}

/** The command in this process, until `stop` is called. */
async function serveHere(options: Partial<ServeOptions> = {}) {
  const port = options.port ?? (await freePort())
  const printed: string[] = []
  let stop = () => {}
  const stopped = new Promise<void>((resolve) => (stop = resolve))
  const ended = serve({ region: 'US', port, ...options }, stopped, (text) => printed.push(text))
  let isOver = false
  const over = ended.finally(() => (isOver = true))
  await Promise.race([over, until(() => isOver || printed.some((text) => text.startsWith('Listening')))])
  const end = () => {
    stop()
    return ended
  }
  return { url: `http://localhost:${port}`, port, printed, end }
}

describe('heap-destination serve', () => {
  it('says where it listens, prints a line an event, and ends when it is told to', async () => {
    const { url, printed, end } = await serveHere()
    expect(await postTrack(url)).toStrictEqual({ success: true })
    await postTrack(url, { userId: 'null', event: 'Lost' })
    await postTrack(url, { integrations: { All: false } })
    expect(await end()).toBe(0)
    const [greeting, ...lines] = printed
    const documented = codeBlock('docs/command-line.md', 'Listening on').trimEnd()
    expect(greeting).toBe(documented.replaceAll('http://localhost:3000', url))
    expect(lines).toStrictEqual([
      '✔ track "Signed Up" → trackEvent',
      '✘ track "Lost" trackEvent: Identity is "null", a placeholder that names nobody: Heap would merge all people who carry it into one profile, for good. Map an ID of the person instead. (400 PAYLOAD_VALIDATION_FAILED)',
      '– track "Signed Up" Not sent: its "integrations" keep it from Heap.'
    ])
  })

  it('prints a line an event, whatever the event holds', async () => {
    const { url, printed, end } = await serveHere()
    await postTrack(url, { event: 'X\n✔ track "Forged"' })
    await postTrack(url, { timestamp: 'Jan 1 20000 (\u001b[2J)\n✔ track "Forged"' })
    await postTrack(url, { event: { toString: 1 } })
    const batch = [{ type: 'X\n✔ track "Forged"' }, { type: '\u001b[2J' }]
    await fetch(`${url}/v1/batch`, { method: 'POST', body: JSON.stringify({ batch }) })
    await end()
    const [, ...lines] = printed
    expect(lines).toHaveLength(5)
    expect(lines.filter((line) => line.startsWith('✔'))).toHaveLength(1)
    for (const steering of ['\n', '\u001b']) expect(lines.join('')).not.toContain(steering)
  })

  it('lets nobody reach anything else than this machine, unless Heap is to be the real one', async () => {
    const { url, end } = await serveHere()
    await expect(fetch('https://example.com/')).rejects.toThrow()
    await postTrack(url)
    expect(await (await fetch(`${url}/heap`)).json()).toMatchObject([{ events: [{ user: 'alice' }] }])
    await end()
    const live = await serveHere({ live: true, appId: '7' })
    expect(live.printed.join()).toContain('Heap is the real one, App ID 7. Ctrl-C ends it.')
    expect((await fetch(`${live.url}/heap`)).status).toBe(404)
    await live.end()
  })

  it('holds the latest of what Heap was sent', async () => {
    const { url, end } = await serveHere()
    for (let from = 0; from < 11_000; from += 1000) {
      const events = Array.from({ length: 1000 }, (_, index) => ({ event: `${from + index}`, identity: 'alice' }))
      await fetch('https://heapanalytics.com/api/track', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ app_id: '12343283', events })
      })
    }
    const [{ events }] = (await (await fetch(`${url}/heap`)).json()) as { events: { event: string }[] }[]
    expect([events.length, events[0].event]).toStrictEqual([10_000, '1000'])
    await end()
  })

  it('listens on this machine alone', async () => {
    const { port, end } = await serveHere()
    const socket = net.connect(port, '127.0.0.2')
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException]
    expect(error.code).toBe('ECONNREFUSED')
    await end()
  })

  it('says in one line that the port is taken', async () => {
    const { port, end } = await serveHere({ live: true, appId: '7' })
    await expect(serveHere({ port })).rejects.toThrow(
      new UsageError(`Port ${port} is taken. Name another with --port.`)
    )
    await end()
  })

  it('does without announcements where the port above is taken', async () => {
    const port = await freePort()
    const above = net.createServer().listen(port + 1, '127.0.0.1')
    await once(above, 'listening')
    const { url, printed, end } = await serveHere({ port })
    expect(printed).toContain(`Port ${port + 1} is taken, so the Actions Tester is not told of changes.`)
    expect(await postTrack(url)).toStrictEqual({ success: true })
    above.close()
    await end()
  })

  it('takes the port from PORT, and ends on Ctrl-C also where a client does not finish asking', async () => {
    const port = await freePort()
    const served = start([], { env: { PORT: String(port) } })
    await until(() => served.output().includes(`Listening on http://localhost:${port}. `))
    expect(await postTrack(`http://localhost:${port}`)).toStrictEqual({ success: true })
    const idle = net.connect(port, 'localhost')
    const halfway = net.connect(port, 'localhost')
    halfway.write('POST /v1/track HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n{')
    await Promise.all([once(idle, 'connect'), once(halfway, 'data')])
    for (const socket of [idle, halfway]) socket.on('error', () => undefined)
    served.process.kill('SIGINT')
    expect(await served.ended).toBe(0)
    expect(served.errors()).toBe('')
    expect(served.output()).toMatch(/✔ track "Signed Up" → trackEvent\n$/)
  })

  it.each([
    [['--port', '65535'], 'It is at most 65534; the port above it is used too.'],
    [['--live'], '--live needs --app-id']
  ])('refuses %j in one line', async (args, message) => {
    const served = start(args, { env: { PORT: String(await freePort()) } })
    expect(await served.ended).toBe(1)
    expect(served.errors()).toContain(message)
    expect(served.errors().trim().split('\n')).toHaveLength(1)
  })

  describe('with a change in the source of the destination', () => {
    let root: string
    let command: string
    beforeAll(() => {
      root = mkdtempSync(path.join(tmpdir(), 'serve-'))
      for (const folder of ['bin', 'src', 'package.json']) {
        cpSync(path.join(ROOT, folder), path.join(root, folder), { recursive: true })
      }
      symlinkSync(path.join(ROOT, 'node_modules'), path.join(root, 'node_modules'))
      command = path.join(root, path.relative(ROOT, COMMAND_FROM_SOURCE))
    })
    afterAll(() => rmSync(root, { recursive: true }))

    function edit(file: string, from: string, to: string): void {
      const name = path.join(root, 'src/destinations/heap', file)
      const text = readFileSync(name, 'utf8')
      expect(text).toContain(from)
      writeFileSync(name, text.replace(from, to))
    }

    it('uses it at once and announces it; an error in it does not end the server', async () => {
      // From wherever it is started.
      const served = await startReady([], { command, cwd: tmpdir() })
      const socket = new WebSocket(`ws://localhost:${served.port + 1}`, { origin: 'https://app.segment.com' })
      const messages: string[] = []
      socket.on('message', (message: Buffer) => messages.push(message.toString()))
      await once(socket, 'open')
      const run = async (body: object): Promise<unknown> =>
        (await fetch(`${served.url}/trackEvent`, { method: 'POST', body: JSON.stringify(body) })).json()
      const payload = { type: 'track', event: 'Signed Up', messageId: 'message-1', userId: 'alice' }
      const settings = { appId: '12343283' }

      const subscription = { partnerAction: 'trackEvent', subscribe: 'type = "track"', mapping: { event: 'Mapped' } }
      const preview = await fetch(`${served.url}/page/preview`, {
        method: 'POST',
        headers: { origin: served.url, 'content-type': 'application/json' },
        body: JSON.stringify({ event: payload, subscription })
      })
      expect(await preview.json()).toMatchObject({ fields: { event: { value: 'Mapped' } } })

      edit('trackEvent/build.ts', 'cloud-mode-destination', 'changed-destination')
      await until(() => messages.length === 1)
      expect(messages).toStrictEqual(['change'])
      expect(JSON.stringify(await run({ payload, settings }))).toContain('changed-destination')
      await postTrack(served.url)
      const [{ events }] = (await (await fetch(`${served.url}/heap`)).json()) as { events: { properties: object }[] }[]
      expect(events[0].properties).toStrictEqual({ segment_library: 'changed-destination' })

      // The framework keeps schemas by name, and must not keep this one.
      edit('trackEvent/index.ts', "label: 'Event Name',", "label: 'Event Name',\n      required: true,")
      await until(() => messages.length === 2)
      expect(await run({ payload: { ...payload, event: undefined }, settings })).toMatchObject([
        { statusCode: 400, message: "The root value is missing the required field 'event'." }
      ])

      edit('trackEvent/build.ts', 'export function', 'export functio')
      await until(() => served.output().includes('cannot be used'))
      expect(served.output()).toMatch(
        /trackEvent\/build\.ts cannot be used, so the last version stays: .*build\.ts:\d+:\d+: ERROR: /s
      )
      expect(JSON.stringify(await run({ payload, settings }))).toContain('changed-destination')
      expect(messages).toHaveLength(2)

      edit('trackEvent/build.ts', 'export functio', 'export function')
      await until(() => messages.length === 3)

      edit('index.ts', 'export default', 'export const other =')
      await until(() => served.output().includes('no default export'))
      edit('index.ts', 'export const other =', 'export default')
      await until(() => messages.length === 4)

      // What the source fails over unseen does not end it either.
      edit(
        'trackEvent/index.ts',
        'perform: (',
        "perform: async () => { void Promise.reject(new Error('forgotten\\nforged')); setTimeout(() => { throw new Error('late') }); throw null },\n  unused: ("
      )
      await until(() => messages.length === 5)
      expect(await run({ payload, settings })).toMatchObject([{ statusCode: 500, message: 'null', requestError: true }])
      await until(() => served.output().includes('The destination failed unseen: late'))
      expect(served.output()).toContain('The destination failed unseen: forgotten\u{fffd}forged\n')
      expect(served.process.exitCode).toBeNull()
      socket.close()
    })

    it('says where the source breaks off if it does so from the start', async () => {
      edit('trackEvent/build.ts', 'export function', 'export functio')
      const served = start(['--port', String(await freePort())], { command })
      expect(await served.ended).toBe(1)
      expect(served.errors()).toMatch(/^Transform failed with 1 error:\n.*build\.ts:\d+:\d+: ERROR: .*\n$/)
    })
  })
})
