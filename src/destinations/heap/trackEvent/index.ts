import type { ActionDefinition } from '@segment/actions-core'
import { deliverBatch, deliverOne } from '../deliver'
import type { Settings } from '../generated-types'
import { nestedPropertiesField, batchFields, heapUserIdField } from '../sharedFields'
import { build } from './build'
import type { Payload } from './generated-types'

const action: ActionDefinition<Settings, Payload> = {
  title: 'Track Event',
  description:
    'Send an event, a page view or a screen view to Heap, and keep the properties of the person behind it up to date.',
  defaultSubscription: 'type = "track" or type = "page" or type = "screen"',
  fields: {
    message_id: {
      label: 'Message ID',
      description:
        'The ID that Segment gives every event. Heap uses it to store an event once, however often it is sent. An event without it is rejected.',
      type: 'string',
      required: true,
      default: { '@path': '$.messageId' }
    },
    identity: {
      label: 'Identity',
      description:
        'The ID that tells this person apart from everyone else, such as your user ID. At most 255 characters; "Alice" and "alice" are two people. If left empty, the event belongs to the anonymous visitor.',
      type: 'string',
      default: { '@path': '$.userId' }
    },
    anonymous_id: {
      label: 'Anonymous ID',
      description:
        'The ID that Segment gives a visitor who is not known yet. If left empty, the event needs an Identity. With both, Heap adds the visitor’s earlier events to the person.',
      type: 'string',
      default: { '@path': '$.anonymousId' }
    },
    event: {
      label: 'Event Name',
      description:
        'What happened, in at most 1,024 characters. If left empty, a page is called "Page viewed" and a screen "Screen viewed"; any other event is rejected.',
      type: 'string',
      default: { '@path': '$.event' }
    },
    properties: {
      label: 'Event Properties',
      description:
        'The details of the event. Properties inside other properties are named with a dot (order.total), and text is cut to 1,023 characters. If left empty, the event has no details.',
      type: 'object',
      default: { '@path': '$.properties' }
    },
    timestamp: {
      label: 'Timestamp',
      description: 'When the event happened. If left empty, Heap uses the time at which it receives the event.',
      type: 'string',
      default: { '@path': '$.timestamp' }
    },
    type: {
      label: 'Type of Call',
      description:
        'Whether this is a track, page or screen call. It names page and screen views that have no Event Name. If left empty, pages and screens need an Event Name.',
      type: 'string',
      default: { '@path': '$.type' }
    },
    name: {
      label: 'Page or Screen Name',
      description:
        'The name of the page or screen. Sent as the property "name". If left empty, the event properties are sent as they are.',
      type: 'string',
      default: { '@path': '$.name' }
    },
    traits: {
      label: 'User Properties',
      description:
        'What you know about the person. Set on their profile whenever the event has an Identity. If left empty, the profile keeps its properties.',
      type: 'object',
      default: { '@path': '$.context.traits' }
    },
    ...heapUserIdField,
    email: {
      label: 'Email',
      description:
        'An email address that tells Heap whose event this is. Sent only if you map it. If left empty, the other IDs are used.',
      type: 'string'
    },
    ...nestedPropertiesField,
    ...batchFields
  },
  perform: (request, input) => deliverOne(request, input, build),
  performBatch: (request, input) => deliverBatch(request, input, build)
}

export default action
