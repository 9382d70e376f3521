import { browserDestination } from '@segment/browser-destination-runtime/shim'
import type { BrowserDestinationDefinition } from '@segment/browser-destination-runtime/types'
import type { InputField, JSONObject } from '@segment/actions-core'
import type { Settings } from './generated-types'
import { HeapClient } from './heapClient'
import identifyUser from './identifyUser'
import trackEvent from './trackEvent'

export const destination: BrowserDestinationDefinition<Settings, HeapClient> = {
  name: 'Heap',
  slug: 'actions-heap-web',
  mode: 'device',
  description: 'Load Heap on your pages, autocapture included, and send it events and user properties.',
  settings: {
    appId: {
      label: 'App ID',
      description:
        'The number of the Heap environment that your data goes to, such as 12343283. Find it in Heap under Account > Manage > Projects.',
      type: 'string',
      required: true
    },
    region: {
      label: 'Data Region',
      description:
        'Where Heap stores your data. Select the region of your Heap environment; if left empty, data goes to the US.',
      type: 'string',
      choices: [
        { label: 'US (default)', value: 'US' },
        { label: 'EU', value: 'EU' }
      ],
      default: 'US'
    },
    disableTextCapture: {
      label: 'Disable Text Capture',
      description:
        'Keeps Heap from capturing the text of the elements that visitors click. If left empty, it is captured.',
      type: 'boolean',
      default: false
    },
    secureCookie: {
      label: 'Secure Cookie',
      description: 'Makes Heap’s cookies go over HTTPS only. If left empty, they go over HTTP too.',
      type: 'boolean',
      default: false
    },
    ingestServer: {
      label: 'Ingest Server',
      description:
        'The URL of your own server that passes data on to Heap, such as https://heap.example.com. If left empty, data goes to Heap directly.',
      type: 'string'
    },
    hostname: {
      label: 'Hostname',
      description:
        'The host that serves Heap’s library, such as heap.example.com, if you serve it yourself. If left empty, it comes from Heap.',
      type: 'string'
    }
  },
  presets: [
    {
      name: 'Track Event',
      subscribe: 'type = "track"',
      partnerAction: 'trackEvent',
      mapping: defaultsOf(trackEvent.fields),
      type: 'automatic'
    },
    {
      name: 'Identify User',
      subscribe: 'type = "identify"',
      partnerAction: 'identifyUser',
      mapping: defaultsOf(identifyUser.fields),
      type: 'automatic'
    }
  ],
  initialize: async ({ settings, analytics }, dependencies) => {
    const client = new HeapClient(settings, analytics, dependencies)
    await client.ready
    return client
  },
  // Of a call that both take, the identity comes first: the event is that person's.
  actions: {
    identifyUser,
    trackEvent
  }
}

/** The same as defaultValues of actions-core, which would bring the whole framework onto the page. */
function defaultsOf(fields: Record<string, InputField>): JSONObject {
  return Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, field.default as JSONObject]))
}

export default /* @__PURE__ */ browserDestination(destination)
