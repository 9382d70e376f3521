import { configure, fireEvent, waitFor, within } from '@testing-library/dom'
import { EventSource } from 'eventsource'
import { JSDOM, ResourceLoader, VirtualConsole } from 'jsdom'
import type { AbortablePromise, FetchOptions } from 'jsdom'

configure({
  // All that is on the page is shown; to ask jsdom so of each element would take most of the time of a test.
  defaultHidden: true,
  asyncUtilTimeout: 30_000,
  // As would the whole page in the error of each try.
  getElementError: (message) => new Error(message ?? undefined)
})

const LABELLED = 'input, select, textarea'

/**
 * The page of a server as a person uses it, as far as that needs no browser: nothing is laid out, and no policy holds. What is asked
 * for is awaited.
 */
export interface PageInJsdom {
  document: Document
  /** Clicks a button by its name, or an element. */
  click: (button: string | RegExp | Element) => Promise<void>
  /** The field of a label. */
  field: (label: string) => Promise<HTMLInputElement>
  /** Gives the field of a label a text, or the value of a choice. */
  fill: (label: string, text: string) => Promise<void>
  /** Types a text into the field of a label, a key at a time. */
  type: (label: string, text: string) => Promise<void>
  /** Waits until some text is shown; gives the innermost element of this selector that has it. */
  shows: (text: string | RegExp, selector?: string) => Promise<Element>
  showsNo: (text: string, selector?: string) => Promise<void>
}

/** Nothing is laid out, so that styles would only take time. */
class NoStyles extends ResourceLoader {
  override fetch(url: string, options: FetchOptions): AbortablePromise<Buffer> | null {
    return options.element?.localName === 'link' ? null : super.fetch(url, options)
  }
}

const left: (() => void)[] = []
afterEach(() => left.splice(0).forEach((leave) => leave()))

/** Opens a view of the page. */
export async function openInJsdom(url: string, view: string): Promise<PageInJsdom> {
  const problems: string[] = []
  const virtualConsole = new VirtualConsole()
  virtualConsole.on('error', (text) => problems.push(String(text)))
  virtualConsole.on('jsdomError', ({ message }) => problems.push(message))
  const streams: EventSource[] = []
  const dom = await JSDOM.fromURL(`${url}/#${view}`, {
    runScripts: 'dangerously',
    resources: new NoStyles(),
    pretendToBeVisual: true,
    virtualConsole,
    beforeParse(window) {
      Object.assign(window, {
        // Those of jsdom are no signals for fetch.
        AbortController,
        // A browser says which page asks.
        fetch: (path: string, { headers, ...options }: RequestInit = {}) =>
          fetch(`${url}${path}`, { ...options, headers: { ...headers, origin: url } }),
        EventSource: class extends EventSource {
          constructor(path: string) {
            super(`${url}${path}`)
            streams.push(this)
          }
        }
      })
      // jsdom does not open dialogs.
      window.HTMLDialogElement.prototype.showModal = function () {
        this.open = true
      }
    }
  })
  left.push(() => {
    for (const stream of streams) stream.close()
    dom.window.close()
    expect(problems).toStrictEqual([])
  })

  const { document } = dom.window
  const body = within(document.body)
  const field = (label: string) => body.findByLabelText<HTMLInputElement>(label, { selector: LABELLED })
  const until = <Found>(look: () => Found) => waitFor(look, { container: document.body })
  const having = (text: string | RegExp, selector: string): Element | undefined =>
    Array.from(document.querySelectorAll(selector))
      .filter(({ textContent }) =>
        typeof text === 'string' ? textContent?.includes(text) : text.test(textContent ?? '')
      )
      .at(-1)
  return {
    document,
    async click(button) {
      const isName = typeof button === 'string' || button instanceof RegExp
      fireEvent.click(isName ? await body.findByRole('button', { name: button }) : button)
    },
    field,
    async fill(label, text) {
      const found = await field(label)
      fireEvent[found.localName === 'select' ? 'change' : 'input'](found, { target: { value: text } })
    },
    async type(label, text) {
      const found = await field(label)
      for (let length = 1; length <= text.length; length++) {
        fireEvent.input(found, { target: { value: text.slice(0, length) } })
      }
    },
    shows: (text, selector = 'main *') =>
      until(() => {
        const found = having(text, selector)
        if (!found) throw new Error(`${String(text)} is not shown`)
        return found
      }),
    showsNo: (text, selector = 'main *') =>
      until(() => {
        if (having(text, selector)) throw new Error(`${text} is still shown`)
      })
  }
}
