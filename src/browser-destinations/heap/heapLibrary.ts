import type { BrowserDestinationDependencies } from '@segment/browser-destination-runtime/types'
import { appIdOf, CLASSIC, LIBRARY, libraryOf } from './library'
import type { PageSettings } from './library'
import { messageOf, warn } from './console'

/** Heap's loader keeps its settings, and Heap's library its functions, on the same object; the classic loader's is `appid`. */
interface HeapGlobal {
  envId?: string
  appid?: string
  track?: unknown
  load?: unknown
}

/** A window that has Heap, or its loader. `Window` itself stays as it is: a site may have a type of its own for `heap`. */
interface HeapPage {
  document: Document & { prerendering?: boolean }
  heap?: HeapGlobal
  /** Calls made before the library arrived, for it to run in order. */
  heapReadyCb?: { name: string; fn: () => void }[]
}

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
  'identifyHashed',
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

/** How long to wait for the library. After that nothing waits for it, but it may still arrive. */
const GIVE_UP_AFTER_MS = 15_000

/** More calls than a page makes before Heap is there, unless it never comes. */
const MOST_QUEUED = 50_000

/**
 * Sets up Heap on the page and loads its library. Calls made from then on are queued, and run in order once it has arrived.
 * A page that has Heap already, or has begun to load it, keeps its own: its functions run, or queue, what they are given.
 *
 * @returns once the library is there
 * @throws Error saying what is wrong with the settings, or that the library did not arrive
 */
export async function loadHeap(settings: PageSettings, { loadScript }: Dependencies): Promise<void> {
  const script = scriptOfPage()
  const pageId = appIdOfPage(script)
  const id = appIdOf(settings)
  if (pageId !== undefined && pageId !== id) {
    warn(
      `Heap: The page has Heap of App ID ${pageId} already. It is used, so what comes from Segment goes there and not to App ID ${id}.`
    )
  }
  // The library, or the loader that queues for it.
  if (trackOfPage()) return
  const library = libraryOf(settings)
  const queue = installQueue({ ...library.global, envId: pageId ?? id })
  await whenShown()
  let timer: ReturnType<typeof setTimeout> | undefined
  await new Promise<void>((arrived, failed) => {
    queue.onRun = arrived
    const loaded = script ? loadOf(script) : loadScript(library.url, settings.nonce ? { nonce: settings.nonce } : {})
    loaded.then(queue.runIfArrived).catch((error: Error) => {
      queue.close()
      failed(error)
    })
    timer = setTimeout(() => {
      queue.runIfArrived()
      failed(new Error(`${script?.src ?? library.url} did not start Heap within ${GIVE_UP_AFTER_MS / 1000} seconds`))
    }, GIVE_UP_AFTER_MS)
  }).finally(() => {
    if (timer !== undefined) clearTimeout(timer)
  })
}

function trackOfPage(): unknown {
  const { heap }: HeapPage = window
  return typeof heap?.track === 'function' ? heap.track : undefined
}

type Dependencies = Pick<BrowserDestinationDependencies, 'loadScript'>

/** The script by which the page itself loads Heap. */
function scriptOfPage(): HTMLScriptElement | undefined {
  return Array.from(document.scripts).find(({ src }) => LIBRARY.test(src) || CLASSIC.test(src))
}

function appIdOfPage(script: HTMLScriptElement | undefined): string | undefined {
  const { heap }: HeapPage = window
  const src = script?.src ?? ''
  return heap?.envId ?? heap?.appid ?? (LIBRARY.exec(src) ?? CLASSIC.exec(src))?.[1]
}

function loadOf(script: HTMLScriptElement): Promise<HTMLScriptElement> {
  return new Promise((loaded, failed) => {
    script.addEventListener('load', () => loaded(script))
    script.addEventListener('error', () => failed(new Error(`Failed to load ${script.src}`)))
  })
}

/** As in the runtime of Segment's browser destinations. */
export function loadScript(src: string, attributes: Record<string, string> = {}): Promise<HTMLScriptElement> {
  const script = Object.assign(document.createElement('script'), { async: true, src, ...attributes })
  document.head.append(script)
  return loadOf(script)
}

/** A browser may load a page before anyone asks for it. Until it is shown, nobody has visited it. */
function whenShown(): Promise<unknown> | undefined {
  const { document }: HeapPage = window
  if (!document.prerendering) return undefined
  return new Promise((shown) => document.addEventListener('prerenderingchange', shown, { once: true }))
}

/** What Heap's loader has put on the page. */
interface Queue {
  /** Called when the queue is run. */
  onRun: () => void
  /** Runs the queue for a library that has arrived and does not run it itself. */
  runIfArrived: () => void
  /** For a library that will not arrive: drops the queue, and takes nothing more. */
  close: () => void
}

/** Puts Heap's loader on the page, which queues calls; the library then takes the place of its functions. */
function installQueue(global: HeapGlobal): Queue {
  const page: HeapPage = window
  const calls = (page.heapReadyCb ??= [])
  const heap = (page.heap ??= [] as HeapGlobal)
  let isClosed = false
  let hasRun = false
  let leftOut = 0
  const keepAlone = aloneOnPage(global.envId)
  const functions = Object.fromEntries(
    FUNCTIONS.map((name) => [
      name,
      (...args: unknown[]): void => {
        if (isClosed) return
        if (calls.length < MOST_QUEUED) calls.push({ name, fn: () => callHeap(name, ...args) })
        else if (leftOut++ === 0)
          warn(`Heap: ${MOST_QUEUED} calls wait for Heap’s library. Those after them are left out.`)
      }
    ])
  )
  const queue: Queue = {
    onRun: () => undefined,
    runIfArrived: () => {
      if (!hasRun && trackOfPage() !== functions.track) calls.splice(0).forEach(({ fn }) => fn())
    },
    close: () => {
      isClosed = true
      calls.length = 0
      delete heap.load
    }
  }
  // The library runs what is queued when it starts.
  calls.push({
    name: 'onReady',
    fn: () => {
      hasRun = true
      keepAlone()
      if (leftOut > 0) warn(`Heap: ${leftOut} calls made before its library arrived were left out.`)
      queue.onRun()
    }
  })
  Object.assign(heap, functions, global)
  keepAlone()
  return queue
}

/** If Heap's own snippet ran later, it would load a second library, and Heap would count every click twice. */
function aloneOnPage(id: string | undefined): () => void {
  let hasWarned = false
  const load = (other: unknown): void => {
    if (hasWarned) return
    hasWarned = true
    warn(
      `Heap: Heap’s own snippet, of App ID ${other}, is on this page too. It loads nothing: Heap of App ID ${id} is here already. Remove one of the two.`
    )
  }
  return () => {
    const { heap = {} }: HeapPage = window
    Reflect.defineProperty(heap, 'load', { configurable: true, get: () => load, set: () => undefined })
  }
}

/**
 * Calls a function of Heap's library, or of its loader, where the page has one. Errors in it go to the console.
 *
 * Looks the library up for each call: it may have replaced what its loader put there.
 */
export function callHeap(name: string, ...args: unknown[]): void {
  const { heap }: HeapPage = window
  const called = (heap as Record<string, unknown> | undefined)?.[name]
  try {
    if (typeof called === 'function') Reflect.apply(called, heap, args)
  } catch (error) {
    warn(`Heap: ${error instanceof Error ? error.message : `its library failed with ${messageOf(error)}`}`)
  }
}
