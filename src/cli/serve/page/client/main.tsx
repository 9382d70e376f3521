import { render } from 'preact'
import type { JSX } from 'preact'
import type { LiveSummary } from '../protocol'
import { messageOf } from './api'
import { Check } from './check'
import { Text } from './common'
import { Heap } from './heap'
import { Live } from './live'
import { Mappings } from './mappings'
import { addEvents, isConnected, loadState, notice, page, view, VIEWS } from './state'
import type { View } from './state'

function Page(): JSX.Element {
  return (
    <>
      <header>
        <h1>Heap destination</h1>
        <nav aria-label="Views">
          {Object.entries(VIEWS).map(([key, label]) => (
            <a key={key} href={`#${key}`} aria-current={view.value === key ? 'page' : undefined}>
              {label}
            </a>
          ))}
        </nav>
        <span class={page.value?.isLive ? 'heap live' : 'heap'}>{page.value && `Heap is ${page.value.heap}`}</span>
      </header>
      <main>
        <p class="notice" role="status">
          {notice.value !== '' && (
            <>
              <Text>{notice.value}</Text>{' '}
              <button type="button" aria-label="Close the notice" onClick={() => (notice.value = '')}>
                ✕
              </button>
            </>
          )}
        </p>
        {page.value && CONTENT[view.value]()}
      </main>
    </>
  )
}

const CONTENT: Record<View, () => JSX.Element> = {
  live: () => <Live />,
  mappings: () => <Mappings />,
  heap: () => <Heap />,
  check: () => <Check />
}

function showView(): void {
  const wanted = location.hash.slice(1)
  view.value = wanted in VIEWS ? (wanted as View) : 'live'
  document.title = `${VIEWS[view.value]} · Heap destination`
}

/** What is told while the page draws is drawn at once. */
function follow(): void {
  let told: LiveSummary[] = []
  const stream = new EventSource('/page/live')
  stream.addEventListener('summary', ({ data }: MessageEvent<string>) => {
    if (told.length === 0) requestAnimationFrame(draw)
    told.push(JSON.parse(data) as LiveSummary)
  })
  const draw = () => {
    addEvents(told)
    told = []
  }
  stream.addEventListener('state', () => void load())
  stream.onopen = () => (isConnected.value = true)
  stream.onerror = () => (isConnected.value = false)
}

function load(): Promise<void> {
  return loadState().catch((error: unknown) => {
    notice.value = messageOf(error)
  })
}

addEventListener('hashchange', showView)
showView()
void load()
follow()
render(<Page />, document.body)
