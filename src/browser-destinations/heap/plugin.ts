import type { Plugin } from '@segment/analytics-next'
import { loadScript } from '@segment/browser-destination-runtime/load-script'
import { resolveWhen } from '@segment/browser-destination-runtime/resolve-when'
import type { Settings } from './generated-types'
import { HeapClient, warn } from './heapClient'
import { identifyUser } from './identifyUser'
import { trackEvent } from './trackEvent'

export { destination } from './index'
export type { Settings } from './generated-types'

/**
 * Heap as a plugin of analytics.js, with the presets of the destination: track calls become events, identify calls the identity
 * and user properties. Never throws on the page.
 *
 * ```js
 * analytics.register(heapPlugin({ appId: '12343283', region: 'US' }))
 * ```
 */
export function heapPlugin(settings: Settings): Plugin {
  let client: HeapClient | undefined
  let isLoaded = false
  const plugin: Plugin = {
    name: 'Heap',
    type: 'destination',
    version: '0.1.0',
    isLoaded: () => isLoaded,
    ready: () => client?.ready ?? Promise.resolve(),
    async load(_context, analytics) {
      if (analytics.queue.plugins.find(({ name }) => name === plugin.name) !== plugin) {
        warn('Heap is registered already, so that it sees each event once. The second registration is left out.')
        return
      }
      client = new HeapClient(settings, analytics, { loadScript, resolveWhen })
      await client.ready
      isLoaded = true
    },
    // Calls need not wait for the library: they are queued until it is there.
    track(context) {
      const { event, properties } = context.event
      if (client) trackEvent(client, { event: event ?? '', properties }, context)
      return context
    },
    identify(context) {
      const { userId, traits } = context.event
      if (client) identifyUser(client, { user_id: userId, traits }, context)
      return context
    }
  }
  return plugin
}
