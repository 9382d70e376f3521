import { Destination } from '@segment/actions-core'
import type { JSONObject, SegmentEvent } from '@segment/actions-core'
import nock from 'nock'
import Heap from '..'

const TRACK = '/api/integrations/track'
const PROFILE = '/api/add_user_properties'

const event: SegmentEvent = {
  type: 'track',
  event: 'Signed Up',
  messageId: 'message-0001',
  timestamp: '2026-11-23T10:00:00.000Z',
  userId: 'alice@example.com',
  properties: { plan: 'pro' }
}

/** The settings as Segment keeps them: with the presets as subscriptions. */
function withPresets(settings: JSONObject): JSONObject {
  return { ...settings, subscriptions: (Heap.presets ?? []).map((preset) => ({ ...preset })) }
}

function onEvent(changes: Partial<SegmentEvent>, settings: JSONObject = { appId: '11' }) {
  return new Destination(Heap).onEvent({ ...event, ...changes }, withPresets(settings))
}

beforeEach(() => nock.disableNetConnect())
afterAll(() => nock.restore())
afterEach(() => nock.cleanAll())

describe('the definition', () => {
  it('keeps the keys under which customers have stored their mappings', () => {
    expect({
      slug: Heap.slug,
      mode: Heap.mode,
      scheme: Heap.authentication?.scheme,
      settings: Object.keys(Heap.authentication?.fields ?? {}),
      actions: Object.entries(Heap.actions).map(([slug, { fields }]) => [slug, Object.keys(fields)])
    }).toStrictEqual({
      slug: 'actions-heap-cloud',
      mode: 'cloud',
      scheme: 'custom',
      settings: ['appId', 'region', 'apiKey'],
      actions: [
        [
          'trackEvent',
          [
            'message_id',
            'identity',
            'anonymous_id',
            'event',
            'properties',
            'timestamp',
            'type',
            'name',
            'traits',
            'heap_user_id',
            'email',
            'nested_properties_mode',
            'enable_batching',
            'batch_size'
          ]
        ],
        [
          'identifyUser',
          [
            'user_id',
            'anonymous_id',
            'traits',
            'heap_user_id',
            'nested_properties_mode',
            'enable_batching',
            'batch_size'
          ]
        ],
        [
          'updateAccount',
          [
            'account_id',
            'traits',
            'identity',
            'account_id_property',
            'nested_properties_mode',
            'enable_batching',
            'batch_size'
          ]
        ]
      ]
    })
  })

  it('requires nothing that it did not require', () => {
    const required = Object.entries(Heap.actions).flatMap(([slug, { fields }]) =>
      Object.entries(fields).flatMap(([key, field]) => (field.required ? [`${slug}.${key}`] : []))
    )
    expect(required).toStrictEqual(['trackEvent.message_id', 'updateAccount.account_id'])
    expect(Heap.authentication?.fields.appId.required).toBe(true)
    expect(Heap.authentication?.fields.region.required).toBeFalsy()
  })

  it('maps the events of its presets by the defaults', () => {
    expect(Heap.presets).toStrictEqual([
      {
        name: 'Track Calls',
        subscribe: 'type = "track" or type = "page" or type = "screen"',
        partnerAction: 'trackEvent',
        type: 'automatic',
        mapping: {
          message_id: { '@path': '$.messageId' },
          identity: { '@path': '$.userId' },
          anonymous_id: { '@path': '$.anonymousId' },
          event: { '@path': '$.event' },
          properties: { '@path': '$.properties' },
          timestamp: { '@path': '$.timestamp' },
          type: { '@path': '$.type' },
          name: { '@path': '$.name' },
          traits: { '@path': '$.context.traits' },
          nested_properties_mode: 'flatten_objects',
          enable_batching: true,
          batch_size: 1000
        }
      },
      {
        name: 'Identify Calls',
        subscribe: 'type = "identify"',
        partnerAction: 'identifyUser',
        type: 'automatic',
        mapping: {
          user_id: { '@path': '$.userId' },
          anonymous_id: { '@path': '$.anonymousId' },
          traits: { '@path': '$.traits' },
          nested_properties_mode: 'flatten_objects',
          enable_batching: true,
          batch_size: 1000
        }
      },
      {
        name: 'Group Calls',
        subscribe: 'type = "group"',
        partnerAction: 'updateAccount',
        type: 'automatic',
        mapping: {
          account_id: { '@path': '$.groupId' },
          traits: { '@path': '$.traits' },
          identity: { '@path': '$.userId' },
          account_id_property: 'account_id',
          nested_properties_mode: 'flatten_objects',
          enable_batching: true,
          batch_size: 1000
        }
      }
    ])
  })

  it('has a label and a description for every field a person sees', () => {
    const actionFields = Object.values(Heap.actions).flatMap(({ fields }) => Object.entries(fields))
    for (const [key, field] of [...Object.entries(Heap.authentication?.fields ?? {}), ...actionFields]) {
      expect([key, field.label.length > 2, field.description.length > 20]).toStrictEqual([key, true, true])
    }
  })
})

describe('onEvent', () => {
  // A name of several words makes every event fail in the framework's validation: it ends up in a schema URI.
  it('runs on the packages as they are installed', async () => {
    expect(Heap.name).toMatch(/^[A-Za-z]+$/)
    const heap = nock('https://heapanalytics.com').post(TRACK).reply(200)
    await onEvent({})
    expect(heap.isDone()).toBe(true)
  })

  it('sends each kind of call to its own action', async () => {
    const paths: string[] = []
    nock('https://heapanalytics.com')
      .persist()
      .post(/.*/)
      .reply(200, (path) => {
        paths.push(path)
        return {}
      })
    for (const type of ['track', 'page', 'screen', 'identify', 'alias'] as const) await onEvent({ type })
    await onEvent({ type: 'group', groupId: 'acme', userId: null })
    expect(paths).toStrictEqual([TRACK, TRACK, TRACK, PROFILE, '/api/add_account_properties'])
  })

  it('sends EU data to the EU', async () => {
    const heap = nock('https://c.eu.heap-api.com').post(PROFILE).reply(200)
    await onEvent({ type: 'identify' }, { appId: '11', region: 'EU' })
    expect(heap.isDone()).toBe(true)
  })

  it.each(['APAC', 'eu', ''])('sends nothing where the region is %j', async (region) => {
    await expect(onEvent({}, { appId: '11', region })).rejects.toMatchObject({ status: 400 })
  })

  it('sends nothing without an App ID', async () => {
    await expect(onEvent({}, {})).rejects.toThrow("missing the required field 'appId'")
    await expect(onEvent({}, { appId: 'my-app' })).rejects.toThrow('App ID is not a Heap environment ID')
  })

  it('keeps dates in properties, at any depth', async () => {
    let sent: unknown
    nock('https://heapanalytics.com')
      .post(TRACK)
      .reply(200, (_uri, body) => {
        sent = body
        return {}
      })
    const at = new Date('2026-11-23T10:00:00.000Z')
    await onEvent({ properties: { at, deep: { at }, list: [at], broken: new Date('never') } as never })
    expect(sent).toMatchObject({
      events: [
        {
          custom_properties: {
            segment_library: 'cloud-mode-destination',
            at: '2026-11-23T10:00:00.000Z',
            'deep.at': '2026-11-23T10:00:00.000Z',
            list: '["2026-11-23T10:00:00.000Z"]'
          }
        }
      ]
    })
  })
})
