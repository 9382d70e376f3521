import { areWithoutHeap, createConsent } from '../consent'
import type { EntryPoint, Middleware, SegmentEvent } from '../consent'
import { onPlainPage } from './plainPage'

const NAME = 'Heap Web (Actions)'

describe('the integrations of a page or a call', () => {
  it.each<[boolean, Record<string, unknown> | undefined]>([
    [false, undefined],
    [false, {}],
    [false, { All: true }],
    [false, { Heap: true }],
    [false, { [NAME]: {} }],
    [false, { Mixpanel: false }],
    [true, { All: false }],
    [true, { Heap: false }],
    [true, { [NAME]: false }],
    [true, { All: false, Mixpanel: true }],
    [false, { All: false, Heap: true }],
    [false, { All: false, [NAME]: true }],
    [false, { All: false, [NAME]: { option: 1 } }],
    // In the cloud and on the page it can be had apart.
    [false, { Heap: false, [NAME]: true }],
    [true, { Heap: true, [NAME]: false }],
    [true, { All: true, [NAME]: false }]
  ])('keep Heap out: %j of %j', (isOut, integrations) => {
    expect(areWithoutHeap(integrations)).toBe(isOut)
  })
})

interface Source {
  /** What Segment's settings say of Heap. */
  listed?: { consentSettings?: { categories: string[] } }
  consentSettings?: object
  updateCDNSettings?: () => void
}

function consentOf({ listed, consentSettings, updateCDNSettings }: Source, entryPoint: Partial<EntryPoint> = {}) {
  const analytics = {
    options: { updateCDNSettings },
    settings: { cdnSettings: { integrations: { ...(listed && { [NAME]: listed }) }, consentSettings } }
  }
  return createConsent(analytics, { filtered: () => undefined, isFromSettings: false, ...entryPoint })
}

function call(preferences?: Record<string, boolean>, more: object = {}): SegmentEvent {
  const consent = preferences && { categoryPreferences: preferences }
  return { type: 'track', event: 'A', properties: { a: { b: 1 } }, context: { consent }, ...more }
}

const ANALYTICS = { consentSettings: { categories: ['Analytics', 'Product'] } }

describe('consent', () => {
  it.each<[boolean, Source, Partial<EntryPoint>]>([
    [false, {}, {}],
    [false, { listed: {} }, {}],
    [true, { listed: ANALYTICS }, {}],
    [true, { consentSettings: { allCategories: [] } }, {}],
    [true, { updateCDNSettings: () => undefined }, {}],
    [true, {}, { categories: ['Analytics'] }]
  ])('is managed: %j where %j and %j', (isManaged, source, entryPoint) => {
    expect(consentOf(source, entryPoint).isManaged).toBe(isManaged)
  })

  it('is refused for good by the integrations that the page loads with', () => {
    const { isManaged, allows } = createConsent(
      { integrations: { All: false } },
      { filtered: () => undefined, isFromSettings: true }
    )
    expect(isManaged).toBe(true)
    expect(allows(call(undefined, { integrations: { [NAME]: true } }))).toBe(false)
  })

  it('is nobody’s business where there is no Analytics, or half of one', () => {
    const entryPoint = { filtered: () => undefined, isFromSettings: true }
    expect(createConsent({}, entryPoint).isManaged).toBe(false)
    expect(createConsent({ settings: {} }, entryPoint).isManaged).toBe(false)
    expect(createConsent({}, entryPoint).allows(call())).toBe(true)
    expect(createConsent({}, entryPoint).allows({ type: 'track' })).toBe(true)
  })

  it.each<[boolean, Record<string, boolean> | undefined]>([
    [true, undefined],
    [true, { Analytics: true, Product: true, Ads: false }],
    [false, { Analytics: true }],
    [false, { Analytics: true, Product: false }],
    [false, {}]
  ])('is asked for all categories of Heap: %j for %j', (isAllowed, preferences) => {
    expect(consentOf({ listed: ANALYTICS }).allows(call(preferences))).toBe(isAllowed)
    expect(consentOf({}, { categories: ['Analytics', 'Product'] }).allows(call(preferences))).toBe(isAllowed)
  })

  it('is for the page to say, before Segment', () => {
    const consent = consentOf({ listed: ANALYTICS }, { categories: ['Ads'] })
    expect(consent.allows(call({ Ads: true }))).toBe(true)
    expect(consent.allows(call({ Analytics: true, Product: true }))).toBe(false)
  })

  it('is never given by a call that leaves Heap out', () => {
    const preferences = { Analytics: true, Product: true }
    expect(consentOf({ listed: ANALYTICS }).allows(call(preferences, { integrations: { Heap: false } }))).toBe(false)
  })

  it('is not known where Segment’s settings leave Heap out, which is said once', () => {
    const page = onPlainPage()
    const consent = consentOf({ consentSettings: {} })
    expect(consent.allows(call({ Analytics: true }))).toBe(false)
    expect(consent.allows(call({ Analytics: true }))).toBe(false)
    expect(page.warnings).toStrictEqual([expect.stringMatching(/^Heap: Consent is managed.*consentCategories/)])
    // It is no consent tool that edits the settings.
    expect(consent.allows(call())).toBe(true)
  })

  it('is Segment’s to give where its settings list Heap without a category', () => {
    expect(consentOf({ listed: {} }).allows(call({ Analytics: false }))).toBe(true)
    expect(consentOf({}, { isFromSettings: true }).allows(call({ Analytics: false }))).toBe(true)
    const filtered = () => ({ name: NAME, middleware: [() => undefined] })
    expect(consentOf({}, { filtered }).allows(call({ Analytics: false }))).toBe(true)
  })
})

describe('destination middleware', () => {
  function filteredBy(...middleware: Middleware[]) {
    return consentOf({}, { filtered: () => ({ name: NAME, middleware }) })
  }

  it('is not asked where there is none', async () => {
    const event = call()
    expect(await consentOf({}).filter(event)).toBe(event)
  })

  it('gets a copy of the event, in its order, and gives what Heap gets', async () => {
    const event = call()
    const seen: unknown[] = []
    const filtered = await filteredBy(
      ({ payload, integration, next }) => {
        seen.push(integration)
        Object.assign(payload.obj.properties?.a as object, { b: 2 })
        next(payload)
      },
      async ({ payload, next }) => {
        await Promise.resolve()
        next({ obj: { ...payload.obj, event: 'B' } })
      }
    ).filter(event)
    expect(filtered).toMatchObject({ event: 'B', properties: { a: { b: 2 } } })
    expect(event).toMatchObject({ event: 'A', properties: { a: { b: 1 } } })
    expect(seen).toStrictEqual([NAME])
  })

  it('may ask for the parts of the event as of Segment’s own payload', async () => {
    const event = call(undefined, { userId: 'alice' })
    const seen: unknown[] = []
    await filteredBy(({ payload, next }) => {
      const facade = payload as unknown as Record<string, () => unknown>
      seen.push(facade.event(), facade.userId(), facade.groupId(), facade.json(), facade.rawEvent())
      next(payload)
    }).filter(event)
    // Where a browser cannot clone, the copy is without what is undefined.
    expect(seen).toEqual(['A', 'alice', undefined, event, event])
  })

  it.each<[string, Middleware]>([
    ['does not go on', () => undefined],
    ['goes on with nothing', ({ next }) => next(null)],
    ['keeps Heap out', ({ payload, next }) => next({ obj: { ...payload.obj, integrations: { [NAME]: false } } })]
  ])('keeps a call from Heap where it %s', async (_how, middleware) => {
    const after = jest.fn<void, Parameters<Middleware>>(({ payload, next }) => next(payload))
    expect(await filteredBy(middleware, after).filter(call())).toBeUndefined()
  })

  it('keeps a call from Heap where it fails, with a word', async () => {
    const page = onPlainPage()
    const failing: Middleware = () => {
      throw new Error('broken')
    }
    expect(await filteredBy(failing).filter(call())).toBeUndefined()
    expect(page.warnings).toStrictEqual([
      'Heap: A destination middleware failed, so the track call is left out: Error: broken'
    ])
  })

  it('gets an event with what cannot be copied, without that', async () => {
    const event = call(undefined, { properties: { kept: 1, callback: () => 1 } })
    const filtered = await filteredBy(({ payload, next }) => next(payload)).filter(event)
    expect(filtered?.properties).toStrictEqual({ kept: 1 })
  })
})
