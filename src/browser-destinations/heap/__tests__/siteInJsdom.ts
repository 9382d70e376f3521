import { Script } from 'node:vm'
import { JSDOM, ResourceLoader, VirtualConsole } from 'jsdom'
import type { AbortablePromise } from 'jsdom'
import { LIBRARY, SCRIPT, SEGMENT_SETTINGS } from './site'
import type { Visit, VisitOptions } from './site'

// Read once, as it is the same on each page.
const siteScript = new Script(SCRIPT)

/** Opens the site's page in jsdom, which runs its scripts and draws nothing: a fraction of the work of a browser. */
export async function visitInJsdom({
  cdn = () => Promise.resolve(LIBRARY),
  segmentAnswers,
  html = '',
  script = siteScript
}: VisitOptions & {
  /** The page's HTML before its script. */
  html?: string
  /** The page's script; analytics.js and Heap, not yet started, if left out. */
  script?: Script
} = {}): Promise<Visit> {
  const requests: string[] = []
  const segment: string[] = []
  const warnings: string[] = []
  const errors: string[] = []
  const virtualConsole = new VirtualConsole()
  virtualConsole.on('warn', (text) => warnings.push(String(text)))
  virtualConsole.on('error', (text) => errors.push(String(text)))
  virtualConsole.on('jsdomError', (error) => {
    // A browser reports an answer that failed as well.
    if (!error.message.startsWith('Could not load')) errors.push(error.message)
  })

  class Network extends ResourceLoader {
    override fetch(url: string): AbortablePromise<Buffer> {
      requests.push(`GET ${url}`)
      return Object.assign(
        cdn().then((library) => Buffer.from(library)),
        { abort: () => undefined }
      )
    }
  }

  async function fetch(
    url: string,
    { method = 'GET', body }: { method?: string; body?: string } = {}
  ): Promise<Response> {
    const { hostname } = new URL(url)
    if (hostname === 'cdn.segment.com') return Response.json(SEGMENT_SETTINGS)
    if (hostname !== 'api.segment.io') {
      requests.push(`${method} ${url}`)
      return new Response(await cdn())
    }
    segment.push((JSON.parse(body ?? '') as { event: string }).event)
    await segmentAnswers
    return Response.json({ success: true })
  }

  // Scripts are put before the first, which stands for the site's own.
  const dom = new JSDOM(`<!doctype html><title>Shop</title>${html}<script></script>`, {
    url: 'https://shop.example/',
    runScripts: 'dangerously',
    resources: new Network(),
    pretendToBeVisual: true,
    virtualConsole,
    // What would ask the network itself is not there.
    beforeParse: (window) => void Object.assign(window, { fetch, XMLHttpRequest: undefined, WebSocket: undefined })
  })
  script.runInContext(dom.getInternalVMContext())

  async function evaluate(run: string | ((argument: never) => unknown), argument?: unknown): Promise<never> {
    const source = typeof run === 'string' ? run : `(${String(run)})(${JSON.stringify(argument)})`
    return copyOf(await dom.window.eval(source)) as never
  }

  return {
    page: {
      evaluate,
      async waitForFunction(holds, argument) {
        for (const end = Date.now() + 30_000; !(await evaluate(holds, argument));) {
          if (Date.now() > end) throw new Error(`In 30 s it did not come to hold that ${String(holds)}`)
          await new Promise((go) => setTimeout(go, 10))
        }
      }
    },
    requests,
    segment,
    warnings,
    errors,
    leave: () => Promise.resolve(dom.window.close())
  }
}

/** The same, of this realm's arrays and objects instead of the page's. */
function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return Array.from(value, copyOf)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copyOf(inner)]))
}
