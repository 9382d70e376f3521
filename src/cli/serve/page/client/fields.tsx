import type { JSONObject, JSONValue } from '@segment/actions-core'
import { useComputed, useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { parse, printParseErrorCode } from 'jsonc-parser'
import type { ParseError } from 'jsonc-parser'
import type { PageField } from '../protocol'
import { Combobox, short, Text } from './common'
import type { Option } from './common'
import { draftEvent, preview } from './state'
import { coalesce, coalescedPaths, isObject, isPath, kindOf, misreadingOf, placesOf, startOf } from './values'
import type { Kind } from './values'

const KINDS: Record<Kind, string> = {
  nothing: 'Nothing',
  path: 'From the event',
  literal: 'A fixed value',
  template: 'Template',
  coalesce: 'The first that is there',
  object: 'Key by key',
  json: 'JSON'
}

/** What a field gets, and what comes of it for the event at hand. */
export function Field(props: {
  name: string
  field: PageField
  value: JSONValue | undefined
  onChange: (value: JSONValue | undefined) => void
}): JSX.Element {
  const { name, field, value, onChange } = props
  const result = preview.value?.fields[name]
  return (
    <fieldset class="field">
      <legend>
        {field.label} {field.required && <em>required</em>} <code>{name}</code>
      </legend>
      <p>{field.description}</p>
      <Value label={field.label} field={field} value={value} onChange={onChange} />
      {JSON.stringify(value) !== JSON.stringify(field.default) && (
        <button type="button" onClick={() => onChange(field.default)}>
          Back to the default
          <code>{field.default === undefined ? 'nothing' : short(field.default)}</code>
        </button>
      )}
      <p class="gets">
        {result?.error !== undefined ? (
          <span class="error">
            <Text>{result.error}</Text>
          </span>
        ) : (
          <>
            Gets{' '}
            <code>
              <Text>{result?.value === undefined ? 'nothing' : short(result.value)}</Text>
            </code>
          </>
        )}
      </p>
    </fieldset>
  )
}

function Value(props: {
  label: string
  field: Pick<PageField, 'type' | 'choices'>
  value: JSONValue | undefined
  onChange: (value: JSONValue | undefined) => void
}): JSX.Element {
  const { label, field, value, onChange } = props
  // A person who asks for JSON gets it, also where there is an editor.
  const asJson = useSignal(false)
  const kind: Kind = asJson.value && value !== undefined ? 'json' : kindOf(value)
  const kinds = (Object.keys(KINDS) as Kind[]).filter(
    (one) => one !== 'object' || field.type === 'object' || one === kind
  )
  const misreading = misreadingOf(value)
  return (
    <>
      <div class="value">
        <select
          aria-label={`${label}: where it comes from`}
          value={kind}
          onChange={(event) => {
            const chosen = event.currentTarget.value as Kind
            asJson.value = chosen === 'json'
            onChange(startOf(chosen, value, field.type))
          }}
        >
          {kinds.map((one) => (
            <option key={one} value={one}>
              {KINDS[one]}
            </option>
          ))}
        </select>
        <Editor kind={kind} label={label} field={field} value={value} onChange={onChange} />
      </div>
      {misreading !== undefined && (
        <p class="warning">
          <Text>{misreading}</Text>
        </p>
      )}
    </>
  )
}

type EditorProps = Parameters<typeof Value>[0] & { kind: Kind }

function Editor({ kind, label, field, value, onChange }: EditorProps): JSX.Element | null {
  if (kind === 'path' && isPath(value)) return <Path label={label} path={value['@path']} onChange={onChange} />
  if (kind === 'literal') return <Literal label={label} field={field} value={value} onChange={onChange} />
  if (kind === 'template' && isObject(value)) {
    return (
      <input
        type="text"
        aria-label={`${label}: template`}
        spellcheck={false}
        value={textOf(value['@template'])}
        onInput={(event) => onChange({ '@template': event.currentTarget.value })}
      />
    )
  }
  if (kind === 'coalesce') return <Coalesced label={label} paths={coalescedPaths(value) ?? []} onChange={onChange} />
  if (kind === 'object' && isObject(value)) return <KeyByKey label={label} value={value} onChange={onChange} />
  return kind === 'json' ? <JsonText label={label} value={value ?? null} onChange={onChange} /> : null
}

function Path(props: { label: string; path: string; onChange: (value: JSONValue) => void }): JSX.Element {
  const { label, path, onChange } = props
  const options = useComputed((): Option[] => {
    const { event } = draftEvent.value
    return placesOf((event ?? null) as JSONValue).map((place) => ({
      value: place.path,
      hint: place.isUnreachable ? 'no path leads there: its name holds a dot or a bracket' : short(place.value),
      isDisabled: place.isUnreachable
    }))
  })
  return (
    <Combobox
      label={`${label}: place in the event`}
      value={path}
      options={options.value}
      onChange={(chosen) => onChange({ '@path': chosen })}
    />
  )
}

/** A plain value as text; anything else has another editor. */
function textOf(value: JSONValue | undefined): string {
  return typeof value === 'object' ? '' : String(value ?? '')
}

function Literal({ label, field, value, onChange }: Omit<EditorProps, 'kind'>): JSX.Element {
  const name = `${label}: value`
  if (field.choices) {
    return (
      <select aria-label={name} value={textOf(value)} onChange={(event) => onChange(event.currentTarget.value)}>
        {!field.choices.some((choice) => choice.value === value) && <option>{textOf(value)}</option>}
        {field.choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.label}
          </option>
        ))}
      </select>
    )
  }
  if (typeof value === 'boolean') {
    return (
      <select
        aria-label={name}
        value={String(value)}
        onChange={(event) => onChange(event.currentTarget.value === 'true')}
      >
        <option value="true">true</option>
        <option value="false">false</option>
      </select>
    )
  }
  if (typeof value === 'number') {
    return (
      <input
        type="number"
        step="any"
        aria-label={name}
        value={String(value)}
        onInput={(event) => onChange(event.currentTarget.valueAsNumber || 0)}
      />
    )
  }
  return (
    <input
      type="text"
      aria-label={name}
      value={textOf(value)}
      onInput={(event) => onChange(event.currentTarget.value)}
    />
  )
}

function Coalesced(props: { label: string; paths: string[]; onChange: (value: JSONValue) => void }): JSX.Element {
  const { label, paths, onChange } = props
  return (
    <ol class="plain">
      {paths.map((path, index) => (
        <li key={index}>
          <Path
            label={`${label}, choice ${index + 1}`}
            path={path}
            onChange={(value) => {
              const changed = isPath(value) ? value['@path'] : path
              onChange(coalesce(paths.map((one, at) => (at === index ? changed : one))))
            }}
          />
          {paths.length > 2 && (
            <button type="button" onClick={() => onChange(coalesce(paths.filter((_path, at) => at !== index)))}>
              Remove
            </button>
          )}
        </li>
      ))}
      <li>
        <button type="button" onClick={() => onChange(coalesce([...paths, '$.']))}>
          Add a choice
        </button>
      </li>
    </ol>
  )
}

function KeyByKey(props: { label: string; value: JSONObject; onChange: (value: JSONValue) => void }): JSX.Element {
  const { label, value, onChange } = props
  const entries = Object.entries(value)
  const set = (index: number, entry: [string, JSONValue | undefined] | undefined) => {
    const changed = entries.flatMap((one, at) => (at === index ? (entry ? [entry] : []) : [one]))
    onChange(Object.fromEntries(changed) as JSONObject)
  }
  const add = () => {
    let number = 1
    while (`key${number}` in value) number++
    onChange({ ...value, [`key${number}`]: { '@path': '$.' } })
  }
  return (
    <ul class="plain keys">
      {entries.map(([key, entry], index) => (
        <li key={index}>
          <input
            type="text"
            aria-label={`${label}: key ${index + 1}`}
            value={key}
            onChange={(event) => {
              const renamed = event.currentTarget.value
              if (renamed === '' || (renamed !== key && renamed in value)) event.currentTarget.value = key
              else set(index, [renamed, entry])
            }}
          />
          <Value
            label={`${label}, ${key}`}
            field={{ type: 'string' }}
            value={entry}
            onChange={(changed) => set(index, changed === undefined ? undefined : [key, changed])}
          />
          <button type="button" aria-label={`Remove ${key}`} onClick={() => set(index, undefined)}>
            Remove
          </button>
        </li>
      ))}
      <li>
        <button type="button" onClick={add}>
          Add a key
        </button>
      </li>
    </ul>
  )
}

/** JSON as text: what is written changes the value as soon as it is JSON. */
export function JsonText(props: {
  label: string
  value: JSONValue
  onChange: (value: JSONValue) => void
}): JSX.Element {
  const { label, value, onChange } = props
  const written = useSignal<string | undefined>(undefined)
  const text = written.value ?? JSON.stringify(value, null, 2)
  const problem = jsonProblem(text)
  return (
    <div class="json">
      <textarea
        class="code"
        aria-label={`${label}: JSON`}
        aria-invalid={problem !== undefined}
        rows={Math.min(12, text.split('\n').length)}
        spellcheck={false}
        value={text}
        onInput={(event) => {
          written.value = event.currentTarget.value
          if (jsonProblem(written.value) === undefined) onChange(JSON.parse(written.value) as JSONValue)
        }}
        onBlur={() => {
          if (jsonProblem(text) === undefined) written.value = undefined
        }}
      />
      {problem !== undefined && <p class="error">{problem}</p>}
    </div>
  )
}

/** Where a text stops being JSON, and why; undefined if it is JSON. */
export function jsonProblem(text: string): string | undefined {
  const errors: ParseError[] = []
  parse(text, errors, { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false })
  if (errors.length === 0) return undefined
  const [{ error, offset }] = errors
  const before = text.slice(0, offset).split('\n')
  const reason = printParseErrorCode(error)
    .replace(/(?!^)(?=[A-Z])/g, ' ')
    .toLowerCase()
  return `Line ${before.length}, column ${before[before.length - 1].length + 1}: ${reason}.`
}
