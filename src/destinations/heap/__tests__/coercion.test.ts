import { Destination } from '@segment/actions-core'
import type { JSONObject, SegmentEvent } from '@segment/actions-core'
import nock from 'nock'
import Heap from '..'
import { uncoerced } from '../coercion'

describe('uncoerced', () => {
  const rawMapping = {
    identity: { '@path': '$.userId' },
    anonymous_id: { '@path': '$.traits.visitor.id' },
    event: { '@template': '{{event}}' },
    name: { '@path': "$.traits['odd name']" },
    timestamp: 7,
    properties: { '@path': '$.properties' }
  }

  it('finds a number that lost digits and a list of one, wherever they stand', () => {
    const rawData = { userId: 2 ** 53, traits: { visitor: { id: ['v1'] } }, properties: { a: 1 } }
    const payload = { identity: '9007199254740992', anonymous_id: 'v1', properties: { a: 1 } }
    expect(uncoerced([payload], { rawData, rawMapping })).toStrictEqual([
      { identity: 2 ** 53, anonymous_id: ['v1'], properties: { a: 1 } }
    ])
  })

  it('leaves all else as the framework made it', () => {
    const rawData = { userId: 42, traits: { visitor: null }, properties: ['not text'] }
    const payloads = [{ identity: '42', properties: { a: 1 } }]
    expect(uncoerced(payloads, { rawData, rawMapping })).toStrictEqual(payloads)
    expect(uncoerced(payloads, { rawData, rawMapping: undefined })).toBe(payloads)
    expect(uncoerced(payloads, {})).toBe(payloads)
    expect(uncoerced(payloads, { rawData: null, rawMapping })).toBe(payloads)
  })

  it('leaves a text alone that is made of something else', () => {
    const chosen = { '@if': { exists: { '@path': '$.userId' }, then: 'known', else: { '@template': '{{ groupId }}' } } }
    const payloads = [{ identity: 'known' }]
    const rawData = { userId: 2 ** 53, groupId: ['g'] }
    expect(uncoerced(payloads, { rawData, rawMapping: { identity: chosen } })).toStrictEqual(payloads)
  })

  it('finds the event of each payload, though the framework left some out', () => {
    const rawData = ['ann', ['ann'], { no: 'text' }, ['ben'], 'ann', 'ben'].map((userId) => ({ userId }))
    const payloads = ['ann', 'ann', 'ben', 'ann'].map((identity) => ({ identity }))
    expect(uncoerced(payloads, { rawData, rawMapping })).toStrictEqual([
      { identity: 'ann' },
      { identity: ['ann'] },
      { identity: ['ben'] },
      { identity: 'ann' }
    ])
  })

  it('leaves a payload as it is that belongs to no event', () => {
    const payloads = [{ identity: 'ann' }, { identity: 'ben' }, { identity: 'cat' }]
    expect(uncoerced(payloads, { rawData: [{ userId: ['ann'] }], rawMapping })).toStrictEqual([
      { identity: ['ann'] },
      { identity: 'ben' },
      { identity: 'cat' }
    ])
  })
})

describe('what Segment’s framework makes text of', () => {
  const destination = new Destination(Heap)
  const subscriptions = (Heap.presets ?? []).map((preset) => ({ ...preset }))
  const settings: JSONObject = { appId: '11', subscriptions: subscriptions }
  const event = { type: 'track', event: 'Opened', messageId: 'message-0001', userId: 'ann' } as SegmentEvent

  beforeEach(() => nock.disableNetConnect())
  afterAll(() => nock.restore())
  afterEach(() => nock.cleanAll())

  it.each<[string, object, string]>([
    ['a user ID', { userId: 2 ** 53 }, 'Identity is the number "9007199254740992", whose last digits may be lost'],
    ['a user ID in a group call', { type: 'group', groupId: 'g', userId: 1e21 }, 'Identity is the number "1e+21"'],
    [
      'a user ID in an identify call',
      { type: 'identify', userId: 2 ** 60 },
      'Identity is the number "1152921504606847000"'
    ],
    ['an anonymous ID', { anonymousId: 2 ** 53 }, 'Anonymous ID is the number "9007199254740992"'],
    ['a group ID', { type: 'group', groupId: 2 ** 53 }, 'Account ID is the number "9007199254740992"'],
    ['a message ID', { messageId: 2 ** 53 }, 'Message ID is the number "9007199254740992"'],
    ['a list as user ID', { userId: ['ann'] }, 'Identity must be a string but it was an array.'],
    ['a list as time', { timestamp: ['2026-11-23T10:00:00Z'] }, 'Timestamp must be a string but it was an array.'],
    ['a list as name', { event: ['Opened'] }, 'Event Name must be a string but it was an array.'],
    [
      'a list as name of a page',
      { type: 'page', name: ['Home'] },
      'Page or Screen Name must be a string but it was an'
    ],
    ['a longer list as user ID', { userId: ['ann', 'ben'] }, 'Identity must be a string but it was an array.']
  ])('is refused for what it was: %s', async (_what, changes, message) => {
    const odd = { ...event, ...changes }
    await expect(destination.onEvent(odd, settings)).rejects.toThrow(message)

    nock('https://heapanalytics.com').post(/.*/).reply(200)
    const neighbours = [event, odd, { ...event, messageId: 'message-0002' }]
    const results = await destination.onBatch(neighbours, settings)
    const responses = results.flatMap(({ multistatus }) => multistatus ?? [])
    expect(responses).toContainEqual(
      expect.objectContaining({ status: 400, errormessage: expect.stringContaining(message) })
    )
    expect(responses.filter(({ status }) => status === 200)).toHaveLength(2)
  })

  it.each<object>([
    { '@if': { exists: { '@path': '$.userId' }, then: { '@path': '$.userId' } } },
    { '@template': '{{userId}}' },
    { '@template': 'user-{{ userId }}' },
    { '@path': "$.['userId']" }
  ])('is refused also where a mapping makes it by %j', async (identity) => {
    const mapping = { ...(subscriptions[0].mapping as object), identity }
    const mapped = { ...settings, subscriptions: [{ ...subscriptions[0], mapping }] } as unknown as JSONObject
    nock('https://heapanalytics.com').post(/.*/).reply(200)
    const odd = { ...event, userId: 2 ** 53, messageId: 'message-0002' } as unknown as SegmentEvent
    const [{ multistatus }] = await destination.onBatch([event, odd], mapped)
    const errormessage = expect.stringContaining('Identity is the number "9007199254740992"') as string
    expect(multistatus).toMatchObject([{ status: 200 }, { status: 400, errormessage }])
    await expect(destination.onEvent(odd, mapped)).rejects.toThrow('Identity is the number "9007199254740992"')
  })

  it.each<object>([{ userId: '9007199254740993' }, { userId: '765611980123456781' }, { userId: 9007199254740991 }])(
    'is taken where it says all: %j',
    async ({ userId }: { userId?: string | number }) => {
      let sent: unknown
      nock('https://heapanalytics.com')
        .post('/api/integrations/track')
        .reply(200, (_uri, body) => {
          sent = body
          return {}
        })
      await destination.onEvent({ ...event, userId } as SegmentEvent, settings)
      expect(sent).toMatchObject({ events: [{ user_identifier: { identity: String(userId) } }] })
    }
  )
})
