import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { findSources, readEvents } from '../events'
import type { ReadEvent } from '../events'

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
async function readFile(text: string, name = 'events.json') {
  const file = path.join(folder, name)
  await writeFile(file, text)
  const found = await read(file)
  return found.map(({ source, ...rest }) => {
    expect(source).toBe(file)
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
    expect(await collect(readEvents({ name: 'standard input' }, { input }))).toStrictEqual([
      { source: 'standard input', line: 1, event: track }
    ])
  })

  it('reads the files of a folder by name, and leaves other files and folders alone', async () => {
    await mkdir(path.join(folder, 'refused'))
    for (const name of ['b.json', 'a.ndjson', 'notes.txt', 'refused/c.json']) {
      await writeFile(path.join(folder, name), JSON.stringify(track))
    }
    expect((await read(folder)).map(({ source }) => path.basename(source))).toStrictEqual(['a.ndjson', 'b.json'])
  })

  describe('says what is wrong, where, and goes on', () => {
    it('with a file that is missing', async () => {
      expect(await read('no/such/file.json')).toStrictEqual([
        { source: 'no/such/file.json', line: 1, trouble: 'cannot be read: no such file or directory' }
      ])
    })

    it('with a folder that holds no events', async () => {
      expect(await read(folder)).toStrictEqual([
        { source: folder, line: 1, trouble: 'holds no .json, .ndjson or .jsonl file' }
      ])
    })

    it.each<[string, string, number, string]>([
      ['an empty file', '', 1, 'is empty'],
      ['a blank file', ' \n\n', 1, 'is empty'],
      ['an empty array', '[]', 1, 'holds no event: the array is empty'],
      ['broken JSON', '{\n  "type": "track",\n  oops\n}', 3, 'is not JSON: invalid symbol'],
      ['JSON that ends early', '{\n  "type": "track"\n', 2, 'is not JSON: close brace expected'],
      ['plain text', 'hello', 1, 'is not JSON: invalid symbol'],
      ['a number', '7', 1, 'is no Segment event: it is 7, not an object'],
      ['an array in an array', '[\n[]]', 2, 'is no Segment event: it is an array, not an object'],
      ['an object without type', '{"event": "x"}', 1, `is no Segment event: it has no "type", which is ${CALLS}`],
      ['an unknown type', '{"type": "delete"}', 1, `is no Segment event: its "type" is "delete", not ${CALLS}`]
    ])('with %s', async (_kind, text, line, trouble) => {
      const found = await readFile(text)
      expect(found).toHaveLength(1)
      expect(found[0]).toMatchObject({ line, trouble: expect.stringContaining(trouble) as string })
    })

    it('with one line of many', async () => {
      const line = JSON.stringify(track)
      expect(await readFile(`oops\n${line}\n[]\n${line}`, 'events.ndjson')).toStrictEqual([
        { line: 1, trouble: 'is not JSON: invalid symbol', text: 'oops' },
        { line: 2, event: track },
        { line: 3, trouble: 'is no Segment event: it is an array, not an object', text: '[]' },
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
