import type { BrowserActionDefinition } from '@segment/browser-destination-runtime/types'
import { flattenTraits, flattenTyped } from '../../../destinations/heap/rules/flatten'
import { checkIdentity } from '../../../destinations/heap/rules/identity'
import type { Settings } from '../generated-types'
import { objectOf, warn } from '../heapClient'
import type { Call, HeapClient } from '../heapClient'
import type { Payload } from './generated-types'

const action: BrowserActionDefinition<Settings, HeapClient, Payload> = {
  title: 'Identify User',
  description: 'Tell Heap who the visitor is, and set properties of that person.',
  platform: 'web',
  defaultSubscription: 'type = "identify"',
  fields: {
    userId: {
      label: 'Identity',
      description:
        'The ID that tells this person from everyone else, such as your user ID. At most 255 characters; "Alice" and "alice" are two people. If left empty, the visitor stays as anonymous as they were.',
      type: 'string',
      allowNull: true,
      default: { '@path': '$.userId' }
    },
    traits: {
      label: 'User Properties',
      description:
        'What you know about the person. Properties inside other properties are named with a dot (address.city), and texts are cut to 1,023 characters. If left empty, only the identity is sent.',
      type: 'object',
      default: { '@path': '$.traits' }
    }
  },
  perform: (client, { payload, context, mapping }) => identifyUser(client, payload, { context, mapping })
}

/**
 * Tells Heap who the visitor is, where that is known, and gives it their traits.
 *
 * An ID that would merge strangers names somebody else than before, so that the visitor stays anonymous, or becomes so.
 */
export function identifyUser(client: HeapClient, { userId, traits }: Payload, call: Call): Promise<void> {
  return client.call(call, (heap) => {
    // No schema is applied in the browser, and programs give numbers too.
    const given = typeof userId === 'string' || typeof userId === 'number' ? String(userId) : undefined
    const { id: identity, problem } = checkIdentity(given)
    if (problem !== undefined) {
      warn(`Heap: ${problem} The visitor is anonymous to Heap from here on.`)
      client.forgetIdentity(heap)
    } else if (identity !== undefined) {
      client.identify(heap, identity)
    }
    const properties = flattenTraits(objectOf(traits, 'User Properties'), flattenTyped)
    if (Object.keys(properties).length > 0) heap.addUserProperties(properties)
  })
}

export default action
