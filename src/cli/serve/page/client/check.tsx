import { signal } from '@preact/signals'
import type { JSX } from 'preact'
import type { CheckResult } from '../protocol'
import { messageOf } from './api'
import { counted, Text } from './common'
import { mapWith } from './state'

const result = signal<CheckResult | undefined>(undefined)
const problem = signal('')
const running = signal<AbortController | undefined>(undefined)
const fileName = signal('')
const pasted = signal('')

/** Sends a file to the server, which stays on this machine, and shows what it finds as it goes. */
async function check(file: Blob, name: string): Promise<void> {
  running.value?.abort()
  const own = (running.value = new AbortController())
  fileName.value = name
  result.value = undefined
  problem.value = ''
  try {
    const response = await fetch(`/page/check?name=${encodeURIComponent(name)}&size=${file.size}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: file,
      signal: own.signal
    })
    if (!response.ok || !response.body) throw new Error(`The server answers ${response.status}.`)
    let rest = ''
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      const lines = (rest + piece.value).split('\n')
      rest = lines.pop() ?? ''
      const last = lines.at(-1)
      if (last) result.value = JSON.parse(last) as CheckResult
    }
  } catch (error) {
    if (!own.signal.aborted) problem.value = messageOf(error)
  } finally {
    if (running.value === own) running.value = undefined
  }
}

/** What a file of events would come to. */
export function Check(): JSX.Element {
  return (
    <>
      <h2>Check a file</h2>
      <p>
        Events as JSON, one a line or a list of them, also as .gz. They go through the saved mappings into a Heap of
        their own: nothing leaves this machine, and nothing is added to the other views.
      </p>
      <div
        class="drop"
        onDragOver={(event) => event.preventDefault()}
        onDrop={(event) => {
          event.preventDefault()
          const file = event.dataTransfer?.files[0]
          if (file) void check(file, file.name)
        }}
      >
        <label>
          Drop a file here, or choose one{' '}
          <input
            type="file"
            onChange={(event) => {
              const file = event.currentTarget.files?.[0]
              if (file) void check(file, file.name)
            }}
          />
        </label>
        <label>
          Or paste events
          <textarea
            class="code"
            rows={4}
            spellcheck={false}
            value={pasted.value}
            onInput={(event) => (pasted.value = event.currentTarget.value)}
          />
        </label>
        <button
          type="button"
          class="main"
          disabled={pasted.value.trim() === ''}
          onClick={() => void check(new Blob([pasted.value]), 'pasted events')}
        >
          Check
        </button>
      </div>
      {problem.value !== '' && (
        <p class="error" role="alert">
          {problem.value}
        </p>
      )}
      {result.value && <Found found={result.value} />}
    </>
  )
}

function Found({ found }: { found: CheckResult }): JSX.Element {
  const { counts, reasons, bytes, total, isDone } = found
  const parts = [
    ['delivered', counts.delivered],
    ['refused', counts.refused],
    ['not taken', counts['not taken']],
    ['left out', counts['left out']],
    ['unreadable', counts.unreadable]
  ] as const
  const all = parts.reduce((sum, [, count]) => sum + count, 0)
  return (
    <section aria-label="What was found">
      <div class="bar">
        <h3>
          <Text>{fileName.value}</Text>
        </h3>
        {running.value && (
          <button type="button" onClick={() => running.value?.abort()}>
            Stop
          </button>
        )}
        <span role="status">
          {isDone
            ? `${counted(all, 'event')} checked.`
            : running.value
              ? 'Checking…'
              : `Stopped after ${counted(all, 'event')}.`}
        </span>
      </div>
      {!isDone && total > 0 && <progress max={total} value={Math.min(bytes, total)} aria-label="How much is read" />}
      <svg
        class="picture"
        viewBox="0 0 100 6"
        preserveAspectRatio="none"
        role="img"
        aria-label={parts.map(([name, count]) => `${count} ${name}`).join(', ')}
      >
        {parts.map(([name, count], index) => {
          const before = parts.slice(0, index).reduce((sum, [, one]) => sum + one, 0)
          return (
            <rect
              key={name}
              class={name.replace(' ', '-')}
              x={(100 * before) / (all || 1)}
              y="0"
              width={(100 * count) / (all || 1)}
              height="6"
            />
          )
        })}
      </svg>
      <ul class="plain legend">
        {parts.map(([name, count]) => (
          <li key={name}>
            <span class={`swatch ${name.replace(' ', '-')}`} aria-hidden="true" /> {count.toLocaleString('en')} {name}
          </li>
        ))}
      </ul>
      {reasons.length > 0 && (
        <table>
          <caption>What was not delivered, by reason</caption>
          <thead>
            <tr>
              <th scope="col">Events</th>
              <th scope="col">Reason</th>
              <th scope="col">First in line</th>
              <th scope="col">Open</th>
            </tr>
          </thead>
          <tbody>
            {reasons.map(({ fate, reason, count, line, event }) => (
              <tr key={`${fate} ${reason}`}>
                <td>{count.toLocaleString('en')}</td>
                <td>
                  <Text>{`${fate}: ${reason}`}</Text>
                </td>
                <td>{line}</td>
                <td>
                  {event && (
                    <button
                      type="button"
                      aria-label={`Open the event in line ${line} in Mappings`}
                      onClick={() => mapWith(event)}
                    >
                      Open in Mappings
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}
