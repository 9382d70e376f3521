import type { Context, Plugin } from '@segment/analytics-next'
import { ALTERNATIVE_NAME, NAME } from './consent'
import type { Filtered, Middleware, SegmentEvent } from './consent'
import type { Delivery } from './heapCalls'
import { createHeapClient } from './heapClient'
import type { HeapClient } from './heapClient'
import { loadScript } from './heapLibrary'
import type { PageSettings } from './library'
import { messageOf, warn } from './console'

export type { Settings } from './generated-types'

/** The settings of the destination, and what only the page knows. */
export interface PluginSettings extends PageSettings {
  /**
   * The consent categories that Heap is in, all of which the visitor must agree to, where the page uses Segment's consent wrapper and
   * Segment does not know them.
   */
  consentCategories?: string[]
}

/** A plugin to which `analytics.addDestinationMiddleware` applies. */
export interface HeapPlugin extends Plugin, Filtered {
  addMiddleware: (...middleware: Middleware[]) => void
}

type Deliveries = typeof import('./deliveries')

/** Loaded once; a failure is reported once. */
let deliveries: Promise<Deliveries | undefined> | undefined

function loadDeliveries(): Promise<Deliveries | undefined> {
  deliveries ??= import('./deliveries.js').catch((error: unknown) => {
    warn(`Heap is not loaded whole, and gets no events on this page: ${messageOf(error)}.`)
    return undefined
  })
  return deliveries
}

/**
 * Heap as a plugin of analytics.js, with the presets of the destination: track calls become events, identify calls the identity
 * and user properties. Never throws on the page.
 *
 * ```js
 * analytics.register(heapPlugin({ appId: '12343283', region: 'US' }))
 * ```
 */
export function heapPlugin(settings: PluginSettings): HeapPlugin {
  let client: HeapClient | undefined
  let isLoaded = false

  /** Passes a call on once Heap's library, or its queue, has it. */
  const handing = (ask?: (event: SegmentEvent, deliveries: Deliveries) => Delivery) => async (context: Context) => {
    if (!client) return context
    const event = await client.filter(context.event)
    const deliveries = event && ask ? await loadDeliveries() : undefined
    if (event && ask && deliveries) await client.send({ context }, () => ask(event, deliveries))
    else client.pass(context, event !== undefined)
    return context
  }

  const plugin: HeapPlugin = {
    name: NAME,
    alternativeNames: [ALTERNATIVE_NAME],
    type: 'destination',
    version: '0.1.0',
    middleware: [],
    addMiddleware: (...middleware) => void plugin.middleware.push(...middleware),
    isLoaded: () => isLoaded,
    ready: () => client?.ready() ?? Promise.resolve(),
    async load(_context, analytics) {
      const { plugins } = analytics.queue
      const registered = plugins.lastIndexOf(plugin)
      if (plugins.findIndex(({ name }) => name === plugin.name) !== registered) {
        warn('Heap is registered already. The second registration is left out, so that Heap sees each event once.')
        plugins.splice(registered, 1)
        return
      }
      const entryPoint = {
        filtered: () => plugin,
        isFromSettings: false,
        categories: settings.consentCategories,
        onStart: () => void loadDeliveries()
      }
      const own = createHeapClient({ ...settings }, analytics, { loadScript }, entryPoint)
      client = own
      await own.ready()
      isLoaded = client === own
    },
    unload() {
      client?.leave()
      client = undefined
      isLoaded = false
    },
    track: handing(({ event = '', properties, anonymousId, context }, { trackEvent }) =>
      trackEvent({ name: event, properties, anonymousId, traits: context?.traits }, settings)
    ),
    identify: handing(({ userId, traits }, { identifyUser }) => identifyUser({ userId, traits })),
    page: handing(),
    screen: handing(),
    group: handing(),
    alias: handing()
  }
  return plugin
}
