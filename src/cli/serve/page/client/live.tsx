import { computed, signal } from '@preact/signals'
import type { JSX } from 'preact'
import type { LiveEvent, LiveSummary, MappingSteps, TriggerCheck } from '../protocol'
import { ask, messageOf } from './api'
import { Copy, counted, FateMark, Json, short, Text } from './common'
import { Held } from './held'
import { events, isConnected, mapWith, notice, page } from './state'

const filter = signal('')
const isFailedOnly = signal(false)
/** While it is set, the list stays as it was then. */
const paused = signal<readonly LiveSummary[] | undefined>(undefined)
const DRAWN_AT_ONCE = 200
const drawn = signal(DRAWN_AT_ONCE)
const opened = signal<LiveEvent | undefined>(undefined)

const matching = computed(() => {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean)
  const all = paused.value ?? events.value
  if (words.length === 0 && !isFailedOnly.value) return all
  return all.filter((event) => {
    if (isFailedOnly.value && event.fate === 'delivered') return false
    const text = `${event.type} ${event.name ?? ''} ${event.who ?? ''} ${event.fate} ${event.reason}`.toLowerCase()
    return words.every((word) => text.includes(word))
  })
})

async function open(id: string): Promise<void> {
  try {
    opened.value = await ask<LiveEvent>('GET', `/page/events/${id}`)
  } catch (error) {
    notice.value = messageOf(error)
  }
}

async function sendExample(): Promise<void> {
  try {
    await ask('POST', '/page/example', {})
  } catch (error) {
    notice.value = messageOf(error)
  }
}

/** The events as they come, and the way of one. */
export function Live(): JSX.Element {
  if (events.value.length === 0) return <NothingYet />
  const found = matching.value
  const shown = found.slice(-drawn.value).reverse()
  const waiting = paused.value === undefined ? 0 : events.value.length - paused.value.length
  return (
    <>
      <div class="bar">
        <label>
          Filter{' '}
          <input
            type="search"
            value={filter.value}
            onInput={(event) => (filter.value = event.currentTarget.value)}
            placeholder="name, person or reason"
          />
        </label>
        <label>
          <input
            type="checkbox"
            checked={isFailedOnly.value}
            onChange={(event) => (isFailedOnly.value = event.currentTarget.checked)}
          />{' '}
          Not delivered only
        </label>
        <button
          type="button"
          aria-pressed={paused.value !== undefined}
          onClick={() => (paused.value = paused.value ? undefined : events.value)}
        >
          Pause
        </button>
        {!page.value?.isLive && (
          <button type="button" onClick={() => void sendExample()}>
            Send an example
          </button>
        )}
        <span role="status">
          {counted(found.length, 'event')}
          {waiting > 0 && `, ${counted(waiting, 'newer one')} waiting`}
          {!isConnected.value && '. Not connected; trying again'}
        </span>
      </div>
      <div class="columns">
        <ol class="events" aria-label="Events, newest first">
          {shown.map((event) => (
            <Line key={event.id} event={event} isOpen={event.id === opened.value?.id} />
          ))}
          {found.length > shown.length && (
            <li>
              <button type="button" onClick={() => (drawn.value += DRAWN_AT_ONCE)}>
                Show {Math.min(DRAWN_AT_ONCE, found.length - shown.length)} older
              </button>
            </li>
          )}
        </ol>
        {opened.value && <Way live={opened.value} />}
      </div>
    </>
  )
}

function Line({ event, isOpen }: { event: LiveSummary; isOpen: boolean }): JSX.Element {
  const { id, at, type, name, who, fate, reason } = event
  return (
    <li>
      <button type="button" class="event" aria-expanded={isOpen} onClick={() => void open(id)}>
        <time dateTime={at}>{new Date(at).toLocaleTimeString('en-GB')}</time>
        <span>{type}</span>
        <strong>
          <Text>{name ?? ''}</Text>
        </strong>
        <span>
          <Text>{who ?? ''}</Text>
        </span>
        <FateMark fate={fate} />
        {reason !== '' && (
          <span class="reason">
            <Text>{reason}</Text>
          </span>
        )}
      </button>
    </li>
  )
}

function NothingYet(): JSX.Element {
  const url = page.value?.url ?? ''
  const node = `new Analytics({ writeKey: 'any', host: '${url}' })`
  const browser = `AnalyticsBrowser.load({ writeKey: 'any', cdnURL: '${url}' })`
  const curl = `curl ${url}/v1/track -H 'content-type: application/json' -d '{"event":"Signed Up","userId":"alice"}'`
  return (
    <section class="empty">
      <h2>No events yet</h2>
      <p>Point a Segment SDK here, with any write key, and its events appear as they come.</p>
      <dl>
        <dt>Node.js: @segment/analytics-node</dt>
        <dd>
          <code>{node}</code> <Copy text={node} what="The line" />
        </dd>
        <dt>In the browser: @segment/analytics-next</dt>
        <dd>
          <code>{browser}</code> <Copy text={browser} what="The line" />
        </dd>
        <dt>From a shell</dt>
        <dd>
          <code>{curl}</code> <Copy text={curl} what="The command" />
        </dd>
      </dl>
      {page.value?.isLive ? (
        <p>Heap is the real one here: what comes in goes there.</p>
      ) : (
        <p>
          <button type="button" class="main" onClick={() => void sendExample()}>
            Send an example
          </button>{' '}
          Nothing leaves this machine.
        </p>
      )}
    </section>
  )
}

/** An event's way in four steps. */
function Way({ live }: { live: LiveEvent }): JSX.Element {
  const { event, steps, held, fate, reason } = live
  const taken = steps.filter(({ trigger }) => trigger.isTaken)
  return (
    <section class="way" aria-label="The way of the event">
      <div class="bar">
        <h2>
          {event.type} <Text>{live.name ?? ''}</Text>
        </h2>
        <button type="button" class="main" onClick={() => mapWith(event)}>
          Map with this event
        </button>
        <button type="button" onClick={() => (opened.value = undefined)}>
          Close
        </button>
      </div>
      <p>
        <FateMark fate={fate} /> <Text>{reason}</Text>
      </p>
      <details>
        <summary>The event as it came</summary>
        <Json value={event} label="The event" />
      </details>
      <h3>1. Mappings</h3>
      <ul class="plain">
        {steps.map((step, index) => (
          <li key={index}>
            <MappingStep step={step} />
          </li>
        ))}
      </ul>
      <h3>2. Payload</h3>
      {taken.length === 0 && <p>No mapping takes the event, so there is none.</p>}
      {taken.map((step, index) => (
        <div key={index}>
          <h4>{step.subscription.partnerAction}</h4>
          {step.payload === undefined ? (
            <p>The action was not reached.</p>
          ) : (
            <Json value={step.payload} label={`Payload of ${step.subscription.partnerAction}`} />
          )}
          {step.error !== undefined && (
            <p class="error">
              <Text>{step.error}</Text>
            </p>
          )}
        </div>
      ))}
      <h3>3. Requests</h3>
      <Exchanges steps={taken} />
      <h3>4. What Heap holds now</h3>
      {held ? <Held held={held} /> : <p>Heap is the real one here; look there.</p>}
    </section>
  )
}

function MappingStep({ step: { subscription, trigger } }: { step: MappingSteps }): JSX.Element {
  const title = `${subscription.name ?? subscription.partnerAction} → ${subscription.partnerAction}`
  if (subscription.enabled === false) return <>– {title}: switched off</>
  return (
    <>
      <span aria-hidden="true">{trigger.isTaken ? '✔' : '–'}</span> <Text>{title}</Text>
      {trigger.isTaken ? ': takes it' : ': does not take it'}
      {!trigger.isTaken && <Conditions trigger={trigger} />}
    </>
  )
}

/** Each condition of a trigger, and what the event has there. */
export function Conditions({ trigger }: { trigger: TriggerCheck }): JSX.Element {
  return (
    <ul class="plain conditions">
      {trigger.conditions.map(({ fql, matches, actual }, index) => (
        <li key={index}>
          <span aria-hidden="true">{matches ? '✔' : '✘'}</span>{' '}
          <code>
            <Text>{fql}</Text>
          </code>{' '}
          {matches ? 'holds' : 'does not hold'}; the event has{' '}
          <code>
            <Text>{actual === undefined ? 'nothing there' : short(actual)}</Text>
          </code>
        </li>
      ))}
    </ul>
  )
}

/** The requests of some mappings, each with Heap's response. */
export function Exchanges({ steps }: { steps: Pick<MappingSteps, 'exchanges'>[] }): JSX.Element {
  const exchanges = steps.flatMap((step) => step.exchanges)
  if (exchanges.length === 0) return <p>None: nothing was sent.</p>
  return (
    <>
      {exchanges.map(({ request, response, failure }, index) => (
        <div key={index}>
          <h4>
            {request.method} <Text>{request.url}</Text>
          </h4>
          <Json value={request.body} label={`What was posted to ${request.url}`} />
          <p>
            {response ? `Heap answered ${response.statusCode} ` : 'No answer: '}
            <code>
              <Text>{response ? short(response.body) : (failure ?? '')}</Text>
            </code>
          </p>
        </div>
      ))}
    </>
  )
}
