import type { BrowserActionDefinition } from '@segment/browser-destination-runtime/types'
import type { Settings } from '../generated-types'
import type { HeapClient } from '../heapClient'
import { MAX_EVENT_NAME_LENGTH, MAX_IDENTITY_LENGTH, MAX_VALUE_LENGTH } from '../limits'
import { trackEvent } from './build'
import type { Payload } from './generated-types'

const action: BrowserActionDefinition<Settings, HeapClient, Payload> = {
  title: 'Track Event',
  description: 'Send an event of the visitor to Heap.',
  platform: 'web',
  defaultSubscription: 'type = "track"',
  fields: {
    name: {
      label: 'Event Name',
      description: `What happened, in at most ${MAX_EVENT_NAME_LENGTH} characters. An event without a name is not sent.`,
      type: 'string',
      required: true,
      default: { '@path': '$.event' }
    },
    properties: {
      label: 'Event Properties',
      description: `The details of the event. Properties inside other properties are named with a dot (order.total), and texts are cut to ${MAX_VALUE_LENGTH} characters. If left empty, the event has no details.`,
      type: 'object',
      default: { '@path': '$.properties' }
    },
    identity: {
      label: 'Identity',
      description: `The ID that tells this person from everyone else, in at most ${MAX_IDENTITY_LENGTH} characters. Map it if your site makes no identify calls. If left empty, the event belongs to whoever the visitor is.`,
      type: 'string',
      allowNull: true
    },
    anonymousId: {
      label: 'Anonymous ID',
      description:
        'Segment’s ID of the visitor. It becomes the user property anonymous_id, by which Heap joins this visitor to the events that your servers send. If left empty, no such property is set.',
      type: 'string',
      allowNull: true,
      default: { '@path': '$.anonymousId' }
    },
    traits: {
      label: 'User Properties',
      description:
        'What you know about the visitor, sent with each event. If left empty, it is what Heap knows already.',
      type: 'object',
      default: { '@path': '$.context.traits' }
    }
  },
  perform: (client, { payload, context, mapping, settings }) =>
    client.send({ context, mapping }, () => trackEvent(payload, settings))
}

export default action
