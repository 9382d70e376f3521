import { effect, signal, useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import type { JSONObject, JSONValue } from '@segment/actions-core'
import {
  importMappings,
  METADATA_ID,
  SEND_EVENT,
  sendEventAs,
  toJson,
  toPublicApi,
  toTerraform
} from '../../../engine/mappingFormats'
import type { Subscription } from '../../../engine/subscriptions'
import type { History, PageAction } from '../protocol'
import { ask, latest } from './api'
import { Copy, counted, Dialog, download, Json, Text } from './common'
import { Field, jsonProblem } from './fields'
import { Held } from './held'
import { Exchanges } from './live'
import {
  change,
  conflict,
  draftEvent,
  drafts,
  evaluateDraft,
  events,
  eventText,
  isChanged,
  notice,
  page,
  preview,
  previewProblem,
  resolveConflict,
  save,
  selected,
  view
} from './state'
import { Trigger } from './trigger'
import { isObject } from './values'

const dialog = signal<'in' | 'out' | 'delete' | undefined>(undefined)
const history = signal<History | undefined>(undefined)

const askHistory = latest(
  (subscription: Subscription, cancel) => ask<History>('POST', '/page/history', { subscription }, cancel),
  (reply) => (history.value = reply),
  () => (history.value = undefined)
)

/** As one types, the mapping is evaluated; the latest events once one stops. */
const PAUSE_MS = 400
let pause: ReturnType<typeof setTimeout> | undefined
effect(() => {
  if (view.value !== 'mappings') return
  evaluateDraft()
  const subscription = drafts.value[selected.value] as Subscription | undefined
  clearTimeout(pause)
  if (subscription && events.value.length > 0) pause = setTimeout(() => askHistory(subscription), PAUSE_MS)
})

/** The mappings: their list, the one that is being written, and what it makes of an event. */
export function Mappings(): JSX.Element {
  const current = drafts.value[selected.value] as Subscription | undefined
  return (
    <>
      <div class="bar">
        <h2>Mappings</h2>
        <SaveButton />
        <button type="button" onClick={() => (dialog.value = 'out')}>
          Export
        </button>
        <button type="button" onClick={() => (dialog.value = 'in')}>
          Import
        </button>
        {isChanged.value && <span>Not saved yet</span>}
      </div>
      <div class="columns mappings">
        <List />
        {current && <Editor current={current} />}
        {current && <Result />}
      </div>
      {dialog.value === 'out' && <Export />}
      {dialog.value === 'in' && <Import />}
      {dialog.value === 'delete' && <Delete />}
      {conflict.value && <Conflict />}
    </>
  )
}

function SaveButton(): JSX.Element {
  const file = page.value?.mappingsFile
  if (file === undefined) {
    return (
      <button type="button" class="main" onClick={() => download('mappings.json', toJson(drafts.value))}>
        Download mappings.json
      </button>
    )
  }
  return (
    <button type="button" class="main" disabled={!isChanged.value} onClick={() => void save()}>
      Save to {file}
    </button>
  )
}

function List(): JSX.Element {
  const actions = page.value?.actions ?? {}
  const add = (slug: string) => {
    const action = actions[slug]
    const mapping = Object.fromEntries(
      Object.entries(action.fields).flatMap(([key, field]) =>
        field.default === undefined ? [] : [[key, field.default]]
      )
    )
    drafts.value = [
      ...drafts.value,
      { name: action.title, enabled: true, partnerAction: slug, subscribe: action.defaultSubscription, mapping }
    ]
    selected.value = drafts.value.length - 1
  }
  return (
    <section aria-label="The mappings">
      <ul class="plain list">
        {drafts.value.map((draft, index) => (
          <li key={index}>
            <label class="switch">
              <input
                type="checkbox"
                checked={draft.enabled !== false}
                aria-label={`${draft.name ?? draft.partnerAction} is on`}
                onChange={(event) => {
                  selected.value = index
                  change({ enabled: event.currentTarget.checked })
                }}
              />
            </label>
            <button
              type="button"
              class="row"
              aria-current={index === selected.value}
              onClick={() => (selected.value = index)}
            >
              <strong>
                <Text>{draft.name ?? draft.partnerAction}</Text>
              </strong>
              <code>
                <Text>{draft.subscribe}</Text>
              </code>
            </button>
          </li>
        ))}
      </ul>
      <label>
        New mapping{' '}
        <select
          value=""
          onChange={(event) => {
            if (event.currentTarget.value !== '') add(event.currentTarget.value)
            event.currentTarget.value = ''
          }}
        >
          <option value="">Choose an action</option>
          {Object.entries(actions).map(([slug, { title }]) => (
            <option key={slug} value={slug}>
              {title}
            </option>
          ))}
        </select>
      </label>
    </section>
  )
}

function Editor({ current }: { current: Subscription }): JSX.Element {
  const actions = page.value?.actions ?? {}
  const action = actions[current.partnerAction] as PageAction | undefined
  const mapping = current.mapping ?? {}
  const set = (key: string, value: JSONValue | undefined) => {
    const { [key]: _before, ...rest } = mapping
    change({ mapping: value === undefined ? rest : { ...mapping, [key]: value } })
  }
  const duplicate = () => {
    const copy = { ...current, name: `${current.name ?? current.partnerAction} (copy)` }
    drafts.value = [...drafts.value.slice(0, selected.value + 1), copy, ...drafts.value.slice(selected.value + 1)]
    selected.value++
  }
  return (
    // Another mapping is edited anew.
    <section key={selected.value} aria-label="The mapping">
      <div class="bar">
        <label>
          Name{' '}
          <input
            type="text"
            value={current.name ?? ''}
            onInput={(event) => change({ name: event.currentTarget.value })}
          />
        </label>
        <button type="button" onClick={duplicate}>
          Duplicate
        </button>
        <button type="button" onClick={() => (dialog.value = 'delete')}>
          Delete
        </button>
      </div>
      <p>
        {action ? (
          <>
            <strong>{action.title}</strong>: {action.description}
          </>
        ) : (
          <Undecided current={current} />
        )}
      </p>
      <Trigger text={current.subscribe} onChange={(subscribe) => change({ subscribe })} />
      {action && <Fields key={current.partnerAction} action={action} mapping={mapping} set={set} />}
    </section>
  )
}

/** Required and mapped fields are shown, as Segment does; the others can be added. */
function Fields(props: {
  action: PageAction
  mapping: JSONObject
  set: (key: string, value: JSONValue | undefined) => void
}): JSX.Element {
  const { action, mapping, set } = props
  // Fields that a person has added stay in place, also where they hold nothing.
  const shown = useSignal<ReadonlySet<string>>(new Set())
  const entries = Object.entries(action.fields).filter(([, { isHidden }]) => !isHidden)
  const isShown = ([key, { required }]: (typeof entries)[number]) => required || key in mapping || shown.value.has(key)
  const others = entries.filter((entry) => !isShown(entry))
  return (
    <>
      {entries.filter(isShown).map(([key, field]) => (
        <Field
          key={key}
          name={key}
          field={field}
          value={mapping[key]}
          onChange={(value) => {
            shown.value = new Set([...shown.value, key])
            set(key, value)
          }}
        />
      ))}
      {others.length > 0 && (
        <label>
          Add a field{' '}
          <select
            value=""
            onChange={(event) => {
              const key = event.currentTarget.value
              if (key !== '') shown.value = new Set([...shown.value, key])
              event.currentTarget.value = ''
            }}
          >
            <option value="">Choose a field</option>
            {others.map(([key, { label }]) => (
              <option key={key} value={key}>
                {label}
              </option>
            ))}
          </select>
        </label>
      )}
      <Foreign
        keys={Object.keys(mapping).filter((key) => !(key in action.fields) && !key.startsWith('__segment_internal_'))}
        set={set}
      />
    </>
  )
}

function Foreign({ keys, set }: { keys: string[]; set: (key: string, value: undefined) => void }): JSX.Element | null {
  if (keys.length === 0) return null
  return (
    <>
      {keys.map((key) => (
        <p key={key} class="warning">
          <Text>{`The action has no field ${key}.`}</Text>{' '}
          <button type="button" onClick={() => set(key, undefined)}>
            Remove it
          </button>
        </p>
      ))}
    </>
  )
}

/** A mapping of Segment's other Heap destination whose kind of call a person has to tell. */
function Undecided({ current }: { current: Subscription }): JSX.Element {
  if (current.partnerAction !== SEND_EVENT) return <Text>{`There is no action ${current.partnerAction}.`}</Text>
  const decide = (action: 'trackEvent' | 'identifyUser') => {
    const notes: string[] = []
    change(sendEventAs(action, { ...current }, 'The mapping', notes))
    notice.value = notes.join(' ')
  }
  return (
    <>
      This mapping is of another Heap destination, for any kind of call. What is it for here?{' '}
      <button type="button" onClick={() => decide('trackEvent')}>
        Track, page and screen calls
      </button>{' '}
      <button type="button" onClick={() => decide('identifyUser')}>
        Identify calls
      </button>
    </>
  )
}

function Result(): JSX.Element {
  const problem =
    draftEvent.value.problem === undefined ? undefined : (jsonProblem(eventText.value) ?? draftEvent.value.problem)
  const made = preview.value
  return (
    <section aria-label="What becomes of an event" class="result">
      <label>
        The event to try it with
        <textarea
          class="code"
          rows={10}
          spellcheck={false}
          aria-invalid={problem !== undefined}
          value={eventText.value}
          onInput={(event) => (eventText.value = event.currentTarget.value)}
        />
      </label>
      {problem !== undefined && <p class="error">{problem}</p>}
      {previewProblem.value !== '' && (
        <p class="error">
          <Text>{previewProblem.value}</Text>
        </p>
      )}
      {made && (
        <>
          <h3>Result</h3>
          {made.error !== undefined && (
            <p class="error" role="alert">
              ✘ <Text>{made.error}</Text>
            </p>
          )}
          {made.error === undefined && (
            <p>{made.trigger.isTaken ? '✔ delivered' : '– not taken: the trigger leaves it out'}</p>
          )}
          {made.payload !== undefined && (
            <details>
              <summary>Payload</summary>
              <Json value={made.payload} label="Payload" />
            </details>
          )}
          <h3>Requests to Heap</h3>
          <Exchanges steps={[made]} />
          <h3>What Heap would store</h3>
          <Held held={made.held} />
        </>
      )}
      {history.value && history.value.of > 0 && <Past history={history.value} />}
    </section>
  )
}

function Past({ history: { of, matched, delivered, refused } }: { history: History }): JSX.Element {
  return (
    <p role="status">
      Of the last {counted(of, 'event')} {matched.toLocaleString('en')} match, {delivered.toLocaleString('en')}{' '}
      delivered, {refused.toLocaleString('en')} refused.
    </p>
  )
}

type Format = 'json' | 'api' | 'terraform'
const format = signal<Format>('terraform')

function exported(): { name: string; text: string } {
  if (format.value === 'json') return { name: 'mappings.json', text: toJson(drafts.value) }
  if (format.value === 'api') {
    return { name: 'subscriptions.json', text: `${JSON.stringify(toPublicApi(drafts.value), null, 2)}\n` }
  }
  return { name: 'heap.tf', text: toTerraform(drafts.value) }
}

const HOW_TO = {
  json: 'For send --mappings and serve --mappings, and to import here again.',
  api: `For Segment’s Public API: POST each to /destinations/{id}/subscriptions, with actionId in place of actionSlug. GET /catalog/destinations/${METADATA_ID} lists the ID of each action by its slug.`,
  terraform:
    'For Terraform with Segment’s provider (segmentio/segment). Give the destination’s ID in heap_destination_id.'
}

function Export(): JSX.Element {
  const { name, text } = exported()
  return (
    <Dialog title="Export the mappings" onClose={() => (dialog.value = undefined)}>
      <label>
        Format{' '}
        <select value={format.value} onChange={(event) => (format.value = event.currentTarget.value as Format)}>
          <option value="terraform">Terraform</option>
          <option value="api">Segment Public API</option>
          <option value="json">JSON of this command</option>
        </select>
      </label>
      <p>{HOW_TO[format.value]}</p>
      <textarea class="code" aria-label="The export" rows={14} readOnly value={text} />
      <form method="dialog" class="bar">
        <button type="button" class="main" onClick={() => download(name, text)}>
          Download {name}
        </button>
        <Copy text={text} what="The export" />
        <button>Close</button>
      </form>
    </Dialog>
  )
}

const pasted = signal('')
const importProblem = signal('')

function takeImport(): void {
  const syntax = jsonProblem(pasted.value)
  const read = syntax === undefined ? importMappings(JSON.parse(pasted.value) as unknown) : undefined
  const sound = read?.subscriptions.filter(isSubscription) ?? []
  if (!read || sound.length < read.subscriptions.length || sound.length === 0) {
    importProblem.value =
      syntax ??
      'These are no mappings: a list of them, what Segment’s Public API answers, or what terraform show -json prints.'
    return
  }
  drafts.value = sound
  selected.value = 0
  notice.value = [`${counted(sound.length, 'mapping')} imported.`, ...read.notes].join(' ')
  dialog.value = undefined
  importProblem.value = ''
}

function isSubscription(value: unknown): value is Subscription {
  if (!isObject(value)) return false
  const { partnerAction, subscribe, mapping = {} } = value
  return typeof partnerAction === 'string' && typeof subscribe === 'string' && isObject(mapping)
}

function Import(): JSX.Element {
  return (
    <Dialog title="Import mappings" onClose={() => (dialog.value = undefined)}>
      <p>
        JSON of this command, what Segment’s Public API answers to GET /destinations/…/subscriptions, or the output of{' '}
        <code>terraform show -json</code>. They take the place of the mappings here; nothing is saved yet.
      </p>
      <label>
        A file <input type="file" onChange={(event) => void readFile(event.currentTarget)} />
      </label>
      <label>
        Or its text
        <textarea
          class="code"
          rows={10}
          spellcheck={false}
          value={pasted.value}
          onInput={(event) => (pasted.value = event.currentTarget.value)}
        />
      </label>
      {importProblem.value !== '' && (
        <p class="error" role="alert">
          {importProblem.value}
        </p>
      )}
      <form method="dialog" class="bar">
        <button type="button" class="main" onClick={takeImport}>
          Import
        </button>
        <button>Cancel</button>
      </form>
    </Dialog>
  )
}

async function readFile(input: HTMLInputElement): Promise<void> {
  const file = input.files?.[0]
  if (!file) return
  const bytes = await file.arrayBuffer()
  try {
    pasted.value = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    importProblem.value = ''
  } catch {
    // What a mapping writes into properties would lose its letters.
    pasted.value = ''
    importProblem.value = `${file.name} is not UTF-8. Save it as UTF-8.`
  }
}

function Delete(): JSX.Element {
  const current = drafts.value[selected.value] as Subscription | undefined
  const remove = () => {
    drafts.value = drafts.value.filter((_draft, index) => index !== selected.value)
    selected.value = Math.max(0, selected.value - 1)
    dialog.value = undefined
  }
  return (
    <Dialog title="Delete the mapping?" onClose={() => (dialog.value = undefined)}>
      <p>
        <Text>{current?.name ?? ''}</Text> is taken out of the list.
      </p>
      <form method="dialog" class="bar">
        <button type="button" class="main" onClick={remove}>
          Delete
        </button>
        <button>Keep</button>
      </form>
    </Dialog>
  )
}

function Conflict(): JSX.Element {
  return (
    <Dialog title="The file has changed" onClose={() => void resolveConflict('cancel')}>
      <p>Somebody else changed {page.value?.mappingsFile} since it was read here. Nothing was overwritten.</p>
      <div class="bar">
        <button type="button" onClick={() => void resolveConflict('take')}>
          Take what the file holds
        </button>
        <button type="button" onClick={() => void resolveConflict('overwrite')}>
          Overwrite the file
        </button>
        <button type="button" class="main" onClick={() => void resolveConflict('cancel')}>
          Cancel
        </button>
      </div>
    </Dialog>
  )
}
