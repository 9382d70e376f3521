import { createTestIntegration } from '@segment/actions-core'
import type { SegmentEvent } from '@segment/actions-core'
import nock from 'nock'
import Heap from '../..'

const HOST = 'https://heapanalytics.com'
const TRACK = '/api/integrations/track'
const PROFILE = '/api/add_user_properties'

const settings = { appId: '11' }
const event: Partial<SegmentEvent> = {
  type: 'track',
  event: 'Signed Up',
  messageId: 'message-0001',
  timestamp: '2026-11-23T10:00:00.000Z',
  userId: 'alice@example.com',
  anonymousId: 'anon-1',
  context: {},
  properties: { plan: 'pro' }
}

/** Sends an event and gives the bodies that Heap got, by path. */
async function bodiesOf(changes: Partial<SegmentEvent>, mapping?: Record<string, string>) {
  const bodies: Record<string, unknown> = {}
  for (const path of [TRACK, PROFILE]) {
    nock(HOST)
      .post(path)
      .reply(200, (_uri, body) => {
        bodies[path] = body
        return {}
      })
  }
  await send(changes, mapping)
  return bodies
}

function send(changes: Partial<SegmentEvent>, mapping?: Record<string, string>) {
  return createTestIntegration(Heap).testAction('trackEvent', {
    event: { ...event, ...changes },
    settings,
    mapping,
    useDefaultMappings: true
  })
}

function trackBody(changes: Record<string, unknown>) {
  return {
    app_id: '11',
    library: 'server',
    events: [
      {
        event: 'Signed Up',
        user_identifier: { identity: 'alice@example.com', anonymous_id: 'anon-1' },
        custom_properties: { segment_library: 'cloud-mode-destination', plan: 'pro' },
        idempotency_key: 'message-0001',
        timestamp: '2026-11-23T10:00:00.000Z',
        ...changes
      }
    ]
  }
}

function profileBody(properties: Record<string, string>) {
  return { app_id: '11', identity: 'alice@example.com', properties }
}

beforeEach(() => nock.disableNetConnect())
afterAll(() => nock.restore())
afterEach(() => nock.cleanAll())

describe('trackEvent', () => {
  it('sends the event and joins the anonymous visitor to the person', async () => {
    expect(await bodiesOf({})).toStrictEqual({
      [TRACK]: trackBody({}),
      [PROFILE]: profileBody({ anonymous_id: 'anon-1' })
    })
  })

  it('sends the contract example, flattened', async () => {
    const bodies = await bodiesOf({
      properties: {
        foo: { bar: { cheese: 'american', prop: [1, 2, 3], products: [{ A: 'Jello' }, { B: 'Peanut' }] } }
      }
    })
    expect(bodies[TRACK]).toStrictEqual(
      trackBody({
        custom_properties: {
          segment_library: 'cloud-mode-destination',
          'foo.bar.cheese': 'american',
          'foo.bar.prop': '[1,2,3]',
          'foo.bar.products': '[{"A":"Jello"},{"B":"Peanut"}]'
        }
      })
    )
  })

  it('answers with what was sent and what Heap said', async () => {
    nock(HOST).post(TRACK).reply(200, 'stored').post(PROFILE).reply(200, 'updated')
    const integration = createTestIntegration(Heap)
    await integration.testAction('trackEvent', { event, settings, useDefaultMappings: true })
    expect(integration.results[2]).toStrictEqual({
      output: 'Action Executed',
      data: {
        status: 200,
        body: { event: 'stored', user: 'updated' },
        sent: {
          event: trackBody({}).events[0],
          user: { identity: 'alice@example.com', properties: { anonymous_id: 'anon-1' } }
        }
      }
    })
  })

  describe('names the event', () => {
    it.each<[string, Partial<SegmentEvent>, string]>([
      ['after the page view', { type: 'page', event: undefined }, 'Page viewed'],
      ['after the screen view', { type: 'screen', event: undefined }, 'Screen viewed'],
      ['after the page view when the name is blank', { type: 'page', event: ' ' }, 'Page viewed'],
      ['as mapped, a page too', { type: 'page', event: 'Pricing seen' }, 'Pricing seen'],
      ['as it is, in full', { event: 'x'.repeat(1024) }, 'x'.repeat(1024)]
    ])('%s', async (_how, changes, name) => {
      expect((await bodiesOf(changes))[TRACK]).toStrictEqual(trackBody({ event: name }))
    })

    it.each<[string, Partial<SegmentEvent>]>([
      ['no name', { event: undefined }],
      ['a blank name', { event: '  ' }],
      ['no type either', { event: undefined, type: undefined }]
    ])('or refuses an event with %s', async (_what, changes) => {
      await expect(send(changes)).rejects.toThrow(
        'Event Name is missing, so Heap does not know what happened. Map a name to it.'
      )
    })

    it('or refuses a name that is too long for Heap', async () => {
      await expect(send({ event: 'x'.repeat(1025) })).rejects.toThrow(
        'Event Name is 1025 characters long; Heap accepts at most 1024. Map a shorter name to it.'
      )
    })
  })

  it('sends the name of a page or screen as a property', async () => {
    const page: Partial<SegmentEvent> = { type: 'page', event: undefined, name: 'Pricing', properties: { name: 'old' } }
    expect((await bodiesOf(page))[TRACK]).toStrictEqual(
      trackBody({
        event: 'Page viewed',
        custom_properties: { segment_library: 'cloud-mode-destination', name: 'Pricing' }
      })
    )
  })

  it('keeps the property name where the page has none', async () => {
    const page: Partial<SegmentEvent> = { type: 'page', event: undefined, name: ' ', properties: { name: 'Pricing' } }
    expect((await bodiesOf(page))[TRACK]).toStrictEqual(
      trackBody({
        event: 'Page viewed',
        custom_properties: { segment_library: 'cloud-mode-destination', name: 'Pricing' }
      })
    )
  })

  it('sends an event without properties', async () => {
    expect((await bodiesOf({ properties: undefined }))[TRACK]).toStrictEqual(
      trackBody({ custom_properties: { segment_library: 'cloud-mode-destination' } })
    )
  })

  describe('says who the event is about', () => {
    it('by both identifiers, trimmed', async () => {
      expect((await bodiesOf({ userId: ' alice@example.com ', anonymousId: ' anon-1 ' }))[TRACK]).toStrictEqual(
        trackBody({})
      )
    })

    it('by the anonymous ID alone, and then updates no profile', async () => {
      expect(await bodiesOf({ userId: null, context: { traits: { plan: 'pro' } } })).toStrictEqual({
        [TRACK]: trackBody({ user_identifier: { anonymous_id: 'anon-1' } })
      })
    })

    it('by the user ID alone, and then has no profile to update', async () => {
      expect(await bodiesOf({ anonymousId: null })).toStrictEqual({
        [TRACK]: trackBody({ user_identifier: { identity: 'alice@example.com' } })
      })
    })

    it('by a number, as its string', async () => {
      const changes = { userId: 42 as unknown as string, anonymousId: null }
      expect((await bodiesOf(changes))[TRACK]).toStrictEqual(trackBody({ user_identifier: { identity: '42' } }))
    })

    it.each(['undefined', ' NULL ', '0', '[object Object]', ''])(
      'by the anonymous ID when the user ID is %j',
      async (userId) => {
        expect(await bodiesOf({ userId, context: { traits: { plan: 'pro' } } })).toStrictEqual({
          [TRACK]: trackBody({ user_identifier: { anonymous_id: 'anon-1' } })
        })
      }
    )

    it('and never by an anonymous ID that names nobody', async () => {
      expect(await bodiesOf({ anonymousId: '00000000-0000-0000-0000-000000000000' })).toStrictEqual({
        [TRACK]: trackBody({ user_identifier: { identity: 'alice@example.com' } })
      })
    })

    it.each<[string, Partial<SegmentEvent>, string]>([
      ['nobody', { userId: null, anonymousId: ' ' }, 'Identity and Anonymous ID are both missing'],
      ['a placeholder', { userId: 'Guest', anonymousId: null }, 'Identity is "Guest", a placeholder that names nobody'],
      ['two placeholders', { userId: 'null', anonymousId: 'null' }, 'Identity is "null", a placeholder'],
      ['a placeholder as anonymous ID', { userId: '', anonymousId: '-1' }, 'Anonymous ID is "-1", a placeholder'],
      [
        'a too long identity',
        { userId: 'a'.repeat(256) },
        'Identity is 256 characters long; Heap accepts at most 255.'
      ],
      [
        'a too long anonymous ID',
        { anonymousId: 'a'.repeat(1024) },
        'Anonymous ID is 1024 characters long; Heap accepts at most 1023'
      ]
    ])('or refuses %s', async (_who, changes, message) => {
      await expect(send(changes)).rejects.toThrow(message)
      await expect(send(changes)).rejects.toMatchObject({ code: 'PAYLOAD_VALIDATION_FAILED', status: 400 })
    })
  })

  describe('takes further identifiers where a customer maps them', () => {
    it('Heap’s own ID and the email, beside the others', async () => {
      const bodies = await bodiesOf({}, { heap_user_id: ' 8273645192837465 ', email: 'alice@example.com' })
      expect(bodies[TRACK]).toStrictEqual(
        trackBody({
          user_identifier: {
            identity: 'alice@example.com',
            anonymous_id: 'anon-1',
            user_id: '8273645192837465',
            email: 'alice@example.com'
          }
        })
      )
    })

    it.each<[Record<string, string>, Record<string, string>]>([
      [{ heap_user_id: '0' }, { user_id: '0' }],
      [{ heap_user_id: '9007199254740991' }, { user_id: '9007199254740991' }],
      [{ heap_user_id: '007' }, { user_id: '7' }],
      [{ email: 'alice@example.com', heap_user_id: ' ' }, { email: 'alice@example.com' }]
    ])('%j alone, and then updates no profile', async (mapping, user_identifier) => {
      expect(await bodiesOf({ userId: null, anonymousId: null }, mapping)).toStrictEqual({
        [TRACK]: trackBody({ user_identifier })
      })
    })

    it('and never an email that names nobody', async () => {
      expect((await bodiesOf({}, { email: 'undefined' }))[TRACK]).toStrictEqual(trackBody({}))
    })

    it.each(['9007199254740992', '-1', '1.5', 'alice', '0x10'])(
      'but refuses the Heap User ID %j',
      async (heap_user_id) => {
        await expect(send({}, { heap_user_id })).rejects.toMatchObject({
          code: 'PAYLOAD_VALIDATION_FAILED',
          message: `Heap User ID "${heap_user_id}" is not an ID of Heap’s SDK, which is a number from 0 to 9007199254740991. Map heap.getUserId() to it, or nothing.`
        })
      }
    )
  })

  it('flattens lists where the customer asks for it, in properties and traits', async () => {
    const foods = ['cheese', { kind: 'bread', from: ['rye', null] }, []]
    const bodies = await bodiesOf(
      { properties: { foods }, context: { traits: { foods } } },
      { nested_properties_mode: 'flatten' }
    )
    const flat = { 'foods.0': 'cheese', 'foods.1.kind': 'bread', 'foods.1.from.0': 'rye' }
    expect(bodies).toStrictEqual({
      [TRACK]: trackBody({ custom_properties: { segment_library: 'cloud-mode-destination', ...flat } }),
      [PROFILE]: profileBody({ ...flat, anonymous_id: 'anon-1' })
    })
  })

  describe('keeps the profile up to date', () => {
    it('with the traits, under names that Heap takes, and the anonymous ID', async () => {
      const traits = { id: 7, Email: 'alice@example.com', address: { city: 'Berlin' }, anonymous_id: 'other' }
      expect((await bodiesOf({ context: { traits } }))[PROFILE]).toStrictEqual(
        profileBody({ segment_id: '7', email: 'alice@example.com', 'address.city': 'Berlin', anonymous_id: 'anon-1' })
      )
    })

    it('with the traits alone', async () => {
      expect((await bodiesOf({ anonymousId: null, context: { traits: { plan: 'pro' } } }))[PROFILE]).toStrictEqual(
        profileBody({ plan: 'pro' })
      )
    })

    it('but not with traits that say nothing', async () => {
      const bodies = await bodiesOf({
        anonymousId: null,
        context: { traits: { plan: null, anonymous_id: 'undefined' } }
      })
      expect(bodies).not.toHaveProperty([PROFILE])
    })
  })

  it('makes a short message ID long enough for Heap, the same each time', async () => {
    expect((await bodiesOf({ messageId: 'abc' }))[TRACK]).toStrictEqual(trackBody({ idempotency_key: 'segment-abc' }))
    expect((await bodiesOf({ messageId: '12345678' }))[TRACK]).toStrictEqual(trackBody({ idempotency_key: '12345678' }))
  })

  it.each<[string, string | undefined]>([
    ['no message ID', undefined],
    ['an empty message ID', '']
  ])('refuses %s', async (_what, messageId) => {
    await expect(send({ messageId })).rejects.toThrow("missing the required field 'message_id'")
  })

  it('refuses a blank message ID', async () => {
    await expect(send({ messageId: '  ' })).rejects.toThrow('Message ID is missing')
  })

  it('leaves the time to Heap where there is none', async () => {
    const { timestamp: _, ...rest } = trackBody({}).events[0]
    expect((await bodiesOf({ timestamp: undefined }))[TRACK]).toStrictEqual({
      app_id: '11',
      library: 'server',
      events: [rest]
    })
  })

  it('refuses properties that have no end, and names them', async () => {
    const loop = { toJSON: () => loops }
    const loops: Record<string, unknown> = { again: loop }
    await expect(send({ properties: { loop } as never })).rejects.toThrow('Property "loop.again" contains itself')
    await expect(send({ properties: { loop } as never })).rejects.toMatchObject({ code: 'PAYLOAD_VALIDATION_FAILED' })
  })

  describe('says what was stored when Heap fails', () => {
    it.each<[string, number, number, object]>([
      [
        'the event',
        400,
        200,
        {
          status: 400,
          code: 'BAD_REQUEST',
          message: 'The event was not stored: Heap answered 400: no. The user properties were updated.'
        }
      ],
      [
        'the profile',
        200,
        500,
        {
          status: 500,
          code: 'INTERNAL_SERVER_ERROR',
          message: 'The event was stored. The user properties were not updated: Heap answered 500: no.'
        }
      ],
      [
        'both, and a retry can help one',
        400,
        429,
        {
          status: 429,
          code: 'TOO_MANY_REQUESTS',
          message:
            'The event was not stored: Heap answered 400: no. The user properties were not updated: Heap answered 429: no.'
        }
      ],
      [
        'both, and no retry can help',
        413,
        400,
        {
          status: 413,
          code: 'PAYLOAD_TOO_LARGE',
          message:
            'The event was not stored: Heap answered 413: no. The user properties were not updated: Heap answered 400: no.'
        }
      ]
    ])('%s', async (_part, eventStatus, profileStatus, error) => {
      nock(HOST).post(TRACK).reply(eventStatus, 'no').post(PROFILE).reply(profileStatus, 'no')
      await expect(send({})).rejects.toMatchObject(error)
    })
  })
})
