import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import vm from 'node:vm'
import { Destination } from '@segment/actions-core'
import type { InputField, JSONObject, SegmentEvent } from '@segment/actions-core'
import { sendHere } from '../cli/send/__tests__/sendHere'
import { readFql } from '../cli/engine/fql'
import { readSubscriptions } from '../cli/engine/subscriptions'
import { startServer } from '../cli/serve/server'
import { destination as heapInTheBrowser } from '../browser-destinations/heap'
import heap from '../destinations/heap'
import { HeapEmulator, interceptHeap } from '../heap-emulator'
import { codeBlock, codeBlocks, matchesOutput, PAGES, pageText, ROOT, tableRows } from './docs'

const SETTINGS = { appId: '12343283' }

/** The page without its code, in which `#` starts no heading and `](` no link. */
function prose(page: string): string {
  return pageText(page).replace(/^```[\s\S]*?^```$/gm, '')
}

/** The anchors that GitHub gives the headings of a page. */
function anchors(page: string): string[] {
  return Array.from(prose(page).matchAll(/^#+ (.*)$/gm), ([, heading]) => {
    return heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-')
  })
}

/** Runs `heap-destination send` in this process, from a folder. */
async function sendFrom(folder: string, args: string[]): Promise<string> {
  const before = process.cwd()
  process.chdir(folder)
  try {
    return (await sendHere(args)).output
  } finally {
    process.chdir(before)
  }
}

describe('the README', () => {
  it('is short enough to be read', () => {
    expect(pageText('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(150)
  })

  it('shows what npm start prints', async () => {
    expect(matchesOutput(await sendFrom(ROOT, []), codeBlock('README.md', '✔ track "Signed Up"'))).toBe(true)
  })
})

describe.each(PAGES)('%s', (page) => {
  it('links to what there is', () => {
    const links = Array.from(prose(page).matchAll(/\]\((?!https?:)([^)]+)\)/g), ([, link]) => link)
    const broken = links.filter((link) => {
      const [file, anchor] = link.split('#')
      const target = file === '' ? page : path.join(path.dirname(page), file)
      if (!existsSync(path.join(ROOT, target))) return true
      return anchor !== undefined && !anchors(target).includes(anchor)
    })
    expect(broken).toStrictEqual([])
  })

  it('names files that there are', () => {
    const named = Array.from(
      pageText(page).matchAll(/`((?:src|examples|bench|bin|docs|\.ci)\/[\w./-]+)`/g),
      ([, file]) => file
    )
    expect(named.filter((file) => !existsSync(path.join(ROOT, file)))).toStrictEqual([])
  })

  it('names commands that there are', () => {
    const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { scripts: object }
    const text = pageText(page)
    const names = [
      ...Array.from(text.matchAll(/npm run ([\w-]+)/g), ([, name]) => name),
      ...Array.from(text.matchAll(/npm (start|test)\b/g), ([, name]) => name)
    ]
    expect(names.filter((name) => !(name in scripts))).toStrictEqual([])
  })
})

describe('docs/mappings.md', () => {
  const page = 'docs/mappings.md'

  /** What stands in the column of defaults. */
  function shownDefault({ default: value, choices }: InputField): string {
    if (value === undefined) return 'none'
    if (value === true) return 'on'
    if (typeof value === 'object' && value !== null && '@path' in value) return `\`${String(value['@path'])}\``
    const choice = choices?.find((one) => typeof one === 'object' && one.value === value)
    if (typeof choice === 'object') return choice.label
    return typeof value === 'number' ? String(value) : `\`${String(value)}\``
  }

  it.each(Object.entries(heap.actions))('lists the fields of %s in their order', (_name, { title, fields }) => {
    expect(tableRows(page, `### ${title}`).map(([label, key, value]) => [label, key, value])).toStrictEqual(
      Object.entries(fields).map(([key, field]) => [field.label, `\`${key}\``, shownDefault(field)])
    )
  })

  it('lists the settings', () => {
    const fields = Object.entries(heap.authentication?.fields ?? {})
    expect(tableRows(page, '## Settings').map(([label, key]) => [label, key])).toStrictEqual(
      fields.map(([key, { label }]) => [label, `\`${key}\``])
    )
  })

  it('lists the presets', () => {
    expect(tableRows(page, '## Mappings').map(([name, , action]) => [name, action.split(']')[0]])).toStrictEqual(
      heap.presets?.map(({ name, partnerAction = '' }) => [name, `[${heap.actions[partnerAction].title}`])
    )
  })

  it('warns of triggers that Segment misreads, and has one that it reads as written for each', () => {
    const rows = tableRows(page, '### Triggers')
    const codeIn = (column: number) => rows.flatMap((row) => /`(.+?)`/.exec(row[column])?.[1] ?? [])
    const isMisread = (trigger: string) => readFql(trigger).problem !== undefined
    expect(codeIn(0)).toHaveLength(10)
    expect(codeIn(0).filter((trigger) => !isMisread(trigger))).toStrictEqual([])
    expect(codeIn(2).filter(isMisread)).toStrictEqual([])
  })

  it('shows what becomes of its example', async () => {
    const calls: [string, JSONObject][] = []
    const analytics = { track: (event: string, properties: JSONObject) => calls.push([event, properties]) }
    vm.runInNewContext(codeBlock(page, "analytics.track('Signed Up'"), { analytics })
    const [[event, properties]] = calls
    const emulator = new HeapEmulator()
    const interception = interceptHeap(emulator)
    try {
      // As it arrives from the page: as JSON.
      const call = JSON.stringify({ type: 'track', event, properties, messageId: 'message-0001', userId: 'alice' })
      const settings = { ...SETTINGS, subscriptions: heap.presets as unknown as JSONObject }
      await new Destination(heap).onEvent(JSON.parse(call) as SegmentEvent, settings)
    } finally {
      interception.restore()
    }
    const [stored] = emulator.snapshot()[0].events
    const lines = Object.entries(stored.properties).map(([key, value]) => `${key}: ${String(value)}\n`)
    expect(lines.join('')).toBe(codeBlock(page, 'segment_library:'))
  })
})

describe('docs/device-mode.md', () => {
  it('lists the settings of the destination in the browser', () => {
    const listed = tableRows('docs/device-mode.md', '## Settings').filter((row) => row.length === 4)
    expect(listed.map(([label, key]) => [label, key]).sort()).toStrictEqual(
      Object.entries(heapInTheBrowser.settings ?? {})
        .map(([key, { label }]) => [label, `\`${key}\``])
        .sort()
    )
  })
})

describe('docs/command-line.md', () => {
  const page = 'docs/command-line.md'
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'docs-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('shows mappings that work', async () => {
    const file = path.join(folder, 'mappings.json')
    await writeFile(file, codeBlock(page, '[\n'))
    expect(readSubscriptions(file, heap)).toMatchObject([{ name: 'Orders by device', partnerAction: 'trackEvent' }])
  })

  it('names options that there are', async () => {
    const source = readFileSync(path.join(ROOT, 'src/cli/commandLine.ts'), 'utf8')
    const commands = codeBlocks(page).flatMap(({ language, text }) => (language === 'sh' ? text.split('\n') : []))
    const options = commands.flatMap((command) => {
      return /npm start/.test(command) ? (/npm start.*? -- ([^#]*)/.exec(command)?.[1].match(/--[a-z-]+/g) ?? []) : []
    })
    expect(options.length).toBeGreaterThan(3)
    expect(options.filter((option) => !source.includes(`'${option}`))).toStrictEqual([])
  })

  it('shows what --failed writes', async () => {
    const line = codeBlock(page, '{"reason":')
    const { event } = JSON.parse(line) as { event: object }
    const first = { ...event, messageId: 'message-0001', userId: 'alice' }
    await writeFile(path.join(folder, 'events.ndjson'), `${JSON.stringify(first)}\n${JSON.stringify(event)}\n`)
    await sendFrom(folder, ['--failed', 'failed.ndjson', 'events.ndjson'])
    expect(await readFile(path.join(folder, 'failed.ndjson'), 'utf8')).toBe(line)
  })

  it('shows how serve answers a request with cURL', async () => {
    const emulator = new HeapEmulator()
    const interception = interceptHeap(emulator, { allowLocal: true })
    const nothing = () => undefined
    const server = await startServer({ port: 0, settings: SETTINGS, emulator, onResult: nothing, say: nothing })
    try {
      const [, body] = /-d '([\s\S]*)'/.exec(codeBlock(page, 'curl -s localhost:3000/trackEvent')) ?? []
      const response = await fetch(`${server.url}/trackEvent`, { method: 'POST', body })
      expect(`${await response.text()}\n`).toBe(codeBlock(page, '[{"request"'))
    } finally {
      await server.stop()
      interception.restore()
    }
  })
})

describe('docs/architecture.md', () => {
  it.each(['src', 'src/destinations/heap', 'src/cli'])('draws every folder of %s', (folder) => {
    const drawing = codeBlock('docs/architecture.md', 'docs/ ')
    const folders = readdirSync(path.join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
      return entry.isDirectory() && entry.name !== '__tests__' ? `${entry.name}/` : []
    })
    expect(folders.filter((name) => !drawing.includes(name))).toStrictEqual([])
  })
})
