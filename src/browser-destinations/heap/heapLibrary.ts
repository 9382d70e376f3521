import type { BrowserDestinationDependencies } from '@segment/browser-destination-runtime/types'
import type { TypedProperties } from '../../destinations/heap/flatten'
import type { Settings } from './generated-types'

/** What this destination calls of Heap's library (Heap, Web API). */
export interface HeapLibrary {
  identify(identity: string): void
  addUserProperties(properties: TypedProperties): void
  track(event: string, properties: TypedProperties): void
  resetIdentity(): void
}

/** Heap's loader keeps its settings, and Heap's library its functions, on the same object. */
interface HeapGlobal extends HeapLibrary {
  envId?: string
  clientConfig?: Record<string, unknown>
}

declare global {
  interface Window {
    heap?: Partial<HeapGlobal>
    /** What was called before the library has arrived, for it to run in order. */
    heapReadyCb?: { name: string; fn: () => void }[]
  }
}

/** Heap, Data Residency: where each region's library comes from. */
const LIBRARY_HOSTS = { US: 'cdn.us.heap-api.com', EU: 'cdn.eu.heap-api.com' }

/** What a page may call before the library has arrived (Heap, Web installation). */
const FUNCTIONS = [
  'addAccountProperties',
  'addAdapter',
  'addEventProperties',
  'addPageviewProperties',
  'addTransformer',
  'addTransformerFn',
  'addUserProperties',
  'clearEventProperties',
  'clearPageviewProperties',
  'getIdentity',
  'getSessionId',
  'getUserId',
  'identify',
  'init',
  'onReady',
  'removeEventProperty',
  'removePageviewProperty',
  'resetIdentity',
  'startTracking',
  'stopTracking',
  'track',
  'trackPageview'
]

/** A library that has not arrived by then is given up: nothing waits for it any more, but it may still come. */
const GIVE_UP_AFTER_MS = 15_000
const LOOK_EVERY_MS = 50

/**
 * Sets up Heap on the page and loads its library. Calls made from then on are queued, and run in order once it has arrived.
 * A page that has Heap already, or has begun to load it, keeps its own: its functions run, or queue, what they are given.
 *
 * @returns once the library is there
 * @throws Error that says what is wrong with the settings, or that the library did not come
 */
export async function loadHeap(
  settings: Settings,
  { loadScript, resolveWhen }: BrowserDestinationDependencies
): Promise<void> {
  if (typeof window.heap?.track === 'function') return
  const url = libraryUrl(settings)
  const isLoading = Array.from(document.scripts).some(({ src }) => isLibrary(src))
  const queued = installQueue(settings)
  if (!isLoading) await loadScript(url)

  let hasGivenUp = false
  const timer = setTimeout(() => (hasGivenUp = true), GIVE_UP_AFTER_MS)
  await resolveWhen(() => window.heap?.track !== queued || hasGivenUp, LOOK_EVERY_MS)
  clearTimeout(timer)
  if (hasGivenUp) throw new Error(`${url} was loaded, but Heap did not start within ${GIVE_UP_AFTER_MS / 1000} seconds`)
}

/** @throws Error for settings that name no library; a wrong one would send what visitors do to somebody else */
function libraryUrl({ appId, region = 'US', hostname }: Settings): string {
  const id = String(appId ?? '').trim()
  if (!/^\d+$/.test(id))
    throw new Error(`App ID "${id}" is not a Heap environment ID, which is a number such as 12343283`)
  if (region !== 'US' && region !== 'EU') throw new Error(`Data Region "${region}" is unknown; select US or EU`)
  const host = hostname?.trim() || LIBRARY_HOSTS[region]
  if (!/^[\w.-]+(:\d+)?$/.test(host)) throw new Error(`Hostname "${host}" is not a host name such as heap.example.com`)
  return `https://${host}/config/${id}/heap_config.js`
}

/** Heap's library, current or classic, from whatever host. */
function isLibrary(src: string): boolean {
  return /\/config\/\d+\/heap_config\.js$|\/js\/heap-\d+\.js$/.test(src.replace(/[?#].*/, ''))
}

/** Puts Heap's loader on the page, which queues calls; the library then takes the place of its functions. */
function installQueue({
  appId,
  disableTextCapture,
  secureCookie,
  ingestServer
}: Settings): HeapLibrary['track'] | undefined {
  const queue = (window.heapReadyCb ??= [])
  const heap = (window.heap ??= [] as Partial<HeapGlobal>)
  heap.envId = String(appId).trim()
  heap.clientConfig = {
    ...(disableTextCapture !== undefined && { disableTextCapture }),
    ...(secureCookie !== undefined && { secureCookie }),
    ...(ingestServer && { ingestServer }),
    shouldFetchServerConfig: false
  }
  const functions = Object.fromEntries(
    FUNCTIONS.map((name) => [
      name,
      (...args: unknown[]) => void queue.push({ name, fn: () => functionOfHeap(name)?.(...args) })
    ])
  )
  Object.assign(heap, functions)
  return heap.track
}

function functionOfHeap(name: string): ((...args: unknown[]) => void) | undefined {
  return (window.heap as Record<string, ((...args: unknown[]) => void) | undefined>)[name]
}
