import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream, createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { FailedEvent } from '../src/cli/send/failedFile'
import { HeapEmulator, listen } from '../src/heap-emulator'
import type { Fault, ParsedRequest } from '../src/heap-emulator'

/** What a soak found; `lost` and `doubled` must be empty. */
export interface SoakResult {
  /** Events that should reach Heap, without the repeated ones. */
  sent: number
  stored: number
  /** Events listed in the file of `--failed`. */
  failed: number
  /** Neither stored nor listed. */
  lost: string[]
  /** Stored or listed more than once. */
  doubled: string[]
  /** People whose profile does not hold what their last delivered identify call said. */
  stale: string[]
  /** Requests that a fault struck. */
  faults: number
  requests: number
  /** Events in all requests, those that were sent again each time. */
  events: number
  peakMegabytes: number
  seconds: number
  /** What the resumed command printed. */
  output: string
}

const APP_ID = '12343283'
const ROOT = path.join(__dirname, '..')

/** One event in so many, and the like; chosen so that each kind happens in a small soak too. */
const PEOPLE_A_THOUSAND = 40
const REFUSED_EVERY = 97
const POISONED_EVERY = 1499
const REPEATED_EVERY = 211
const UNREADABLE_EVERY = 4999
const FAULTY_SHARE = 0.08

/**
 * Sends generated events with `heap-destination send` through faults, kills it in the middle, resumes it, and compares what
 * the emulator holds and what is listed as failed with what was generated.
 *
 * @param command the file of the command, that of a clone if left out
 */
export async function soak(events: number, command = path.join(ROOT, 'bin/heap-destination.js')): Promise<SoakResult> {
  const folder = mkdtempSync(path.join(tmpdir(), 'soak-'))
  const heap = new HeapEmulator({ keepRequests: 0 })
  const chance = seededChance(20261123)
  const counts = { faults: 0, requests: 0, events: 0 }
  heap.failWhen((request) => {
    counts.requests++
    counts.events += entriesOf(request).length
    const fault = faultFor(request, chance)
    if (fault) counts.faults++
    return fault
  })
  const server = await listen(heap)
  const start = performance.now()
  try {
    const generated = await generate(folder, events)
    const files = ['events-1.ndjson', 'events-2.ndjson.gz']
    const send = (...more: string[]) => sendIn(folder, server.port, command, [...files, ...more])

    const first = send()
    while (counts.events < events / 2 && first.process.exitCode === null) await new Promise((go) => setTimeout(go, 5))
    first.process.kill('SIGKILL')
    await first.ended
    if (first.process.signalCode !== 'SIGKILL') throw new Error('The send ended before it could be killed.')
    const resumed = send('--resume')
    const output = await resumed.ended
    if (!existsSync(path.join(folder, 'failed.ndjson'))) throw new Error(`Nothing failed: ${output}`)

    return {
      ...(await compare(generated, heap, path.join(folder, 'failed.ndjson'))),
      ...counts,
      peakMegabytes: Math.round(Math.max(first.peakKilobytes(), resumed.peakKilobytes()) / 1024),
      seconds: Math.round((performance.now() - start) / 1000),
      output
    }
  } finally {
    await server.close()
    rmSync(folder, { recursive: true })
  }
}

interface Generated {
  /** Tracked events that Heap should hold or the file should list. */
  tracked: Set<string>
  /** The numbers of each person's identify calls. */
  identified: Map<string, number[]>
  /** The lines that are not JSON. */
  unreadable: Set<string>
}

/** Writes the events in two files, one of them gzipped. */
async function generate(folder: string, events: number): Promise<Generated> {
  const generated: Generated = { tracked: new Set(), identified: new Map(), unreadable: new Set() }
  const people = Math.ceil((events / 1000) * PEOPLE_A_THOUSAND)
  const gzip = createGzip()
  const zipping = pipeline(gzip, createWriteStream(path.join(folder, 'events-2.ndjson.gz')))
  const files: Writable[] = [createWriteStream(path.join(folder, 'events-1.ndjson')), gzip]
  for (let number = 1; number <= events; number++) {
    const line = eventLine(number, people, generated)
    const file = files[number <= events / 2 ? 0 : 1]
    if (!file.write(`${line}\n`)) await once(file, 'drain')
    if (number % REPEATED_EVERY === 0) file.write(`${line}\n`)
  }
  await Promise.all([zipping, ...files.map((file) => new Promise<void>((resolve) => file.end(resolve)))])
  return generated
}

function eventLine(number: number, people: number, { tracked, identified, unreadable }: Generated): string {
  if (number % UNREADABLE_EVERY === 0) {
    const line = `{"type":"track","messageId":"soak-message-${number}"`
    unreadable.add(line)
    return line
  }
  const userId = `person-${(number * 7919) % people}`
  const common = {
    messageId: `soak-message-${number}`,
    timestamp: new Date(1795428000000 + number * 1000).toISOString(),
    ...(number % REFUSED_EVERY === 0 ? {} : { userId, anonymousId: `visitor-${userId}` })
  }
  if (number % 10 === 0) {
    if (number % REFUSED_EVERY !== 0) identified.set(userId, [...(identified.get(userId) ?? []), number])
    return JSON.stringify({
      type: 'identify',
      ...common,
      traits: { number, plan: { name: 'pro', seats: number % 50 } }
    })
  }
  tracked.add(common.messageId)
  const event = number % POISONED_EVERY === 0 ? 'Poisoned' : `Event ${number % 20}`
  const properties = { number, order: { total: number / 3, products: [{ sku: `s-${number}`, quantity: 2 }] } }
  return JSON.stringify({ type: 'track', event, ...common, properties })
}

/** Heap refuses a request with a poisoned event, always; others fail by chance, some after the data was stored. */
function faultFor(request: ParsedRequest, chance: () => number): Fault | undefined {
  if (entriesOf(request).some(({ event }) => event === 'Poisoned')) return { status: 400 }
  if (chance() >= FAULTY_SHARE) return undefined
  const faults: Fault[] = [
    { status: 503 },
    { status: 429 },
    { status: 500, after: 'storing' },
    'reset',
    { connection: 'reset', after: 'storing' }
  ]
  return faults[Math.floor(chance() * faults.length)]
}

function entriesOf({ body }: ParsedRequest): { event?: string }[] {
  return (body as { events?: { event?: string }[] }).events ?? []
}

function sendIn(folder: string, port: number, command: string, args: string[]) {
  const peakFile = path.join(folder, `peak-${args.length}`)
  const rate = String(1e8)
  const child = spawn(
    process.execPath,
    [
      ...['--require', path.join(ROOT, 'soak/localHeap.js'), command, 'send'],
      ...['--live', '--app-id', APP_ID, '--rate', rate, '--failed', 'failed.ndjson', ...args]
    ],
    { cwd: folder, env: { ...process.env, LOCAL_HEAP_PORT: String(port), PEAK_MEMORY_FILE: peakFile } }
  )
  let output = ''
  child.stdout.on('data', (text) => (output += text))
  child.stderr.on('data', (text) => (output += text))
  return {
    process: child,
    ended: once(child, 'close').then(() => output),
    peakKilobytes: () => Number(readFileSync(peakFile, 'utf8'))
  }
}

async function compare(generated: Generated, heap: HeapEmulator, failedFile: string) {
  const { tracked, identified, unreadable } = generated
  const seen = new Map<string, number>()
  const count = (id: string) => seen.set(id, (seen.get(id) ?? 0) + 1)
  const { events, users } = heap.environment('US', APP_ID)
  for (const { idempotency_key } of events) count(idempotency_key ?? 'without a key')

  const listed = new Set<string>()
  let failed = 0
  for await (const line of createInterface({ input: createReadStream(failedFile) })) {
    const { event, text, source, line: at } = JSON.parse(line) as FailedEvent
    failed++
    // By its place: a line that was in the files twice may be listed twice.
    count(`${source}:${at}`)
    listed.add(String(event?.messageId ?? text))
  }
  const last = new Map(users.map(({ identity, properties }) => [identity, properties.number]))
  return {
    sent: tracked.size,
    stored: events.length,
    failed,
    lost: [...tracked, ...unreadable].filter((id) => !seen.has(id) && !listed.has(id)),
    doubled: [...seen].filter(([, times]) => times > 1).map(([id]) => id),
    stale: [...identified].flatMap(([userId, numbers]) => {
      const delivered = numbers.filter((number) => !listed.has(`soak-message-${number}`))
      return delivered.length === 0 || last.get(userId) === String(delivered.at(-1)) ? [] : userId
    })
  }
}

/** The same chances on each run. Source: the mulberry32 generator, public domain. */
function seededChance(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let mixed = Math.imul(seed ^ (seed >>> 15), seed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
