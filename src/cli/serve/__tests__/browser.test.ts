import { writeFileSync } from 'node:fs'
import axe from 'axe-core'
import type { Page, Request } from 'playwright-core'
import { bundleForPage, servePages } from '../../../__tests__/browser'
import { beforeAll, describe, it, launchChromium } from '../../../__tests__/chromium'
import type { EventResult, RecordedRun } from '../../engine/eventResult'
import { servePageForEachTest, SETTINGS } from '../page/__tests__/servedPage'

declare global {
  interface Window {
    axe: typeof axe
    /** Has analytics.js send an event of each kind to a server. */
    sendEvents: (server: string) => Promise<void>
  }
}

let page: Page
let problems: string[]

beforeAll(async () => {
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
beforeEach(async () => {
  await page.setViewportSize({ width: 1280, height: 900 })
  await page.emulateMedia({ colorScheme: 'light' })
  problems = []
})
afterEach(async () => {
  await page.goto('about:blank')
  expect(problems).toStrictEqual([])
})
const { heap, file, saved, restart, post, track, url } = servePageForEachTest()

async function open(view: string): Promise<void> {
  await page.goto(`${url()}/#${view}`)
  await page.locator(`nav [href="#${view}"][aria-current=page]`).waitFor()
  await page.getByRole('main').locator('h2, .event').first().waitFor()
}

const PAGE = bundleForPage(`
  import { AnalyticsBrowser } from '@segment/analytics-next'
  window.sendEvents = async (server) => {
    const analytics = AnalyticsBrowser.load({ writeKey: 'any', cdnURL: server })
    await analytics.page('Shop', { category: 'shoes' })
    await analytics.track('Product Viewed', { price: 12.5, sizes: [42, 43] })
    await analytics.identify('alice', { plan: 'pro' })
    await analytics.group('acme', { size: 7 })
    await analytics.screen('Basket')
    await analytics.alias('alice-2')
  }
`)

describe('analytics.js in a browser', () => {
  it('sends its events to a running serve, which delivers them', async () => {
    const results: EventResult<RecordedRun>[] = []
    await restart({ onResult: (result) => results.push(result) })
    const pages = await servePages((path) =>
      path === '/page.js'
        ? { type: 'text/javascript', body: PAGE }
        : { type: 'text/html', body: '<title>Shop</title><script src="/page.js"></script>' }
    )
    const elsewhere: string[] = []
    const note = (request: Request) => {
      if (!/^http:\/\/localhost[:/]/.test(request.url())) elsewhere.push(request.url())
    }
    try {
      // As the page says, before there is an event.
      await open('live')
      const [, server] = /AnalyticsBrowser.*cdnURL: '(.+?)'/.exec(await textOf('.empty')) ?? []
      page.on('request', note)
      await page.goto(`${pages.url}/shop`)
      await page.evaluate((server) => window.sendEvents(server), server)
      while (results.length < 6) await new Promise((go) => setTimeout(go, 20))

      expect(elsewhere).toStrictEqual([])
      const byType = Object.fromEntries(results.map(({ event, delivered }) => [event.type, delivered]))
      expect(byType).toStrictEqual({
        page: true,
        track: true,
        identify: true,
        group: true,
        screen: true,
        alias: false
      })
      const { events, users, accounts } = heap.environment('US', SETTINGS.appId)
      const anonymous_id = String(events[0].user_identifier.anonymous_id)
      expect(anonymous_id).toMatch(/^[\w-]{36}$/)
      expect(events.map(({ event, user, properties }) => [event, user, properties])).toEqual(
        expect.arrayContaining([
          [
            'Page viewed',
            'alice',
            expect.objectContaining({ name: 'Shop', category: 'shoes', title: 'Shop', url: `${pages.url}/shop` })
          ],
          ['Product Viewed', 'alice', expect.objectContaining({ price: '12.5', sizes: '[42,43]' })],
          ['Screen viewed', 'alice', expect.objectContaining({ name: 'Basket' })]
        ])
      )
      expect(events).toHaveLength(3)
      expect(users).toStrictEqual([
        { identity: 'alice', properties: { anonymous_id, plan: 'pro', account_id: 'acme' } }
      ])
      expect(accounts).toStrictEqual([{ account_id: 'acme', properties: { size: '7' } }])
    } finally {
      page.off('request', note)
      pages.close()
    }
  })
})

/** Opens the latest event, and waits until its way is drawn. */
async function openLatestEvent(): Promise<void> {
  await page.locator('.event').first().click()
  await page.locator('.way').waitFor()
}

/** The text of the first element, and no markup in it. */
function textOf(selector: string): Promise<string> {
  return page.locator(selector).first().innerText()
}

describe('the page in a browser', () => {
  it('keeps text text, and shows what cannot be seen', async () => {
    const hostile = '<img src=x onerror="window.hit=1"></script><script>window.hit=1</script>\u202egnp.exe\u0000'
    await track(hostile, {
      messageId: 'message-hostile',
      properties: JSON.parse(`{"__proto__": ${JSON.stringify(hostile)}, ${JSON.stringify(hostile)}: 1}`) as object
    })
    await open('live')
    await openLatestEvent()
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
    await restart({ port: Number(new URL(url()).port) })
    await track('After')
    await page.getByRole('button', { name: /After/ }).waitFor()
    expect(await page.locator('.event').count()).toBe(2)
    await page.reload()
    await page.getByRole('button', { name: /After/ }).waitFor()
    expect(await page.locator('.event').count()).toBe(1)
  })

  it('is made, saved and there after a reload, by keyboard alone', async () => {
    writeFileSync(file, JSON.stringify(saved().slice(1)))
    await restart()
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

  it('imports a file, but none whose letters it would lose', async () => {
    await open('mappings')
    await page.getByRole('button', { name: 'Import' }).click()
    const entry = {
      partnerAction: 'trackEvent',
      name: 'Käufe',
      subscribe: 'type = "track"',
      mapping: { event: 'Käufe' }
    }
    const choose = (name: string, encoding: BufferEncoding) => {
      const buffer = Buffer.from(JSON.stringify([entry]), encoding)
      return page.getByLabel('A file').setInputFiles({ name, mimeType: 'application/json', buffer })
    }
    await choose('latin1.json', 'latin1')
    await page.getByText('latin1.json is not UTF-8. Save it as UTF-8.').waitFor()
    await choose('mappings.json', 'utf8')
    await page.getByRole('dialog').getByRole('button', { name: 'Import' }).click()
    await page.getByText('1 mapping imported.').waitFor()
    await page.getByRole('button', { name: /^Save to/ }).click()
    await page.getByText('Saved to mappings.json').waitFor()
    expect(saved()).toMatchObject([entry])
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
    const choose = (name: string, buffer: Buffer) =>
      page.getByLabel('Drop a file here').setInputFiles({ name, mimeType: 'text/plain', buffer })
    // Left in its middle, it is read no further; that must not lose the reason.
    await choose('events.zip', Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(1_000_000, 1)]))
    await page.getByText('is a zip archive, or a workbook: unpack it, or save it as JSON').waitFor()
    await choose('events.ndjson', Buffer.from(lines.join('\n')))
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

  it('has nothing that axe finds fault with, in light and in dark', async () => {
    await track('Paid')
    await post('/v1/track', { userId: 'null', event: 'Lost' })
    await open('live')
    await page.evaluate(axe.source)
    const found = (type: 'tag' | 'rule', values: string[]) =>
      page.evaluate(
        async (runOnly) => {
          // What it finds no fault with is much, and is not read.
          const { violations } = await window.axe.run({ runOnly, resultTypes: ['violations'] })
          return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
        },
        { type, values }
      )
    const all = () => found('tag', ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'])
    // Of these, the two that look at colours, which is all that is other in the dark.
    const ofColours = () => found('rule', ['color-contrast', 'link-in-text-block'])
    for (const view of ['live', 'mappings', 'heap', 'check']) {
      await open(view)
      if (view === 'live') await openLatestEvent()
      await expect(all()).resolves.toStrictEqual([])
      await page.emulateMedia({ colorScheme: 'dark' })
      await expect(ofColours()).resolves.toStrictEqual([])
      await page.emulateMedia({ colorScheme: 'light' })
    }
    // That they would find one.
    await page.evaluate(() => {
      const pale = Object.assign(document.createElement('input'), { value: 'pale' })
      pale.style.color = 'light-dark(black, #333)'
      document.querySelector('main')?.append(pale)
    })
    await expect(all()).resolves.toStrictEqual([expect.stringMatching(/^label: <input/)])
    await page.emulateMedia({ colorScheme: 'dark' })
    await expect(ofColours()).resolves.toStrictEqual([expect.stringMatching(/^color-contrast: <input/)])
  })

  it('reads without scrolling sideways at 320 and 640 pixels, as 1280 at 400 and 200 %', async () => {
    await track('x'.repeat(300), { properties: { ['k'.repeat(200)]: 'v'.repeat(800) } })
    for (const view of ['live', 'mappings', 'heap', 'check']) {
      await open(view)
      if (view === 'live') await openLatestEvent()
      for (const width of [320, 640]) {
        await page.setViewportSize({ width, height: 700 })
        const tooWide = await page.evaluate(() => {
          return Array.from(document.querySelectorAll('body *'))
            .filter((element) => element.getBoundingClientRect().right > innerWidth + 1 && !element.closest('pre, svg'))
            .map((element) => element.outerHTML.slice(0, 120))
        })
        expect(tooWide).toStrictEqual([])
      }
    }
  })

  it('lets nothing run but its own script', async () => {
    const response = await page.goto(url())
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
