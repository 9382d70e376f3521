import type { BrowserActionDefinition } from '@segment/browser-destination-runtime/types'
import { flattenTyped } from '../../../destinations/heap/rules/flatten'
import type { Settings } from '../generated-types'
import { objectOf } from '../heapClient'
import type { Call, HeapClient } from '../heapClient'
import type { Payload } from './generated-types'

const action: BrowserActionDefinition<Settings, HeapClient, Payload> = {
  title: 'Track Event',
  description: 'Send an event of the visitor to Heap.',
  platform: 'web',
  defaultSubscription: 'type = "track"',
  fields: {
    name: {
      label: 'Event Name',
      description: 'What happened, in at most 1,024 characters. An event without a name is not sent.',
      type: 'string',
      required: true,
      default: { '@path': '$.event' }
    },
    properties: {
      label: 'Event Properties',
      description:
        'The details of the event. Properties inside other properties are named with a dot (order.total), and texts are cut to 1,023 characters. If left empty, the event has no details.',
      type: 'object',
      default: { '@path': '$.properties' }
    }
  },
  perform: (client, { payload, context, mapping }) => trackEvent(client, payload, { context, mapping })
}

/** Gives an event to Heap. */
export function trackEvent(client: HeapClient, { name, properties }: Payload, call: Call): Promise<void> {
  return client.call(call, (heap) => {
    heap.track(eventName(name), flattenTyped(objectOf(properties, 'Event Properties')))
  })
}

/** Heap, Bulk Track: an event name has at most 1024 UTF-16 characters. */
const MAX_EVENT_NAME_LENGTH = 1024

function eventName(name: unknown): string {
  // No schema is applied in the browser.
  const text = typeof name === 'string' || typeof name === 'number' ? String(name) : ''
  if (text.trim() === '') throw new Error('An event has no name, so it was not sent.')
  if (text.length > MAX_EVENT_NAME_LENGTH) {
    throw new Error(
      `Event Name is ${text.length} characters long; Heap accepts at most ${MAX_EVENT_NAME_LENGTH}. The event was not sent.`
    )
  }
  return text
}

export default action
