import type { BrowserDestinationDependencies } from '@segment/browser-destination-runtime/types'
import type { TypedProperties } from '../../destinations/heap/rules/flatten'
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

/** A window that has Heap, or its loader. `Window` itself stays as it is: a site may have a type of its own for `heap`. */
interface HeapPage {
  document: Document
  heap?: Partial<HeapGlobal>
  /** What was called before the library has arrived, for it to run in order. */
  heapReadyCb?: { name: string; fn: () => void }[]
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

/** More calls than a page makes before Heap is there, unless it never comes. */
const MOST_QUEUED = 1000

/** Heap's library, or the loader that queues for it; `undefined` where the page has neither. */
export function heapOfPage(): HeapLibrary | undefined {
  const { heap }: HeapPage = window
  return typeof heap?.track === 'function' ? (heap as HeapLibrary) : undefined
}

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
  if (heapOfPage()) return
  const url = libraryUrl(settings)
  const own = Array.from(document.scripts).find(({ src }) => LIBRARY.test(src) || CLASSIC.test(src))
  const queue = installQueue(settings)
  // The classic library does not know the queue, which is that of the current one.
  if (own && CLASSIC.test(own.src)) own.addEventListener('load', queue.run)
  let hasGivenUp = false

  async function arrive(): Promise<void> {
    try {
      if (!own) await loadScript(url)
    } catch (error) {
      queue.close()
      throw error
    }
    await resolveWhen(() => hasGivenUp || heapOfPage()?.track !== queue.track, LOOK_EVERY_MS)
  }
  let timer: ReturnType<typeof setTimeout> | undefined
  const givingUp = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      hasGivenUp = true
      reject(new Error(`${own?.src ?? url} did not start Heap within ${GIVE_UP_AFTER_MS / 1000} seconds`))
    }, GIVE_UP_AFTER_MS)
  })
  await Promise.race([arrive(), givingUp]).finally(() => clearTimeout(timer))
}

/** Heap's library, current or classic, from whatever host. */
const LIBRARY = /\/config\/\d+\/heap_config\.js([?#]|$)/
const CLASSIC = /\/js\/heap-\d+\.js([?#]|$)/

/** @throws Error for settings that name no library; a wrong one would send what visitors do to somebody else */
function libraryUrl({ appId, region, hostname, ingestServer }: Settings): string {
  const id = String(appId ?? '').trim()
  if (!/^\d+$/.test(id))
    throw new Error(`App ID "${id}" is not a Heap environment ID, which is a number such as 12343283`)
  const place = region || 'US'
  if (place !== 'US' && place !== 'EU') throw new Error(`Data Region "${place}" is unknown; select US or EU`)
  const host = hostname?.trim() || LIBRARY_HOSTS[place]
  if (!/^[\w.-]+(:\d+)?$/.test(host)) throw new Error(`Hostname "${host}" is not a host name such as heap.example.com`)
  if (ingestServer && !/^https?:\/\/[^\s/]+/.test(ingestServer))
    throw new Error(`Ingest Server "${ingestServer}" is not a URL such as https://heap.example.com`)
  return `https://${host}/config/${id}/heap_config.js`
}

/** What Heap's loader has put on the page. */
interface Queue {
  track: HeapLibrary['track'] | undefined
  /** For a library that will not come: what is queued is let go, and nothing more is taken. */
  close: () => void
  /** Calls the library for what is queued. */
  run: () => void
}

/** Puts Heap's loader on the page, which queues calls; the library then takes the place of its functions. */
function installQueue({ appId, disableTextCapture, secureCookie, ingestServer }: Settings): Queue {
  const page: HeapPage = window
  const queue = (page.heapReadyCb ??= [])
  const heap = (page.heap ??= [] as Partial<HeapGlobal>)
  heap.envId = String(appId).trim()
  heap.clientConfig = {
    ...(typeof disableTextCapture === 'boolean' && { disableTextCapture }),
    ...(typeof secureCookie === 'boolean' && { secureCookie }),
    ...(ingestServer && { ingestServer }),
    shouldFetchServerConfig: false
  }
  let isClosed = false
  const functions = Object.fromEntries(
    FUNCTIONS.map((name) => [
      name,
      (...args: unknown[]): void => {
        if (!isClosed && queue.length < MOST_QUEUED) queue.push({ name, fn: () => callHeap(name, args) })
      }
    ])
  )
  Object.assign(heap, functions)
  return {
    track: heap.track,
    close: () => {
      isClosed = true
      queue.length = 0
    },
    run: () => queue.splice(0).forEach(({ fn }) => fn())
  }
}

function callHeap(name: string, args: unknown[]): void {
  const { heap }: HeapPage = window
  const called = (heap as Record<string, unknown> | undefined)?.[name]
  if (typeof called === 'function') Reflect.apply(called, heap, args)
}
