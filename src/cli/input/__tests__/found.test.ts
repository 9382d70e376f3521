import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { readEvents } from '../events'
import type { ReadEvent } from '../jsonEvents'
import { findSources, STANDARD_INPUT } from '../sources'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'found-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function track(number: number) {
  return { type: 'track', event: 'Counted', messageId: `message-${number}` }
}

function lines(...numbers: number[]): string {
  return numbers.map((number) => `${JSON.stringify(track(number))}\n`).join('')
}

async function collect(events: AsyncIterable<ReadEvent>): Promise<ReadEvent[]> {
  const collected: ReadEvent[] = []
  for await (const event of events) collected.push(event)
  return collected
}

/** Reads a file of this content, and the standard input that brings it byte by byte: both must give the same. */
async function readBoth(content: string | Buffer, name = 'events.json'): Promise<Omit<ReadEvent, 'source'>[]> {
  const file = path.join(folder, name)
  writeFileSync(file, content)
  const found = await collect(readEvents({ name: file }))
  const bytes = Buffer.from(content)
  const pieces = bytes.length < 5000 ? Array.from(bytes, (byte) => Buffer.from([byte])) : [bytes]
  const input = Readable.from(pieces, { objectMode: false })
  const piped = await collect(readEvents({ name: STANDARD_INPUT }, { input }))
  const bare = (read: ReadEvent[]) => read.map(({ source: _source, ...rest }) => rest)
  if (!/jsonl|ndjson/.test(name)) expect(shapes(bare(piped))).toStrictEqual(shapes(bare(found)))
  return bare(found)
}

/** Without the IDs that a place gives. */
function shapes(read: Omit<ReadEvent, 'source'>[]): unknown[] {
  return read.map((one) =>
    'event' in one ? { ...one, event: { ...(one.event as object), messageId: undefined } } : one
  )
}

function idsOf(read: object[]): unknown[] {
  return read.map((one) => ('event' in one ? (one.event as { messageId?: unknown }).messageId : one))
}

function utf16(text: string, isBigEndian = false): Buffer {
  const bytes = Buffer.from(text, 'utf16le')
  return isBigEndian ? bytes.swap16() : bytes
}

describe('files as they are found', () => {
  it.each<[string, Buffer]>([
    ['UTF-16 with its mark, as PowerShell writes it', utf16(`\uFEFF${lines(1, 2)}`.replaceAll('\n', '\r\n'))],
    ['UTF-16, big-endian, with its mark', utf16(`\uFEFF${lines(1, 2)}`, true)],
    ['UTF-16 without its mark', utf16(lines(1, 2))],
    ['UTF-16, big-endian, without its mark', utf16(lines(1, 2), true)],
    ['UTF-16 that is gzipped', gzipSync(utf16(`\uFEFF${lines(1, 2)}`))],
    ['files put together, each with its mark', Buffer.from(`\uFEFF${lines(1)}\uFEFF${lines(2)}`)],
    ['such files in UTF-16', utf16(`\uFEFF${lines(1)}\uFEFF${lines(2)}`)],
    ['such files without a line feed between them', Buffer.from(`\uFEFF${lines(1).trim()}\uFEFF${lines(2)}`)],
    ['documents put together', Buffer.from([1, 2].map((number) => JSON.stringify(track(number), null, 2)).join('\n'))],
    [
      'such documents, each with its mark',
      Buffer.from([1, 2].map((n) => `\uFEFF${JSON.stringify(track(n), null, 2)}\n`).join(''))
    ],
    ['a document and then an event a line', Buffer.from(`${JSON.stringify(track(1), null, 2)}\n${lines(2)}`)],
    ['lists put together', Buffer.from(`[\n${lines(1)}]\n[\n${lines(2)}]\n`)],
    ['archives put together', Buffer.concat([gzipSync(lines(1)), gzipSync(lines(2))])],
    ['an archive that is filled up with zeros', Buffer.concat([gzipSync(lines(1, 2)), Buffer.alloc(512)])]
  ])('reads %s', async (_what, content) => {
    expect(idsOf(await readBoth(content))).toStrictEqual(['message-1', 'message-2'])
  })

  it('keeps what is not ASCII in UTF-16 whole, wherever it is cut into pieces', async () => {
    const event = { ...track(1), event: 'été 漢字 👩‍💻' }
    expect(await readBoth(utf16(`\uFEFF${JSON.stringify(event)}`))).toMatchObject([{ event }])
  })

  it('refuses what is not UTF-8 rather than lose its letters, and reads the lines around it', async () => {
    const reason = expect.stringContaining('save the file as UTF-8') as string
    const latin1 = Buffer.from(JSON.stringify({ ...track(2), event: 'été' }), 'latin1')
    const around = Buffer.concat([Buffer.from(lines(1)), latin1, Buffer.from(`\n${lines(3)}`)])
    expect(await readBoth(around)).toMatchObject([{ line: 1 }, { line: 2, reason }, { line: 3 }])
    expect(await readBoth(latin1)).toStrictEqual([{ line: 1, reason }])
    expect(
      await readBoth(Buffer.from(JSON.stringify([{ ...track(1), event: 'été' }], null, 2), 'latin1'))
    ).toStrictEqual([{ line: 4, reason }])
    // What a program has lost before is what the file says.
    const lost = { ...track(1), event: '\uFFFDt\uFFFD' }
    expect(await readBoth(JSON.stringify(lost))).toMatchObject([{ event: lost }])
  })

  it.each<[string, Buffer | string, string]>([
    ['a zip archive', Buffer.from('504b0304140000000800', 'hex'), 'is a zip archive'],
    ['bzip2', Buffer.from('425a6839314159265359', 'hex'), 'is a bzip2 archive'],
    ['xz', Buffer.from('fd377a585a000004', 'hex'), 'is an xz archive'],
    ['Zstandard', Buffer.from('28b52ffd04580000', 'hex'), 'is a Zstandard archive'],
    ['Parquet', Buffer.from('5041523115041504', 'hex'), 'is a Parquet file'],
    ['a zip archive in an archive', gzipSync(Buffer.from('504b0304140000000800', 'hex')), 'is a zip archive'],
    ['what is gzipped twice', gzipSync(gzipSync(lines(1))), 'is gzipped twice'],
    ['zeros', Buffer.alloc(64), 'is no text'],
    ['CSV', 'type,event,userId\ntrack,Opened,ann\ntrack,Opened,ben\n', 'is CSV'],
    ['CSV of semicolons in quotes', '"type";"event"\n"track";"Opened"\n', 'is CSV'],
    ['tabs', 'type\tuser id\ntrack\tann\n', 'is CSV']
  ])('names %s for what it is', async (_what, content, reason) => {
    expect(await readBoth(content)).toStrictEqual([{ reason: expect.stringContaining(reason) as string }])
  })

  it.each(['hello, world', '// a comment', 'key: value\nother: value\n'])('says that %j is not JSON', async (text) => {
    expect(await readBoth(text)).toMatchObject([{ line: 1, reason: expect.stringMatching(/^is not JSON/) as string }])
  })

  it('says which of several documents is broken, and reads the others', async () => {
    const document = JSON.stringify(track(1), null, 2)
    expect(await readBoth(`${document}\n{\n  oops\n}\n${document}`)).toMatchObject([
      { line: 1, event: track(1) },
      { line: 6, reason: 'is not JSON: invalid symbol', text: '{\n  oops\n}' },
      { line: 9, event: track(1) }
    ])
  })
})

describe('a batch as Segment’s HTTP API takes it', () => {
  const batch = [
    { ...track(1), context: { ip: '::1', app: { name: 'own' } } },
    { ...track(2), context: null, integrations: { Heap: false } },
    { type: 'oops' },
    track(3)
  ]
  const shared = { context: { app: { name: 'shared' }, locale: 'de' }, integrations: { All: true }, sentAt: '2026' }

  it.each<[string, string, number[]]>([
    ['a line', JSON.stringify({ batch, ...shared }), [1, 1, 1, 1]],
    ['many lines', `\n${JSON.stringify({ ...shared, a: 'batch', batch }, null, 1)}`, [15, 26, 35, 38]],
    ['an archive', `${JSON.stringify({ batch, ...shared })}\n`, [1, 1, 1, 1]]
  ])('is taken from %s, with what it says of all', async (what, text, at) => {
    const read = await readBoth(what === 'an archive' ? gzipSync(text) : text)
    expect(read.map(({ line }) => line)).toStrictEqual(at)
    expect(read).toMatchObject([
      { event: { context: { ip: '::1', app: { name: 'own' }, locale: 'de' }, integrations: { All: true } } },
      { event: { context: { app: { name: 'shared' }, locale: 'de' }, integrations: { All: true, Heap: false } } },
      {
        reason: expect.stringContaining('its "type" is "oops"') as string,
        text: expect.stringContaining('oops') as string
      },
      { event: { messageId: 'message-3', context: shared.context } }
    ])
  })

  it('takes nothing for nothing', async () => {
    const text = JSON.stringify({ batch: [track(1)], context: null, integrations: [] })
    expect(await readBoth(text)).toMatchObject([{ event: track(1) }])
    expect(await readBoth('{"batch":[]}')).toStrictEqual([
      { line: 1, reason: 'holds no event: the batch is empty', text: '{"batch":[]}' }
    ])
    expect(await readBoth('{"batch":[{"type":"track"}],"context":"x"}')).toMatchObject([
      { reason: 'is a batch whose "context" is not an object' }
    ])
  })

  it('gives an ID to each event that has none, the same each time that it is read', async () => {
    const nameless = { type: 'track', event: 'Opened' }
    const text = JSON.stringify({ batch: [nameless, { ...nameless, messageId: null }, { ...nameless, messageId: '' }] })
    const ids = idsOf(await readBoth(text))
    expect(ids).toStrictEqual(idsOf(await readBoth(text)))
    expect(new Set(ids).size).toBe(3)
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/)
  })
})

describe('what programs write for nothing', () => {
  it('is nothing: an empty list for a map, a context that is null, an ID that is null or empty', async () => {
    const read = await readBoth(
      [
        { ...track(1), properties: [], context: null },
        { type: 'identify', messageId: null, traits: [], context: { traits: [], personas: null } },
        { type: 'track', messageId: '' },
        { type: 'track' }
      ]
        .map((event) => JSON.stringify(event))
        .join('\n')
    )
    const id = expect.stringMatching(/^[0-9a-f]{32}$/) as string
    expect(read.map((one) => 'event' in one && one.event)).toStrictEqual([
      { ...track(1), properties: {} },
      { type: 'identify', messageId: id, traits: {}, context: { traits: {} } },
      { type: 'track', messageId: id },
      // In a file of its own, an event without an ID stays without one.
      { type: 'track' }
    ])
  })
})

describe('numbers beyond 2^53', () => {
  it.each([
    ['a line', (event: string) => `${event}\n`],
    ['a list', (event: string) => `[\n${event}\n]`],
    ['a document', (event: string) => event.replaceAll(',', ',\n')],
    ['a batch', (event: string) => `{"batch":[${event}]}`],
    ['a line of --failed', (event: string) => `{"reason":"x","event":${event}}`],
    ['a text of --failed', (event: string) => JSON.stringify({ reason: 'x', text: event })]
  ])('keep their digits in %s', async (_what, wrapped) => {
    const event = '{"type":"track","messageId":"m","userId":9007199254740993,"properties":{"ids":[123456789012345678]}}'
    expect(await readBoth(wrapped(event))).toMatchObject([
      { event: { userId: '9007199254740993', properties: { ids: ['123456789012345678'] } } }
    ])
  })
})

describe('broken and hostile files', () => {
  it('gives all that stands intact in an archive before trailing garbage', async () => {
    const numbers = Array.from({ length: 5000 }, (_, index) => index)
    const read = await readBoth(Buffer.concat([gzipSync(lines(...numbers)), Buffer.from('junk')]), 'events.ndjson.gz')
    expect(read).toHaveLength(5001)
    expect(idsOf(read.slice(0, -1))).toStrictEqual(numbers.map((number) => `message-${number}`))
    expect(read.at(-1)).toStrictEqual({ line: 5001, reason: 'cannot be read: incorrect header check' })
  })

  it('gives all of an archive whose checksum is damaged, and of one that is cut off as far as it goes', async () => {
    const numbers = Array.from({ length: 500 }, (_, index) => index)
    const archive = gzipSync(lines(...numbers))
    const damaged = Buffer.from(archive)
    damaged[archive.length - 6] ^= 0xff
    const read = await readBoth(damaged, 'events.ndjson.gz')
    expect(idsOf(read.slice(0, -1))).toStrictEqual(numbers.map((number) => `message-${number}`))
    expect(read.at(-1)).toMatchObject({ reason: 'cannot be read: incorrect data check' })
    const cut = await readBoth(archive.subarray(0, -8), 'events.ndjson.gz')
    expect(cut).toHaveLength(501)
    expect(cut.at(-1)).toMatchObject({ reason: 'cannot be read: unexpected end of file' })
  })

  it('ends at a line that has no end, in one line and before it fills the memory', async () => {
    const piece = Buffer.alloc(1 << 20, 'a')
    let given = 0
    const input = new Readable({
      read() {
        given++
        this.push(given === 1 ? Buffer.from(lines(1)) : piece)
      }
    })
    const read = await collect(readEvents({ name: STANDARD_INPUT }, { input }))
    expect(read).toMatchObject([
      { event: track(1) },
      { line: 2, reason: 'is longer than 256 MB without a new event: write one event a line' }
    ])
    expect(given).toBeLessThan(270)
  })

  it('ends likewise at a document that has no end', async () => {
    const piece = Buffer.from(`${JSON.stringify('a'.repeat(1 << 19))},\n`.repeat(2))
    let given = 0
    const input = new Readable({
      read() {
        this.push(given++ === 0 ? Buffer.from('[\n') : piece)
      }
    })
    expect(await collect(readEvents({ name: STANDARD_INPUT }, { input }))).toStrictEqual([
      { source: STANDARD_INPUT, reason: 'is longer than 256 MB without a new event: write one event a line' }
    ])
  })

  it('reads a folder that links to itself once', async () => {
    writeFileSync(path.join(folder, 'a.json'), lines(1))
    symlinkSync(folder, path.join(folder, 'loop.json'))
    symlinkSync('missing', path.join(folder, 'nowhere.json'))
    expect((await findSources([folder])).map(({ name, reason }) => [path.basename(name), reason])).toStrictEqual([
      ['a.json', undefined],
      ['nowhere.json', 'cannot be read: no such file or directory']
    ])
  })

  it('tells of a folder in a folder, which it does not read', async () => {
    const told: string[][] = []
    const find = () => findSources([folder], undefined, (...names) => told.push(names))
    for (const name of ['.git', 'b', 'a']) mkdirSync(path.join(folder, name))
    expect(await find()).toStrictEqual([{ name: folder, reason: 'holds no .json, .ndjson, .jsonl or .gz file' }])
    writeFileSync(path.join(folder, 'a.json'), lines(1))
    expect((await find()).map(({ name }) => path.basename(name))).toStrictEqual(['a.json'])
    expect(told).toStrictEqual(Array.from({ length: 2 }, () => [folder, path.join(folder, 'a')]))
  })

  it.each(['by its name', 'in a folder'])('stops waiting for a FIFO that nobody writes to, %s', async (how) => {
    const fifo = path.join(folder, 'pipe.json')
    expect(spawnSync('mkfifo', [fifo]).status).toBe(0)
    const [source] = await findSources([how === 'by its name' ? fifo : folder])
    const controller = new AbortController()
    const reading = collect(readEvents(source, { signal: controller.signal }))
    expect(await Promise.race([reading, setTimeout(50, 'waits')])).toBe('waits')
    controller.abort()
    expect(await reading).toStrictEqual([])
  })

  it('reads what is written to a FIFO', async () => {
    const fifo = path.join(folder, 'pipe.json')
    spawnSync('mkfifo', [fifo])
    const reading = collect(readEvents({ name: fifo }))
    const writer = spawnSync('sh', ['-c', `printf '%s' '${lines(1, 2)}' > '${fifo}'`])
    expect(writer.status).toBe(0)
    expect(idsOf(await reading)).toStrictEqual(['message-1', 'message-2'])
  })

  it('quotes at most 100 characters of what is none', async () => {
    for (const text of [JSON.stringify({ type: 'x'.repeat(1e6) }), `"${'x'.repeat(1e6)}"`, '9'.repeat(1e6)]) {
      const [read] = await readBoth(text)
      expect('reason' in read && String(read.reason).length).toBeLessThan(250)
    }
  })

  it('hands on what came before the reading was stopped', async () => {
    const input = new PassThrough()
    const controller = new AbortController()
    const reading = collect(readEvents({ name: STANDARD_INPUT }, { input, signal: controller.signal }))
    input.write(`${lines(1)}{"type":"tra`)
    await setTimeout(20)
    controller.abort()
    expect(idsOf(await reading)).toStrictEqual(['message-1'])
  })
})
