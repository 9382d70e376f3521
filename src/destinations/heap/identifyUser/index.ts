import type { ActionDefinition } from '@segment/actions-core'
import { deliverBatch, deliverOne } from '../deliver'
import type { Settings } from '../generated-types'
import { nestedPropertiesField, batchFields, heapUserIdField } from '../sharedFields'
import { build } from './build'
import type { Payload } from './generated-types'

const action: ActionDefinition<Settings, Payload> = {
  title: 'Identify User',
  description: 'Set properties of a person in Heap, and add to their profile what they did while they were anonymous.',
  defaultSubscription: 'type = "identify"',
  fields: {
    user_id: {
      label: 'Identity',
      description:
        'The ID that tells this person apart from everyone else, such as your user ID. Required: without it the call is rejected, because Heap has nobody to give the properties to. At most 255 characters; "Alice" and "alice" are two people.',
      type: 'string',
      default: { '@path': '$.userId' }
    },
    anonymous_id: {
      label: 'Anonymous ID',
      description:
        'The ID that Segment gave this visitor before they were known. Heap uses it to add their earlier events to this person. If left empty, earlier events stay anonymous.',
      type: 'string',
      default: { '@path': '$.anonymousId' }
    },
    traits: {
      label: 'User Properties',
      description:
        'What you know about the person. Properties inside other properties are named with a dot (address.city), and text is cut to 1,023 characters. If left empty, only the person and their anonymous ID are sent.',
      type: 'object',
      default: { '@path': '$.traits' }
    },
    heap_user_id: {
      ...heapUserIdField.heap_user_id,
      description:
        'The number by which Heap’s own SDK knows a visitor: heap.getUserId(). With it, everything that this visitor did is moved to the person, which cannot be undone. Map it only if you also run that SDK. It is never your own user ID. If left empty, nothing is moved.'
    },
    ...nestedPropertiesField,
    ...batchFields
  },
  perform: (request, input) => deliverOne(request, input, build),
  performBatch: (request, input) => deliverBatch(request, input, build)
}

export default action
