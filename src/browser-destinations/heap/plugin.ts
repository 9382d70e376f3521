import type { Context, Plugin } from '@segment/analytics-next'
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

  /** Hands a call on once Heap's library, or its queue, has got it. */
  const handing = (ask: (client: HeapClient, context: Context) => Promise<void> | void) => async (context: Context) => {
    if (client) await ask(client, context)
    return context
  }
  const pass = handing((client, context) => client.pass(context))

  const plugin: Plugin = {
    name: 'Heap',
    type: 'destination',
    version: '0.1.0',
    isLoaded: () => isLoaded,
    ready: () => client?.ready ?? Promise.resolve(),
    async load(_context, analytics) {
      const { plugins } = analytics.queue
      const registered = plugins.lastIndexOf(plugin)
      if (plugins.findIndex(({ name }) => name === plugin.name) !== registered) {
        warn('Heap is registered already. The second registration is left out, so that Heap sees each event once.')
        plugins.splice(registered, 1)
        return
      }
      const own = new HeapClient({ ...settings }, analytics, { loadScript, resolveWhen })
      client = own
      await own.ready
      isLoaded = client === own
    },
    unload() {
      client?.leave()
      client = undefined
      isLoaded = false
    },
    track: handing((client, context) => {
      const { event = '', properties } = context.event
      return trackEvent(client, { name: event, properties }, { context, mapping: 'track' })
    }),
    identify: handing((client, context) => {
      const { userId, traits } = context.event
      return identifyUser(client, { userId, traits }, { context, mapping: 'identify' })
    }),
    page: pass,
    screen: pass,
    group: pass,
    alias: pass
  }
  return plugin
}
