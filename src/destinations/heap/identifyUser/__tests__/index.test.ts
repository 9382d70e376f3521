import { createTestIntegration } from '@segment/actions-core'
import type { SegmentEvent } from '@segment/actions-core'
import nock from 'nock'
import Heap from '../..'

const settings = { appId: '11' }
const event: Partial<SegmentEvent> = {
  type: 'identify',
  userId: 'alice@example.com',
  anonymousId: 'anon-1',
  traits: { plan: 'pro' }
}

function send(changes: Partial<SegmentEvent>, mapping: Record<string, string> = {}) {
  return createTestIntegration(Heap).testAction('identifyUser', {
    event: { ...event, ...changes },
    settings,
    mapping,
    useDefaultMappings: true
  })
}

async function bodyOf(changes: Partial<SegmentEvent>): Promise<unknown> {
  let sent: unknown
  nock('https://heapanalytics.com')
    .post('/api/add_user_properties')
    .reply(200, (_uri, body) => {
      sent = body
      return {}
    })
  await send(changes)
  return sent
}

function bodyWith(properties: Record<string, string>) {
  return { app_id: '11', identity: 'alice@example.com', properties }
}

beforeEach(() => nock.disableNetConnect())
afterAll(() => nock.restore())
afterEach(() => nock.cleanAll())

describe('identifyUser', () => {
  it('sends the traits and joins the anonymous visitor to the person', async () => {
    expect(await bodyOf({})).toStrictEqual(bodyWith({ plan: 'pro', anonymous_id: 'anon-1' }))
  })

  it('sends nested traits flat, dates as ISO strings, under names that Heap takes', async () => {
    const traits = {
      ID: 7,
      EMAIL: 'alice@example.com',
      company: { name: 'Example', sizes: [1, 2] },
      since: new Date('2024-02-29T08:30:00.000Z')
    }
    expect(await bodyOf({ traits: traits as never })).toStrictEqual(
      bodyWith({
        segment_id: '7',
        email: 'alice@example.com',
        'company.name': 'Example',
        'company.sizes': '[1,2]',
        since: '2024-02-29T08:30:00.000Z',
        anonymous_id: 'anon-1'
      })
    )
  })

  it('makes the person known to Heap when there is nothing else to say', async () => {
    expect(await bodyOf({ traits: undefined, anonymousId: null })).toStrictEqual(bodyWith({}))
  })

  it('never joins a visitor who is nobody', async () => {
    expect(await bodyOf({ anonymousId: 'undefined', traits: { anonymous_id: 'null' } })).toStrictEqual(bodyWith({}))
  })

  it('keeps a trait that names the visitor where the field is empty', async () => {
    expect(await bodyOf({ anonymousId: null, traits: { anonymous_id: 'anon-2' } })).toStrictEqual(
      bodyWith({ anonymous_id: 'anon-2' })
    )
  })

  it.each<[string, Partial<SegmentEvent>, string]>([
    [
      'no identity',
      { userId: null },
      'Identity is missing, so Heap has nobody to give the user properties to. Map the ID of the person to it.'
    ],
    ['a blank identity', { userId: '  ' }, 'Identity is missing'],
    ['a placeholder', { userId: 'None' }, 'Identity is "None", a placeholder that names nobody'],
    ['a zero', { userId: 0 as unknown as string }, 'Identity is "0", a placeholder that names nobody'],
    ['a too long identity', { userId: 'a'.repeat(256) }, 'Identity is 256 characters long; Heap accepts at most 255.']
  ])('refuses %s', async (_what, changes, message) => {
    await expect(send(changes)).rejects.toThrow(message)
    await expect(send(changes)).rejects.toMatchObject({ code: 'PAYLOAD_VALIDATION_FAILED', status: 400 })
  })

  it('says that the properties were not updated when Heap fails', async () => {
    nock('https://heapanalytics.com').post('/api/add_user_properties').reply(503, '<html>away</html>')
    await expect(send({})).rejects.toMatchObject({
      status: 503,
      code: 'SERVICE_UNAVAILABLE',
      message: 'The user properties were not updated: Heap answered 503: Service Unavailable.'
    })
  })

  describe('with Heap’s own ID of the visitor', () => {
    it('moves the visitor’s events to the person as well', async () => {
      const bodies: [string, unknown][] = []
      nock('https://heapanalytics.com')
        .post(/.*/)
        .twice()
        .reply(200, (path, body) => {
          bodies.push([path, body])
          return {}
        })
      await send({}, { heap_user_id: '8273645192837465' })
      expect(bodies).toStrictEqual([
        ['/api/add_user_properties', bodyWith({ plan: 'pro', anonymous_id: 'anon-1' })],
        ['/api/v1/identify', { app_id: '11', user_id: '8273645192837465', identity: 'alice@example.com' }]
      ])
    })

    it('says that the visitor was not merged when Heap fails', async () => {
      nock('https://heapanalytics.com')
        .post('/api/add_user_properties')
        .reply(200)
        .post('/api/v1/identify')
        .reply(500, 'no')
      await expect(send({}, { heap_user_id: '7' })).rejects.toMatchObject({
        status: 500,
        message:
          'The user properties were updated. The Heap visitor was not merged into the person: Heap answered 500: no.'
      })
    })

    it('asks once for each visitor and person of a batch', async () => {
      const merges: unknown[] = []
      nock('https://heapanalytics.com').post('/api/add_user_properties').reply(200)
      nock('https://heapanalytics.com')
        .persist()
        .post('/api/v1/identify')
        .reply(200, (_uri, body) => {
          merges.push(body)
          return {}
        })
      const integration = createTestIntegration(Heap)
      await integration.testBatchAction('identifyUser', {
        events: ['7', '8', '7'].map((id) => ({ ...event, type: 'identify', traits: { id } })),
        settings,
        mapping: { heap_user_id: { '@path': '$.traits.id' } },
        useDefaultMappings: true
      })
      expect(merges).toStrictEqual(
        ['7', '8'].map((user_id) => ({ app_id: '11', user_id, identity: 'alice@example.com' }))
      )
      expect(integration.results[0].multistatus?.map(({ status }) => status)).toStrictEqual([200, 200, 200])
    })

    it('refuses what is no such ID', async () => {
      await expect(send({}, { heap_user_id: 'alice' })).rejects.toThrow(
        'Heap User ID "alice" is not an ID of Heap’s SDK'
      )
    })
  })
})
