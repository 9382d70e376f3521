import { createTestEvent, createTestIntegration } from '@segment/actions-core'
import type { JSONObject, SegmentEvent } from '@segment/actions-core'
import nock from 'nock'
import heap from '../destinations/heap'
import { tableRows } from './docs'

/**
 * What changes for customers of the published destination, as docs/pull-request.md says row by row. What the published one sends was
 * recorded from a run of its code at 970a17ee on the same events.
 */

/** What is sent, or the error instead. */
type Outcome = { event?: object; profile?: object } | string

interface Row {
  /** The first column in docs/pull-request.md. */
  what: string
  action?: 'trackEvent' | 'identifyUser'
  event: Partial<SegmentEvent>
  /** What was mapped by hand; else the defaults hold that both destinations have. */
  mapping?: JSONObject
  settings?: { appId: string; region: string }
  response?: number
  published: Outcome
  here: Outcome
}

const EVENT = {
  messageId: 'message-0001',
  type: 'track',
  event: 'Ordered',
  userId: null,
  anonymousId: 'visitor-1',
  timestamp: undefined,
  properties: {},
  context: {}
} as const

/** The published destination has no default for the Identity. */
const ANONYMOUS = { identity: '' }
const WITH_IDENTITY = { identity: { '@path': '$.userId' } }

const SETTINGS = { appId: '12343283', region: 'US' }
const LIBRARY = { segment_library: 'cloud-mode-destination' }
const LONG_ID = 'x'.repeat(256)
const LONG_TEXT = 'x'.repeat(1024)
const LONG_NAME = 'x'.repeat(1025)

/** An event of the visitor, with what differs. */
function sent(more: object = {}, properties: object = {}): object {
  return {
    event: 'Ordered',
    user_identifier: { anonymous_id: 'visitor-1' },
    custom_properties: { ...LIBRARY, ...properties },
    idempotency_key: 'message-0001',
    ...more
  }
}

const ROWS: Row[] = [
  {
    what: 'a list in properties or traits',
    event: { properties: { foods: ['a', { b: 1 }], none: [] } },
    published: { event: sent({}, { 'foods.0': 'a', 'foods.1.b': '1' }) },
    here: { event: sent({}, { foods: '["a",{"b":1}]', none: '[]' }) }
  },
  {
    what: '`null`',
    event: { properties: { a: null } },
    published: { event: sent({}, { a: 'null' }) },
    here: { event: sent() }
  },
  {
    what: 'text of more than 1,023 characters',
    event: { properties: { a: LONG_TEXT } },
    published: { event: sent({}, { a: LONG_TEXT }) },
    here: { event: sent({}, { a: LONG_TEXT.slice(0, 1023) }) }
  },
  {
    what: 'an ID that stands for nobody: `undefined`, `null`, `N/A`, …',
    event: { userId: 'undefined' },
    mapping: WITH_IDENTITY,
    published: {
      event: sent({ user_identifier: { identity: 'undefined' } }),
      profile: { identity: 'undefined', properties: { anonymous_id: 'visitor-1' } }
    },
    here: { event: sent() }
  },
  {
    what: 'blanks round an ID',
    event: { userId: ' alice ', anonymousId: null },
    mapping: WITH_IDENTITY,
    published: { event: sent({ user_identifier: { identity: ' alice ' } }) },
    here: { event: sent({ user_identifier: { identity: 'alice' } }) }
  },
  {
    what: 'an identity of more than 255 characters',
    event: { userId: LONG_ID, anonymousId: null },
    mapping: WITH_IDENTITY,
    published: { event: sent({ user_identifier: { identity: LONG_ID } }) },
    here: '400: Identity is 256 characters long; Heap accepts at most 255. Map a shorter ID to it.'
  },
  {
    what: 'an event with both IDs',
    event: { userId: 'alice' },
    mapping: WITH_IDENTITY,
    published: {
      event: sent({ user_identifier: { identity: 'alice' } }),
      profile: { identity: 'alice', properties: { anonymous_id: 'visitor-1' } }
    },
    here: {
      event: sent({ user_identifier: { identity: 'alice', anonymous_id: 'visitor-1' } }),
      profile: { identity: 'alice', properties: { anonymous_id: 'visitor-1' } }
    }
  },
  {
    what: 'traits `id`, `user_id` and `Email`',
    action: 'identifyUser',
    event: { type: 'identify', userId: 'alice', traits: { id: 7, user_id: 8, Email: 'a@example.com' } },
    published: {
      profile: {
        identity: 'alice',
        properties: { anonymous_id: 'visitor-1', id: '7', user_id: '8', Email: 'a@example.com' }
      }
    },
    here: {
      profile: {
        identity: 'alice',
        properties: { anonymous_id: 'visitor-1', segment_id: '7', segment_user_id: '8', email: 'a@example.com' }
      }
    }
  },
  {
    what: 'a trait `anonymous_id` beside the Anonymous ID',
    action: 'identifyUser',
    event: { type: 'identify', userId: 'alice', traits: { anonymous_id: 'visitor-2' } },
    published: { profile: { identity: 'alice', properties: { anonymous_id: 'visitor-2' } } },
    here: { profile: { identity: 'alice', properties: { anonymous_id: 'visitor-1' } } }
  },
  {
    what: 'a track call without a name',
    event: { event: undefined },
    published: { event: sent({ event: 'track' }) },
    here: '400: Event Name is missing, so Heap does not know what happened. Map a name to it.'
  },
  {
    what: 'a page or screen whose Event Name is mapped',
    event: { type: 'page', event: undefined, name: 'Home' },
    mapping: { event: { '@path': '$.name' } },
    published: { event: sent({ event: 'Page viewed' }, { name: 'Home' }) },
    here: { event: sent({ event: 'Home' }, { name: 'Home' }) }
  },
  {
    what: 'a call of another type, let in by a trigger of one’s own',
    event: { type: 'group' },
    published: { event: sent({ event: 'track' }) },
    here: { event: sent() }
  },
  {
    what: 'an event name of more than 1,024 characters',
    event: { event: LONG_NAME },
    published: { event: sent({ event: LONG_NAME }) },
    here: '400: Event Name is 1025 characters long; Heap accepts at most 1024. Map a shorter name to it.'
  },
  {
    what: 'Page or Screen Name',
    event: { type: 'page', event: undefined, name: ' ' },
    published: { event: sent({ event: 'Page viewed' }, { name: ' ' }) },
    here: { event: sent({ event: 'Page viewed' }) }
  },
  {
    what: 'Page or Screen Name',
    event: { type: 'page', event: undefined, name: '0' },
    published: { event: sent({ event: 'Page viewed' }) },
    here: { event: sent({ event: 'Page viewed' }, { name: '0' }) }
  },
  {
    what: 'a Message ID of fewer than 8 characters',
    event: { messageId: 'm-1' },
    published: { event: sent({ idempotency_key: 'm-1' }) },
    here: { event: sent({ idempotency_key: 'segment-m-1' }) }
  },
  {
    what: 'a number as Timestamp',
    event: { timestamp: 1700000000 as never },
    published: { event: sent({ timestamp: '1970-01-20T16:13:20.000Z' }) },
    here: { event: sent({ timestamp: '2023-11-14T22:13:20.000Z' }) }
  },
  {
    what: 'an App ID that is no number',
    event: {},
    settings: { appId: 'my-app', region: 'US' },
    published: { event: sent() },
    here: '400: App ID is not a Heap environment ID, which is a number such as 12343283. Copy it from Heap, under Account > Manage > Projects.'
  },
  {
    what: 'a region other than US and EU',
    event: {},
    settings: { appId: '12343283', region: 'AP' },
    published: { event: sent() },
    here: '400: Data Region "AP" is unknown, so nothing was sent. Select US or EU, whichever your Heap environment is in.'
  },
  {
    what: 'an error of Heap',
    event: {},
    response: 423,
    published: '423: Locked',
    here: '423: The event was not stored: Heap answered 423: No.'
  },
  {
    what: 'a payload without an ID',
    event: { anonymousId: null },
    published: '400: Either Anonymous id or Identity should be specified.',
    here: '400: Identity and Anonymous ID are both missing, so Heap cannot tell whose event this is. Map at least one of them.'
  }
]

const testDestination = createTestIntegration(heap)

async function outcomeOf({ action = 'trackEvent', event, mapping, settings, response = 200 }: Row): Promise<Outcome> {
  const outcome: Outcome = {}
  nock(/.*/)
    .persist()
    .post('/api/integrations/track')
    .reply(response, (_url, body) => {
      outcome.event = (body as { events: object[] }).events[0]
      return response === 200 ? {} : 'No.'
    })
  nock(/.*/)
    .persist()
    .post('/api/add_user_properties')
    .reply(200, (_url, body) => {
      const { identity, properties } = body as Record<string, unknown>
      outcome.profile = { identity, properties }
      return {}
    })
  try {
    await testDestination.testAction(action, {
      event: createTestEvent({ ...EVENT, traits: undefined, ...event }),
      mapping: mapping ?? (action === 'trackEvent' ? ANONYMOUS : {}),
      settings: settings ?? SETTINGS,
      useDefaultMappings: true
    })
    return outcome
  } catch (error) {
    const { status, message } = error as Error & { status?: number }
    return `${status}: ${message}`
  } finally {
    nock.cleanAll()
  }
}

// Left in, it would wrap around the nock of the next file.
afterAll(() => nock.restore())

describe('who comes from the published destination', () => {
  it.each(ROWS)('has this: $what', async (row) => {
    expect(row.here).not.toStrictEqual(row.published)
    expect(await outcomeOf(row)).toStrictEqual(row.here)
  })

  it('is told of each in the pull request', () => {
    const rows = tableRows('docs/pull-request.md', '### What changes for customers')
    expect(rows.map(([what]) => what)).toStrictEqual([...new Set(ROWS.map(({ what }) => what))])
  })
})
