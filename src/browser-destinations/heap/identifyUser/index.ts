import type { BrowserActionDefinition } from '@segment/browser-destination-runtime/types'
import type { Settings } from '../generated-types'
import type { HeapClient } from '../heapClient'
import { MAX_IDENTITY_LENGTH, MAX_VALUE_LENGTH } from '../limits'
import { identifyUser } from './build'
import type { Payload } from './generated-types'

const action: BrowserActionDefinition<Settings, HeapClient, Payload> = {
  title: 'Identify User',
  description: 'Tell Heap who the visitor is, and set properties of that person.',
  platform: 'web',
  defaultSubscription: 'type = "identify"',
  fields: {
    userId: {
      label: 'Identity',
      description: `The ID that tells this person from everyone else, such as your user ID. At most ${MAX_IDENTITY_LENGTH} characters; "Alice" and "alice" are two people. If left empty, the visitor stays as anonymous as they were.`,
      type: 'string',
      allowNull: true,
      default: { '@path': '$.userId' }
    },
    traits: {
      label: 'User Properties',
      description: `What you know about the person. Properties inside other properties are named with a dot (address.city), and texts are cut to ${MAX_VALUE_LENGTH} characters. If left empty, only the identity is sent.`,
      type: 'object',
      default: { '@path': '$.traits' }
    }
  },
  perform: (client, { payload, context, mapping }) => client.send({ context, mapping }, () => identifyUser(payload))
}

export default action
