import { randomUUID } from 'node:crypto'
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { readEvents } from '../events'
import type { ReadEvent } from '../jsonEvents'
import { findSources } from '../sources'

const track = { type: 'track', event: 'Signed Up' }
const CALLS = 'track, identify, page, screen, group or alias'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'events-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function read(...names: string[]): Promise<ReadEvent[]> {
  const read: ReadEvent[] = []
  for (const source of await findSources(names)) read.push(...(await collect(readEvents(source))))
  return read
}

async function collect(events: AsyncIterable<ReadEvent>): Promise<ReadEvent[]> {
  const collected: ReadEvent[] = []
  for await (const event of events) collected.push(event)
  return collected
}

/** Reads a file of this text and gives what was read without the file's name. */
async function readFile(text: string | Buffer, name = 'events.json') {
  const file = path.join(folder, name)
  await writeFile(file, text)
  const found = await read(file)
  expect(new Set(found.map(({ source }) => source))).toStrictEqual(new Set([file]))
  return withoutSoundTexts(found.map(({ source: _source, ...rest }) => rest))
}

/** The text of an event is that which its event was read from. */
function withoutSoundTexts<Read extends { text?: string }>(found: Read[]): Omit<Read, 'text'>[] {
  const events = found.filter((read) => 'event' in read)
  expect(events.map(({ text }) => JSON.parse(text ?? '') as unknown)).toStrictEqual(events.map(({ event }) => event))
  return found.map((read) => {
    if (!('event' in read)) return read
    const { text: _text, ...rest } = read
    return rest
  })
}

describe('readEvents', () => {
  it('reads one event from a JSON file', async () => {
    expect(await readFile(`\n\n${JSON.stringify(track, null, 2)}\n`)).toStrictEqual([{ line: 3, event: track }])
  })

  it('reads an array of events, each with its line', async () => {
    expect(await readFile(`[\n  ${JSON.stringify(track)},\n\n  ${JSON.stringify(track)}\n]`)).toStrictEqual([
      { line: 2, event: track },
      { line: 4, event: track }
    ])
  })

  it.each(['events.ndjson', 'events.jsonl', 'events.json', 'events'])('reads an event a line from %s', async (name) => {
    const line = JSON.stringify(track)
    expect(await readFile(`${line}\r\n\n  \n${line}`, name)).toStrictEqual([
      { line: 1, event: track },
      { line: 4, event: track }
    ])
  })

  it('takes only line feeds for the end of a line: JSON strings may hold the others', async () => {
    const event = { type: 'track', event: 'a\u2028b\u2029c' }
    expect(await readFile(`${JSON.stringify(event)}\n`, 'events.ndjson')).toStrictEqual([{ line: 1, event }])
  })

  it('reads a file that starts with a byte order mark', async () => {
    expect(await readFile(`\uFEFF${JSON.stringify(track)}`)).toStrictEqual([{ line: 1, event: track }])
  })

  it('keeps keys such as __proto__', async () => {
    const [found] = await readFile('{"type": "track", "properties": {"__proto__": 1}}')
    expect(JSON.stringify(found)).toContain('"__proto__":1')
  })

  it('reads the standard input', async () => {
    const input = Readable.from([JSON.stringify(track)])
    const found = await collect(readEvents({ name: 'standard input' }, { input }))
    expect(withoutSoundTexts(found)).toStrictEqual([{ source: 'standard input', line: 1, event: track }])
  })

  it('unpacks what is gzipped, whatever its name', async () => {
    const zipped = gzipSync(`${JSON.stringify(track)}\n`)
    for (const name of ['events.ndjson.gz', 'archive.GZ', 'events', 'events.json']) {
      expect(await readFile(zipped, name)).toStrictEqual([{ line: 1, event: track }])
    }
    const input = Readable.from([zipped], { objectMode: false })
    expect(await collect(readEvents({ name: 'standard input' }, { input }))).toMatchObject([{ event: track }])
  })

  it('reads the lines before the one that an archive is broken in', async () => {
    const lines = Array.from({ length: 5000 }, (_, index) =>
      JSON.stringify({ ...track, messageId: randomUUID(), index })
    )
    const found = await readFile(Buffer.concat([gzipSync(lines.join('\n')), Buffer.from('junk')]), 'events.ndjson.gz')
    const events = found.filter((one) => 'event' in one)
    expect(events.length).toBeGreaterThan(4000)
    expect(found.at(-1)).toMatchObject({ reason: 'cannot be read: incorrect header check' })
  })

  it.each([
    ['is broken', '{"type":"track", broken'],
    ['is nothing', 'null'],
    ['is an empty array', '[]'],
    ['is text', 'type,event'],
    ['looks like a list', '[log] header']
  ])('reads an event a line also where the first line %s', async (_state, first) => {
    const line = JSON.stringify(track)
    for (const name of ['events.json', 'events.gz']) {
      const text = `\n${first}\n${first}\n${line}\n{"type":\n${line}\n`
      expect(await readFile(name.endsWith('gz') ? gzipSync(text) : text, name)).toMatchObject([
        { line: 2, reason: expect.any(String) as string, text: first },
        { line: 3, text: first },
        { line: 4, event: track },
        { line: 5, text: '{"type":' },
        { line: 6, event: track }
      ])
    }
  })

  it('takes a document for one also where a line of it is a whole object', async () => {
    const text = '[\n{"type":"track","properties":\n{"a":"]"}\n},\n{"type":"page"}\n]'
    expect(await readFile(text)).toStrictEqual([
      { line: 2, event: { type: 'track', properties: { a: ']' } } },
      { line: 5, event: { type: 'page' } }
    ])
    expect(await readFile('{"type":"track","properties":\n{"a":1}\n}')).toMatchObject([{ line: 1 }])
    const event = JSON.stringify(track)
    expect(await readFile(`{"type":"track","properties":{"items":[\n${event}\n]}}`)).toMatchObject([
      { line: 1, event: { properties: { items: [track] } } }
    ])
  })

  it('reads an array that is one long line', async () => {
    const events = Array.from({ length: 3000 }, () => track)
    expect(await readFile(JSON.stringify(events))).toHaveLength(events.length)
  })

  it('reads the files of a folder by name, and leaves other files and folders alone', async () => {
    await mkdir(path.join(folder, 'refused'))
    for (const name of ['b.json', 'a.ndjson', 'notes.txt', 'refused/c.json']) {
      await writeFile(path.join(folder, name), JSON.stringify(track))
    }
    await writeFile(path.join(folder, 'c.gz'), gzipSync(JSON.stringify(track)))
    await writeFile(path.join(folder, 'own.json'), '{}')
    const sources = await findSources([folder], (file) => file === path.join(folder, 'own.json'))
    expect(sources.map(({ name }) => path.basename(name))).toStrictEqual(['a.ndjson', 'b.json', 'c.gz'])
  })

  describe('says what is wrong, where, and goes on', () => {
    it('with a file that is missing', async () => {
      expect(await read('no/such/file.json')).toStrictEqual([
        { source: 'no/such/file.json', reason: 'cannot be read: no such file or directory' }
      ])
    })

    it('with a folder that holds no events', async () => {
      expect(await read(folder)).toStrictEqual([
        { source: folder, reason: 'holds no .json, .ndjson, .jsonl or .gz file' }
      ])
    })

    it.each<[string, string, number | undefined, string]>([
      ['an empty file', '', undefined, 'is empty'],
      ['a blank file', ' \n\n', undefined, 'is empty'],
      ['an empty array', '[]', 1, 'holds no event: the array is empty'],
      ['broken JSON', '{\n  "type": "track",\n  oops\n}', 3, 'is not JSON: invalid symbol'],
      ['JSON that ends early', '{\n  "type": "track"\n', 2, 'is not JSON: close brace expected'],
      ['plain text', 'hello', 1, 'is not JSON: invalid symbol'],
      ['a number', '7', 1, 'is not a Segment event: it is 7, not an object'],
      ['an array in an array', '[\n[]]', 2, 'is not a Segment event: it is an array, not an object'],
      ['an object without type', '{"event": "x"}', 1, `is not a Segment event: it has no "type", which is ${CALLS}`],
      ['an unknown type', '{"type": "delete"}', 1, `is not a Segment event: its "type" is "delete", not ${CALLS}`]
    ])('with %s', async (_kind, text, line, reason) => {
      const found = await readFile(text)
      expect(found).toHaveLength(1)
      expect(found[0]).toMatchObject({ reason: expect.stringContaining(reason) as string })
      expect(found[0].line).toBe(line)
    })

    it.each(['events.json', 'events.ndjson', 'events'])('with %s, if nothing is in it', async (name) => {
      for (const text of ['', '\uFEFF', ' \n\r\n', gzipSync('\n')]) {
        expect(await readFile(text, name)).toStrictEqual([{ reason: 'is empty' }])
      }
    })

    it('with a line that nests too deep, or whose type cannot be made a text', async () => {
      const line = JSON.stringify(track)
      const deep = '['.repeat(50_000) + ']'.repeat(50_000)
      const strange = '{"type":{"toString":1}}'
      const broken = `{"a":${'['.repeat(50_000)}`
      const wrapped = '{"reason":"cannot be read: unexpected end of file","source":"a.gz","line":7}'
      expect(await readFile([deep, strange, broken, wrapped, line].join('\n'), 'events.ndjson')).toStrictEqual([
        { line: 1, reason: 'is not a Segment event: it is an array, not an object', text: deep },
        { line: 2, reason: `is not a Segment event: its "type" is no text, not ${CALLS}`, text: strange },
        { line: 3, reason: 'is not JSON', text: broken },
        { line: 4, reason: 'holds no event to send again, as it stands for a whole file', text: wrapped },
        { line: 5, event: track }
      ])
      expect(await readFile(`[${deep},${line}]`)).toMatchObject([{ text: deep }, { event: track }])
    })

    it('with one line of many', async () => {
      const line = JSON.stringify(track)
      expect(await readFile(`oops\n${line}\n[]\n${line}`, 'events.ndjson')).toStrictEqual([
        { line: 1, reason: 'is not JSON: invalid symbol', text: 'oops' },
        { line: 2, event: track },
        { line: 3, reason: 'is not a Segment event: it is an array, not an object', text: '[]' },
        { line: 4, event: track }
      ])
    })

    it('with one file of many', async () => {
      await writeFile(path.join(folder, 'good.json'), JSON.stringify(track))
      const found = await read('missing.json', path.join(folder, 'good.json'))
      expect(found.map((one) => 'event' in one)).toStrictEqual([false, true])
    })
  })
})
