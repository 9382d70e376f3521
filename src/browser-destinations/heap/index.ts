import { browserDestination } from '@segment/browser-destination-runtime/shim'
import type { BrowserDestinationDefinition } from '@segment/browser-destination-runtime/types'
import type { Analytics, Plugin } from '@segment/analytics-next'
import type { InputField, JSONObject } from '@segment/actions-core'
import { NAME } from './consent'
import type { Filtered } from './consent'
import type { Settings } from './generated-types'
import { createHeapClient } from './heapClient'
import type { HeapClient } from './heapClient'
import identifyUser from './identifyUser'
import trackEvent from './trackEvent'

export const destination: BrowserDestinationDefinition<Settings, HeapClient> = {
  name: NAME,
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
    trackingServer: {
      label: 'Tracking Server (deprecated)',
      description:
        'What Ingest Server was called in Heap’s classic library. If you set it and leave Ingest Server empty, the classic library is loaded. Leave it empty unless your site still needs that library.',
      type: 'string'
    },
    hostname: {
      label: 'Hostname',
      description:
        'The host that serves Heap’s library, such as heap.example.com, if you serve it yourself. Together with a Tracking Server, it is the host of the classic library. If left empty, the library comes from Heap.',
      type: 'string'
    },
    browserArrayLimit: {
      label: 'Browser Array Limit',
      description:
        'Sends each entry of a list in an event’s properties as an event of its own too, named like "Order Completed products item". This is the greatest number of such events for one event. If left empty, there are none.',
      type: 'number'
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
  initialize: async ({ settings, analytics }: { settings: Settings; analytics?: Partial<Analytics> }, dependencies) => {
    const filtered = () => analytics?.queue?.plugins.find(isWrapper)
    const client = createHeapClient(settings, analytics, dependencies, { filtered, isFromSettings: true })
    await client.ready()
    return client
  },
  // Of a call that both take, the identity comes first: the event is that person's.
  actions: {
    identifyUser,
    trackEvent
  }
}

/** analytics.js wraps each action of a destination of Segment's settings, and keeps the destination middleware there. */
function isWrapper(plugin: Plugin): plugin is Plugin & Filtered {
  return 'middleware' in plugin && 'action' in plugin && (plugin.action as Plugin).name.startsWith(NAME)
}

/** The same as defaultValues of actions-core, which would bring the whole framework onto the page. */
function defaultsOf(fields: Record<string, InputField>): JSONObject {
  const defaults = Object.entries(fields).map(([key, field]) => [key, field.default as JSONObject | undefined] as const)
  return Object.fromEntries(defaults.filter((entry): entry is [string, JSONObject] => entry[1] !== undefined))
}

export default /* @__PURE__ */ browserDestination(destination)
