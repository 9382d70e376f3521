import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { Analytics } from '@segment/analytics-node'
import type { SegmentEvent } from '@segment/actions-core'
import { loadDefinition } from '../../../engine/definition'
import { Pipeline } from '../../../engine/pipeline'
import { presetSubscriptions } from '../../../engine/subscriptions'
import type { Preview } from '../protocol'
import { openInJsdom } from './pageInJsdom'
import { servePageForEachTest, SETTINGS } from './servedPage'

const EXAMPLES = path.join(__dirname, '../../../../../examples')

const { heap, evaluator, file, saved, restart, post, track, url } = servePageForEachTest()
const open = (view: string) => openInJsdom(url(), view)

describe('Live', () => {
  it('shows how to begin, and an example at a click', async () => {
    const page = await open('live')
    await page.shows(`new Analytics({ writeKey: 'any', host: '${url()}' })`, '.empty')
    await page.click('Send an example')
    await page.shows(/Order Completed.*delivered/, '.event')
  })

  it('shows the event of a real SDK with its way', async () => {
    const page = await open('live')
    const analytics = new Analytics({ writeKey: 'any', host: url() })
    analytics.track({ userId: 'alice', event: 'Signed Up', properties: { plan: { name: 'pro' } } })
    await analytics.closeAndFlush()
    await page.click(await page.shows(/track.*Signed Up.*alice.*delivered/, '.event'))
    const { textContent: way } = await page.shows('What Heap holds now', '.way')
    expect(way).toMatch(/1\. Mappings.*Track Calls → trackEvent: takes it/s)
    expect(way).toMatch(/type = "identify" does not hold; the event has "track"/)
    expect(way).toMatch(/2\. Payload.*"event": "Signed Up"/s)
    expect(way).toMatch(/3\. Requests.*POST https:\/\/heapanalytics\.com\/api\/integrations\/track/s)
    expect(way).toMatch(/4\. What Heap holds now.*plan\.namepro/s)
  })

  it('filters by words and by what was not delivered, and pauses', async () => {
    await track('Paid')
    await post('/v1/track', { userId: 'null', event: 'Lost' })
    const page = await open('live')
    await page.shows(/Lost.*null.*refused.*Identity is "null"/, '.event')
    await page.fill('Filter', 'paid')
    await page.showsNo('Lost', '.events')
    await page.fill('Filter', '')
    await page.click(await page.field('Not delivered only'))
    await page.showsNo('Paid', '.events')
    await page.click(await page.field('Not delivered only'))
    await page.click('Pause')
    await track('Later')
    await page.shows('1 newer one waiting')
    await page.showsNo('Later', '.events')
    await page.click('Pause')
    await page.shows('Later', '.event')
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

  it('warns where Segment reads a trigger otherwise, and not of the presets', async () => {
    const page = await open('mappings')
    for (const { name = '', subscribe = '' } of saved()) {
      await page.click(await page.shows(name, '.row'))
      await page.shows(`Segment reads this as ${subscribe}`)
      expect(page.document.querySelectorAll('.warning')).toHaveLength(0)
    }
    await page.click('Text')
    await page.fill('Trigger as text', 'type = "track" and event = "A" or event = "B"')
    await page.shows('Segment reads it as type = "track" or event = "A" or event = "B"', '.warning')
    await page.click(/^Save to/)
    await page.shows(/Nothing is saved\. .*Segment reads it as/, '.notice')
    expect(saved()).toHaveLength(3)
  })

  it('writes conditions as a trigger, and says of each whether the event meets it', async () => {
    const page = await open('mappings')
    await page.fill('An event is taken if', 'and')
    await page.click('Remove condition 3')
    await page.click('Remove condition 2')
    await page.click('Add a condition')
    await page.fill('Condition 2: what of the event', 'event-property')
    await page.fill('Condition 2: its place', 'order.total')
    await page.fill('Condition 2: how it is compared', '>')
    await page.fill('Condition 2: the value', '20')
    await page.shows('Segment reads this as type = "track" and properties.order.total > 20')
    await page.shows('properties.order.total > 20 does not hold; the event has 12.5')
    await page.fill('Condition 2: the value', '2')
    await page.shows('✔ It takes the event.')
  })

  it('shows the value of each kind of field, and the error of one that cannot work', async () => {
    const page = await open('mappings')
    const kind = 'Event Name: where it comes from'
    await page.fill(kind, 'template')
    await page.fill('Event Name: template', '{{event}} of {{properties.order.id}}')
    await page.shows('Gets "Order Completed of o-1"')
    await page.fill(kind, 'literal')
    await page.fill('Event Name: value', '{{event}}')
    await page.shows('is sent as it is, braces included')
    await page.fill(kind, 'coalesce')
    await page.fill('Event Name, choice 1: place in the event', '$.nothing')
    await page.fill('Event Name, choice 2: place in the event', '$.userId')
    await page.shows('Gets "alice@example.com"')
    await page.fill(kind, 'json')
    await page.fill('Event Name: JSON', '{"@case": {"operator": "upper", "value": {"@path": "$.event"}}')
    await page.shows('Line 1, column 63: close brace expected.')
    await page.fill('Event Name: JSON', '{"@case": {"operator": "upper", "value": {"@path": "$.event"}}}')
    await page.shows('Gets "ORDER COMPLETED"')
    await page.fill(
      'The event to try it with',
      '{"type": "track", "userId": "null", "event": "A", "messageId": "m-00000001"}'
    )
    await page.shows(/✘ Identity is "null", a placeholder/)
    await page.shows('None: nothing was sent.')
  })

  it('says how the latest events would have fared', async () => {
    await track('Paid')
    await post('/v1/track', { userId: 'null', event: 'Paid' })
    await post('/v1/identify', { userId: 'alice' })
    const page = await open('mappings')
    await page.shows('Of the last 3 events 2 match, 1 delivered, 1 refused.')
  })

  it('keeps mappings that are off, duplicates and deletes after asking', async () => {
    const page = await open('mappings')
    await page.click(await page.field('Identify Calls is on'))
    await page.click('Duplicate')
    await page.click(await page.shows('Group Calls', '.row'))
    await page.click('Delete')
    expect(page.document.querySelectorAll('.row')).toHaveLength(4)
    await page.click(await page.shows('Delete', 'dialog button'))
    await page.click(/^Save to/)
    await page.shows('Saved to mappings.json', '.notice')
    expect(saved().map(({ name, enabled }) => [name, enabled])).toStrictEqual([
      ['Track Calls', true],
      ['Identify Calls', false],
      ['Identify Calls (copy)', false]
    ])
  })

  it('exports to Terraform', async () => {
    const page = await open('mappings')
    await page.click('Export')
    const { value } = await page.field('The export')
    expect(value).toContain('resource "segment_destination_subscription" "track_calls" {')
  })

  it('imports mappings of the other Heap destination', async () => {
    const page = await open('mappings')
    await page.click('Import')
    const entry = {
      partnerAction: 'sendEvent',
      name: 'Old',
      subscribe: 'type = "track"',
      mapping: { type: { '@path': '$.type' }, identity: 'x' }
    }
    await page.fill('Or its text', JSON.stringify([entry]))
    await page.click(await page.shows('Import', 'dialog button'))
    await page.click('Track, page and screen calls')
    await page.shows('identity', 'legend')
  })
})

describe('Heap', () => {
  it('is searched, and emptied after asking', async () => {
    await post('/v1/identify', { userId: 'alice', traits: { plan: 'pro' } })
    await post('/v1/track', { anonymousId: 'v-1', event: 'Looked' })
    const page = await open('heap')
    await page.shows('1 user, 1 event, 0 accounts. 1 event has no user yet.')
    await page.fill('Search', 'pro')
    await page.shows('alice', '.held')
    await page.showsNo('Looked', '.held')
    await track('Paid')
    await page.click('Their events')
    await page.shows('Paid', '.held')
    await page.showsNo('Looked', '.held')
    await page.click('Empty it')
    expect(heap.environment('US', SETTINGS.appId).users).toHaveLength(1)
    await page.click(await page.shows('Empty it', 'dialog button'))
    await page.shows('Heap is empty.', '.notice')
    expect(heap.environment('US', SETTINGS.appId).users).toStrictEqual([])
  })
})

describe('the page', () => {
  it('asks nothing of Heap while one types, also where Heap is the real one', async () => {
    await restart({ emulator: undefined })
    const asked = jest.spyOn(heap, 'handle')
    try {
      const page = await open('mappings')
      await page.click('Text')
      await page.fill('Trigger as text', 'type = "track"')
      await page.type('Name', 'a hundred keystrokes, '.repeat(5).slice(0, 100))
      await page.shows('/api/integrations/track', '.result')
      expect(await post('/page/example', {}, { origin: url() })).toBe(400)
      expect(asked).not.toHaveBeenCalled()
    } finally {
      asked.mockRestore()
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
    const own = status === 415 ? { origin: url() } : {}
    for (const place of ['/page/mappings', '/page/heap/empty', '/page/preview', '/page/check', '/page/example']) {
      const method = place === '/page/mappings' ? 'PUT' : 'POST'
      expect(await post(place, { subscriptions: [], version: '' }, { ...own, ...headers }, method)).toBe(status)
    }
    expect(readFileSync(file, 'utf8')).toBe(before)
  })
})
