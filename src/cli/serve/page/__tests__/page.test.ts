import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import AxeBuilder from '@axe-core/playwright'
import { Analytics } from '@segment/analytics-node'
import type { SegmentEvent } from '@segment/actions-core'
import type { Page } from 'playwright-core'
import { beforeAll, describe, it, launchChromium } from '../../../../__tests__/chromium'
import { HeapEmulator, interceptHeap } from '../../../../heap-emulator'
import { loadDefinition } from '../../../engine/definition'
import { Pipeline } from '../../../engine/pipeline'
import { presetSubscriptions } from '../../../engine/subscriptions'
import type { Subscription } from '../../../engine/subscriptions'
import { startServer } from '../../server'
import type { RunningServer } from '../../server'
import { Evaluator } from '../evaluator'
import type { Preview } from '../protocol'

const SETTINGS = { appId: '12343283' }
const EXAMPLES = path.join(__dirname, '../../../../../examples')

let folder: string
let file: string
let heap: HeapEmulator
let interception: ReturnType<typeof interceptHeap>
let server: RunningServer
let page: Page
// Its thread takes longer to start than a server.
const evaluator = new Evaluator(SETTINGS)
let problems: string[]

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'mapping-page-'))
  file = path.join(folder, 'mappings.json')
  heap = new HeapEmulator({ keepRequests: 0 })
  interception = interceptHeap(heap, { allowLocal: true })
  const browser = await launchChromium()
  // A page of its own for each test would take longer than most tests. The page keeps nothing in the browser, and each server has an
  // origin of its own.
  const context = await browser.newContext({ reducedMotion: 'reduce' })
  page = await context.newPage()
  page.setDefaultTimeout(30_000)
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('console', (message) => {
    // What the server refuses, the browser notes too.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load')) problems.push(message.text())
  })
})
afterAll(async () => {
  await evaluator.restart()
  interception.restore()
  rmSync(folder, { recursive: true })
})

beforeEach(async () => {
  heap.reset()
  writePresets()
  server = await start()
  await page.setViewportSize({ width: 1280, height: 900 })
  await page.emulateMedia({ colorScheme: 'light' })
  problems = []
})
afterEach(async () => {
  await page.goto('about:blank')
  await server.stop()
  expect(problems).toStrictEqual([])
})

function writePresets(): void {
  writeFileSync(file, JSON.stringify(presetSubscriptions(loadDefinition())))
}

function saved(): Subscription[] {
  return JSON.parse(readFileSync(file, 'utf8')) as Subscription[]
}

function start(emulator: HeapEmulator | undefined = heap, port = 0): Promise<RunningServer> {
  return startServer({
    port,
    settings: SETTINGS,
    emulator,
    mappingsFile: file,
    evaluator,
    onResult: () => undefined,
    say: () => undefined
  })
}

/** Posts what fetch could not, as it sets Host and Origin itself. */
function post(place: string, body: object, headers: http.OutgoingHttpHeaders = {}, method = 'POST'): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = http.request(`${server.url}${place}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers }
    })
    request.on('error', reject)
    request.on('response', (response) => response.resume().on('end', () => resolve(response.statusCode ?? 0)))
    request.end(JSON.stringify(body))
  })
}

async function track(event: string, more: object = {}): Promise<void> {
  expect(await post('/v1/track', { userId: 'alice', event, ...more })).toBe(200)
}

async function open(view: string): Promise<void> {
  await page.goto(`${server.url}/#${view}`)
  await page.getByRole('main').locator('h2, .event').first().waitFor()
}

/** The text of the first element, and no markup in it. */
function textOf(selector: string): Promise<string> {
  return page.locator(selector).first().innerText()
}

describe('Live', () => {
  it('shows how to begin, and an example at a click', async () => {
    await open('live')
    await expect(textOf('.empty')).resolves.toContain(`new Analytics({ writeKey: 'any', host: '${server.url}' })`)
    await page.getByRole('button', { name: 'Send an example' }).click()
    await page.getByRole('button', { name: /Order Completed.*delivered/ }).waitFor()
  })

  it('shows the event of a real SDK with its way', async () => {
    await open('live')
    const analytics = new Analytics({ writeKey: 'any', host: server.url })
    analytics.track({ userId: 'alice', event: 'Signed Up', properties: { plan: { name: 'pro' } } })
    await analytics.closeAndFlush()
    await page.getByRole('button', { name: /track Signed Up alice.*delivered/ }).click()
    const way = await textOf('.way')
    expect(way).toMatch(/1\. Mappings[\s\S]*Track Calls → trackEvent: takes it/)
    expect(way).toMatch(/type = "identify" does not hold; the event has "track"/)
    expect(way).toMatch(/2\. Payload[\s\S]*"event": "Signed Up"/)
    expect(way).toMatch(/3\. Requests[\s\S]*POST https:\/\/heapanalytics\.com\/api\/integrations\/track/)
    expect(way).toMatch(/4\. What Heap holds now[\s\S]*plan\.name\s+pro/)
  })

  it('filters by words and by what was not delivered, and pauses', async () => {
    await track('Paid')
    await post('/v1/track', { userId: 'null', event: 'Lost' })
    await open('live')
    await page.getByRole('button', { name: /Lost null.*refused.*Identity is "null"/ }).waitFor()
    await page.getByLabel('Filter').fill('paid')
    await expect(textOf('.events')).resolves.not.toContain('Lost')
    await page.getByLabel('Filter').fill('')
    await page.getByLabel('Not delivered only').check()
    await expect(textOf('.events')).resolves.not.toContain('Paid')
    await page.getByLabel('Not delivered only').uncheck()
    await page.getByRole('button', { name: 'Pause' }).click()
    await track('Later')
    await page.getByText('1 newer one waiting').waitFor()
    await expect(textOf('.events')).resolves.not.toContain('Later')
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByRole('button', { name: /Later/ }).waitFor()
  })

  it('keeps text text, and shows what cannot be seen', async () => {
    const hostile = '<img src=x onerror="window.hit=1"></script><script>window.hit=1</script>\u202egnp.exe\u0000'
    await track(hostile, {
      messageId: 'message-hostile',
      properties: JSON.parse(`{"__proto__": ${JSON.stringify(hostile)}, ${JSON.stringify(hostile)}: 1}`) as object
    })
    await open('live')
    await page.locator('.event').first().click()
    await page.locator('.way').waitFor()
    expect(await page.locator('main img, main script').count()).toBe(0)
    expect(await page.evaluate(() => 'hit' in window)).toBe(false)
    await page.getByText('The event as it came').click()
    const text = await textOf('main')
    expect(text).toContain('<img src=x onerror="window.hit=1"></script>')
    expect(text).toContain('\\u202egnp.exe')
    expect(text).not.toContain('\u202e')
    expect(text).toContain('__proto__')
  })

  it('draws 200 of 10,000 events, the newest first', async () => {
    await open('live')
    const events = Array.from({ length: 1000 }, (_none, index) => ({ type: 'alias', userId: `u${index}` }))
    for (let batch = 0; batch < 10; batch++) await post('/v1/batch', { batch: events })
    await page.getByText('10,000 events').waitFor()
    await track('The newest')
    await page.locator('.event').first().filter({ hasText: 'The newest' }).waitFor()
    expect(await page.locator('.event').count()).toBe(200)
    await page.getByRole('button', { name: 'Show 200 older' }).click()
    expect(await page.locator('.event').count()).toBe(400)
  })

  it('has every event once after serve was started again', async () => {
    await open('live')
    await track('Before')
    await page.getByRole('button', { name: /Before/ }).waitFor()
    const { port } = new URL(server.url)
    await server.stop()
    server = await start(heap, Number(port))
    await track('After')
    await page.getByRole('button', { name: /After/ }).waitFor()
    expect(await page.locator('.event').count()).toBe(2)
    await page.reload()
    await page.getByRole('button', { name: /After/ }).waitFor()
    expect(await page.locator('.event').count()).toBe(1)
  })
})

describe('Mappings', () => {
  it('shows what send posts, for every example', async () => {
    const events = readdirSync(EXAMPLES)
      .filter((name) => /\.json$/.test(name))
      .map((name) => JSON.parse(readFileSync(path.join(EXAMPLES, name), 'utf8')) as SegmentEvent)
    const definition = loadDefinition()
    const subscriptions = presetSubscriptions(definition)
    const pipeline = new Pipeline({ definition, settings: SETTINGS, subscriptions })
    const never = new AbortController().signal
    for (const event of events) {
      const previews: Preview[] = []
      for (const subscription of subscriptions) previews.push(await evaluator.preview(event, subscription, never))
      heap.reset()
      const { runs } = await pipeline.send(event)
      const posted = (exchanges: Preview['exchanges']) =>
        exchanges.map(({ request: { url, method, body } }) => ({ url, method, body }))
      expect(posted(previews.flatMap(({ exchanges }) => exchanges))).toStrictEqual(
        posted(runs.flatMap(({ exchanges }) => exchanges))
      )
      const held = previews.flatMap((preview) => preview.held.events)
      expect(held.map(({ properties }) => properties)).toStrictEqual(
        heap.environment('US', SETTINGS.appId).events.map(({ properties }) => properties)
      )
    }
    expect(events.length).toBeGreaterThan(5)
  })

  it('is made, saved and there after a reload, by keyboard alone', async () => {
    writeFileSync(file, JSON.stringify(saved().slice(1)))
    await server.stop()
    server = await start()
    await open('mappings')
    const keyboard = page.keyboard
    const tabTo = async (name: string | RegExp, role: 'button' | 'textbox' | 'combobox' = 'button') => {
      const wanted = page.getByRole(role, { name, exact: typeof name === 'string' }).first()
      await wanted.waitFor()
      for (let presses = 0; presses < 200; presses++) {
        if (await wanted.evaluate((element) => element === document.activeElement)) return
        await keyboard.press('Tab')
      }
      throw new Error(`${String(name)} cannot be reached by Tab`)
    }
    await tabTo('New mapping', 'combobox')
    await keyboard.press('T') // Track Event
    await keyboard.press('Enter')
    await page.locator('.row[aria-current=true]').filter({ hasText: 'Track Event' }).waitFor()
    await tabTo('Name', 'textbox')
    await keyboard.press('Control+A')
    await keyboard.type('Sign-ups')
    await tabTo('Text')
    await keyboard.press('Enter')
    await tabTo('Trigger as text', 'textbox')
    await keyboard.press('Control+A')
    await keyboard.type('event = "Signed Up"')
    await page.getByText('– It does not take the event.').waitFor()
    await tabTo('Event Name: place in the event', 'combobox')
    await keyboard.press('Control+A')
    await keyboard.type('properties.order.id')
    await keyboard.press('ArrowDown')
    await keyboard.press('Enter')
    await page
      .getByRole('group', { name: /^Event Name/ })
      .getByText('Gets "o-1"')
      .waitFor()
    await tabTo(/^Save to/)
    await keyboard.press('Enter')
    await page.getByText('Saved to mappings.json').waitFor()
    const [made] = saved().slice(-1)
    expect(made).toMatchObject({
      name: 'Sign-ups',
      enabled: true,
      partnerAction: 'trackEvent',
      subscribe: 'event = "Signed Up"',
      mapping: { event: { '@path': '$.properties.order.id' }, message_id: { '@path': '$.messageId' } }
    })
    await page.reload()
    await page.locator('.row').filter({ hasText: 'Sign-ups' }).waitFor()
    // And it is in use.
    await track('Signed Up', { properties: { order: { id: 'o-7' } } })
    expect(heap.environment('US', SETTINGS.appId).events.map(({ event }) => event)).toContain('o-7')
  })

  it('warns where Segment reads a trigger otherwise, and not of the presets', async () => {
    await open('mappings')
    for (const row of await page.locator('.row').all()) {
      await row.click()
      await page.getByText('Segment reads this as').waitFor()
      expect(await page.locator('.warning').allInnerTexts()).toStrictEqual([])
    }
    await page.getByRole('button', { name: 'Text', exact: true }).click()
    await page.getByLabel('Trigger as text').fill('type = "track" and event = "A" or event = "B"')
    await expect(textOf('.warning')).resolves.toContain(
      'Segment reads it as type = "track" or event = "A" or event = "B"'
    )
    await page.getByRole('button', { name: /^Save to/ }).click()
    await page.getByText(/Nothing is saved\. .*Segment reads it as/).waitFor()
    expect(saved()).toHaveLength(3)
  })

  it('writes conditions as a trigger, and says of each whether the event meets it', async () => {
    await open('mappings')
    await page.getByLabel('An event is taken if').selectOption('and')
    await page.getByRole('button', { name: 'Remove condition 3' }).click()
    await page.getByRole('button', { name: 'Remove condition 2' }).click()
    await page.getByRole('button', { name: 'Add a condition' }).click()
    await page.getByLabel('Condition 2: what of the event').selectOption('event-property')
    await page.getByLabel('Condition 2: its place').fill('order.total')
    await page.getByLabel('Condition 2: how it is compared').selectOption('>')
    await page.getByLabel('Condition 2: the value').fill('20')
    await page.getByText('Segment reads this as type = "track" and properties.order.total > 20').waitFor()
    await page.getByText('properties.order.total > 20 does not hold; the event has 12.5').waitFor()
    await page.getByLabel('Condition 2: the value').fill('2')
    await page.getByText('✔ It takes the event.').waitFor()
  })

  it('shows the value of each kind of field, and the error of one that cannot work', async () => {
    await open('mappings')
    const field = page.getByRole('group', { name: /^Event Name/ })
    const kind = field.getByLabel('Event Name: where it comes from')
    await kind.selectOption('Template')
    await field.getByLabel('Event Name: template').fill('{{event}} of {{properties.order.id}}')
    await field.getByText('Gets "Order Completed of o-1"').waitFor()
    await kind.selectOption('A fixed value')
    await field.getByLabel('Event Name: value').fill('{{event}}')
    await field.getByText('is sent as it is, braces included').waitFor()
    await kind.selectOption('The first that is there')
    await field.getByRole('combobox', { name: 'Event Name, choice 1: place in the event' }).fill('$.nothing')
    await field.getByRole('combobox', { name: 'Event Name, choice 2: place in the event' }).fill('$.userId')
    await field.getByText('Gets "alice@example.com"').waitFor()
    await kind.selectOption('JSON')
    await field.getByLabel('Event Name: JSON').fill('{"@case": {"operator": "upper", "value": {"@path": "$.event"}}')
    await field.getByText('Line 1, column 63: close brace expected.').waitFor()
    await field.getByLabel('Event Name: JSON').fill('{"@case": {"operator": "upper", "value": {"@path": "$.event"}}}')
    await field.getByText('Gets "ORDER COMPLETED"').waitFor()
    await page
      .getByLabel('The event to try it with')
      .fill('{"type": "track", "userId": "null", "event": "A", "messageId": "m-00000001"}')
    await page.getByText(/✘ Identity is "null", a placeholder/).waitFor()
    await page.getByText('None: nothing was sent.').waitFor()
  })

  it('says how the latest events would have fared', async () => {
    await track('Paid')
    await post('/v1/track', { userId: 'null', event: 'Paid' })
    await post('/v1/identify', { userId: 'alice' })
    await open('mappings')
    await page.getByText('Of the last 3 events 2 match, 1 delivered, 1 refused.').waitFor()
  })

  it('never overwrites what somebody else has written meanwhile', async () => {
    await open('mappings')
    await page.getByLabel('Name', { exact: true }).fill('Mine')
    const theirs = saved().map((one) => ({ ...one, name: 'Theirs' }))
    writeFileSync(file, JSON.stringify(theirs))
    await page.getByRole('button', { name: /^Save to/ }).click()
    await page.getByRole('dialog', { name: 'The file has changed' }).waitFor()
    await page.getByRole('button', { name: 'Cancel' }).click()
    expect(saved()).toStrictEqual(theirs)
    await page.getByRole('button', { name: /^Save to/ }).click()
    await page.getByRole('button', { name: 'Overwrite the file' }).click()
    await page.getByText('Saved to mappings.json').waitFor()
    expect(saved().map(({ name }) => name)).toStrictEqual(['Mine', 'Identify Calls', 'Group Calls'])
  })

  it('keeps mappings that are off, duplicates and deletes after asking', async () => {
    await open('mappings')
    await page.getByLabel('Identify Calls is on').uncheck()
    await page.getByRole('button', { name: 'Duplicate' }).click()
    await page.locator('.row').filter({ hasText: 'Group Calls' }).click()
    await page.getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('button', { name: /^Save to/ }).click()
    await page.getByText('Saved to mappings.json').waitFor()
    expect(saved().map(({ name, enabled }) => [name, enabled])).toStrictEqual([
      ['Track Calls', true],
      ['Identify Calls', false],
      ['Identify Calls (copy)', false]
    ])
  })

  it('exports to Terraform, and imports mappings of the other Heap destination', async () => {
    await open('mappings')
    await page.getByRole('button', { name: 'Export' }).click()
    const exported = await page.getByLabel('The export').inputValue()
    expect(exported).toContain('resource "segment_destination_subscription" "track_calls" {')
    await page.getByRole('button', { name: 'Close', exact: true }).click()
    await page.getByRole('button', { name: 'Import' }).click()
    const entry = {
      partnerAction: 'sendEvent',
      name: 'Old',
      subscribe: 'type = "track"',
      mapping: { type: { '@path': '$.type' }, identity: 'x' }
    }
    await page.getByLabel('Or its text').fill(JSON.stringify([entry]))
    await page.getByRole('dialog').getByRole('button', { name: 'Import' }).click()
    await page.getByRole('button', { name: 'Track, page and screen calls' }).click()
    await page.locator('legend').filter({ hasText: 'identity' }).waitFor()
  })
})

describe('Heap and Check', () => {
  it('searches what Heap holds, and empties it after asking', async () => {
    await post('/v1/identify', { userId: 'alice', traits: { plan: 'pro' } })
    await post('/v1/track', { anonymousId: 'v-1', event: 'Looked' })
    await open('heap')
    await page.getByText('1 user, 1 event, 0 accounts. 1 event has no user yet.').waitFor()
    await page.getByLabel('Search').fill('pro')
    await page.locator('.held').filter({ hasText: 'alice' }).waitFor()
    await page.locator('.held').filter({ hasText: 'Looked' }).waitFor({ state: 'detached' })
    await track('Paid')
    await page.getByRole('button', { name: 'Their events' }).click()
    await page.locator('.held').filter({ hasText: 'Paid' }).waitFor()
    await page.locator('.held').filter({ hasText: 'Looked' }).waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Empty it' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Empty it' }).click()
    await page.getByText('Heap is empty.').waitFor()
    expect(heap.environment('US', SETTINGS.appId).users).toStrictEqual([])
  })

  it('checks a file, and opens an event of it in Mappings', async () => {
    await open('check')
    const lines = [
      ...Array.from(
        { length: 1200 },
        (_none, index) => `{"type":"track","event":"A","userId":"u${index}","messageId":"message-${index}"}`
      ),
      '{"type":"track","event":"B","userId":"null","messageId":"message-b"}',
      'no JSON',
      '{"type":"alias","userId":"a"}'
    ]
    await page
      .getByLabel('Drop a file here')
      .setInputFiles({ name: 'events.ndjson', mimeType: 'text/plain', buffer: Buffer.from(lines.join('\n')) })
    await page.getByText('1,203 events checked.').waitFor()
    expect((await textOf('.legend')).split('\n').map((line) => line.trim())).toStrictEqual([
      '1,200 delivered',
      '1 refused',
      '1 not taken',
      '0 left out',
      '1 unreadable'
    ])
    expect(heap.environment('US', SETTINGS.appId).events).toStrictEqual([])
    await page.getByRole('button', { name: 'Open the event in line 1201 in Mappings' }).click()
    await expect(page.getByLabel('The event to try it with').inputValue()).resolves.toContain(
      '"messageId": "message-b"'
    )
  })
})

describe('the page', () => {
  it('asks nothing of Heap while one types, also where Heap is the real one', async () => {
    await server.stop()
    const live = new HeapEmulator()
    interception.restore()
    const guard = interceptHeap(live, { allowLocal: true })
    try {
      server = await startServer({
        port: 0,
        settings: SETTINGS,
        mappingsFile: file,
        onResult: () => undefined,
        say: () => undefined
      })
      await open('mappings')
      await page.getByRole('button', { name: 'Text', exact: true }).click()
      await page.getByLabel('Trigger as text').fill('type = "track"')
      const name = page.getByLabel('Name', { exact: true })
      await name.pressSequentially('a hundred keystrokes, '.repeat(5).slice(0, 100))
      await page.locator('.result').getByText('/api/integrations/track').waitFor()
      expect(live.requests).toStrictEqual([])
      expect(await post('/page/example', {}, { origin: server.url })).toBe(400)
    } finally {
      guard.restore()
      interception = interceptHeap(heap, { allowLocal: true })
    }
  })

  it.each([
    ['another page of this machine', { origin: 'http://localhost:8000' }, 403],
    ['another site', { origin: 'https://evil.example' }, 403],
    ['a program that is no page', {}, 403],
    ['another name of this machine', { host: 'evil.example', origin: 'http://evil.example' }, 403],
    ['a form', { 'content-type': 'text/plain' }, 415]
  ])('lets %s change nothing', async (_who, headers, status) => {
    const before = readFileSync(file, 'utf8')
    const own = status === 415 ? { origin: server.url } : {}
    for (const place of ['/page/mappings', '/page/heap/empty', '/page/preview', '/page/check', '/page/example']) {
      const method = place === '/page/mappings' ? 'PUT' : 'POST'
      expect(await post(place, { subscriptions: [], version: '' }, { ...own, ...headers }, method)).toBe(status)
    }
    expect(readFileSync(file, 'utf8')).toBe(before)
  })

  it.each(['light', 'dark'] as const)('has nothing that axe finds fault with, %s', async (colorScheme) => {
    await page.emulateMedia({ colorScheme })
    await track('Paid')
    await post('/v1/track', { userId: 'null', event: 'Lost' })
    const found = async () => {
      const { violations } = await new AxeBuilder({ page })
        // What it finds no fault with is much, and is not read.
        .options({ resultTypes: ['violations'] })
        .withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'])
        // Otherwise it opens a page for each analysis, to put together those of frames, of which there are none.
        .setLegacyMode()
        .analyze()
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
    }
    await open('live')
    await page.locator('.event').first().click()
    await page.locator('.way').waitFor()
    await expect(found()).resolves.toStrictEqual([])
    for (const view of ['mappings', 'heap', 'check']) {
      await open(view)
      await expect(found()).resolves.toStrictEqual([])
    }
    // That it would find one.
    await page.evaluate(() => document.querySelector('main')?.append(document.createElement('input')))
    await expect(found()).resolves.toStrictEqual([expect.stringMatching(/^label: <input>/)])
  })

  it.each([
    ['320 pixels, as 1280 at 400 %', 320],
    ['640 pixels, as 1280 at 200 %', 640]
  ])('reads without scrolling sideways at %s', async (_what, width) => {
    await page.setViewportSize({ width, height: 700 })
    await track('x'.repeat(300), { properties: { ['k'.repeat(200)]: 'v'.repeat(800) } })
    for (const view of ['live', 'mappings', 'heap', 'check']) {
      await open(view)
      if (view === 'live') await page.locator('.event').first().click()
      const tooWide = await page.evaluate(() => {
        return Array.from(document.querySelectorAll('body *'))
          .filter((element) => element.getBoundingClientRect().right > innerWidth + 1 && !element.closest('pre, svg'))
          .map((element) => element.outerHTML.slice(0, 120))
      })
      expect(tooWide).toStrictEqual([])
    }
  })

  it('lets nothing run but its own script', async () => {
    const response = await page.goto(server.url)
    expect(response?.headers()['content-security-policy']).toMatch(
      /^default-src 'none';.*require-trusted-types-for 'script'/
    )
    const blocked = await page.evaluate(() => {
      try {
        document.body.innerHTML = '<b>markup</b>'
        return false
      } catch {
        return true
      }
    })
    expect(blocked).toBe(true)
    problems = problems.filter((problem) => !/TrustedHTML/.test(problem))
  })
})
