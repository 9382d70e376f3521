import { useState } from 'preact/hooks'
import type { JSX } from 'preact'
import type { Operator } from '@segment/destination-subscriptions'
import { readFql } from '../../../engine/fql'
import { CALLS } from '../../../engine/segmentEvent'
import { Text } from './common'
import { FIELDS, hasName, hasValue, operatorsOf, problemOf, rowsOf, textOf } from './conditions'
import type { Field, Row, Rows } from './conditions'
import { Conditions } from './live'
import { preview } from './state'

const NEW_ROW: Row = { field: 'event', name: '', operator: '=', value: '' }

/** Which events a mapping takes: as a list of conditions where it is one, and as text always. */
export function Trigger({ text, onChange }: { text: string; onChange: (text: string) => void }): JSX.Element {
  const [isText, setText] = useState(rowsOf(text) === undefined)
  // While they are incomplete, conditions are no trigger yet.
  const [draft, setDraft] = useState<{ rows: Rows; of: string } | undefined>(undefined)
  const rows = draft && draft.of === text ? draft.rows : rowsOf(text)
  const reading = readFql(text)
  const problem = rows && problemOf(rows)
  const edit = (changed: Rows) => {
    const sound = problemOf(changed) === undefined
    const next = sound ? textOf(changed) : text
    setDraft({ rows: changed, of: next })
    if (sound && next !== text) onChange(next)
  }
  return (
    <fieldset>
      <legend>Trigger: which events it takes</legend>
      <div class="bar" role="group" aria-label="How to write the trigger">
        <button type="button" aria-pressed={!isText} disabled={!rows} onClick={() => setText(false)}>
          Conditions
        </button>
        <button type="button" aria-pressed={isText || !rows} onClick={() => setText(true)}>
          Text
        </button>
        {!rows && <span>Conditions show one list of them; this trigger is more, so it is text.</span>}
      </div>
      {rows && !isText ? (
        <ConditionRows rows={rows} onChange={edit} />
      ) : (
        <label>
          Trigger as text
          <textarea
            class="code"
            rows={2}
            spellcheck={false}
            value={text}
            onInput={(event) => onChange(event.currentTarget.value)}
          />
        </label>
      )}
      {problem !== undefined && !isText && <p class="warning">{problem}</p>}
      <p>
        {reading.readAs === undefined ? (
          <strong class="warning">Segment reads nothing in this. </strong>
        ) : (
          <>
            Segment reads this as{' '}
            <code>
              <Text>{reading.readAs}</Text>
            </code>
          </>
        )}
      </p>
      {reading.problem !== undefined && (
        <p class="warning" role="alert">
          <Text>{reading.problem}</Text>
        </p>
      )}
      {reading.notes.map((note) => (
        <p key={note}>
          <Text>{note}</Text>
        </p>
      ))}
      {preview.value && (
        <div role="status">
          <strong>{preview.value.trigger.isTaken ? '✔ It takes the event.' : '– It does not take the event.'}</strong>
          {!preview.value.trigger.isTaken && <Conditions trigger={preview.value.trigger} />}
        </div>
      )}
    </fieldset>
  )
}

function ConditionRows({
  rows: { joined, rows },
  onChange
}: {
  rows: Rows
  onChange: (rows: Rows) => void
}): JSX.Element {
  const set = (index: number, part: Partial<Row>) =>
    onChange({ joined, rows: rows.map((row, at) => (at === index ? fitting({ ...row, ...part }) : row)) })
  return (
    <>
      <label>
        An event is taken if{' '}
        <select
          value={joined}
          onChange={(event) => onChange({ joined: event.currentTarget.value === 'or' ? 'or' : 'and', rows })}
        >
          <option value="and">all of these hold</option>
          <option value="or">any of these holds</option>
        </select>
      </label>
      <ul class="plain rows">
        {rows.map((row, index) => (
          <li key={index}>
            <RowFields row={row} number={index + 1} onChange={(part) => set(index, part)} />
            <button
              type="button"
              aria-label={`Remove condition ${index + 1}`}
              onClick={() => onChange({ joined, rows: rows.filter((_row, at) => at !== index) })}
            >
              Remove
            </button>
          </li>
        ))}
      </ul>
      <button type="button" onClick={() => onChange({ joined, rows: [...rows, NEW_ROW] })}>
        Add a condition
      </button>
    </>
  )
}

/** A row whose comparison its field knows. */
function fitting(row: Row): Row {
  const operator = row.operator in operatorsOf(row.field) ? row.operator : '='
  const value = row.field === 'event-type' && !CALLS.includes(row.value) ? 'track' : row.value
  return { ...row, operator, value, name: hasName(row.field) ? row.name : '' }
}

function RowFields(props: { row: Row; number: number; onChange: (part: Partial<Row>) => void }): JSX.Element {
  const { row, number, onChange } = props
  const { field, name, operator, value } = row
  return (
    <>
      <select
        aria-label={`Condition ${number}: what of the event`}
        value={field}
        onChange={(event) => onChange({ field: event.currentTarget.value as Field })}
      >
        {Object.entries(FIELDS).map(([key, label]) => (
          <option key={key} value={key}>
            {label}
          </option>
        ))}
      </select>
      {hasName(field) && (
        <input
          type="text"
          aria-label={`Condition ${number}: its place`}
          placeholder="plan"
          spellcheck={false}
          value={name}
          onInput={(event) => onChange({ name: event.currentTarget.value })}
        />
      )}
      <select
        aria-label={`Condition ${number}: how it is compared`}
        value={operator}
        onChange={(event) => onChange({ operator: event.currentTarget.value as Operator })}
      >
        {Object.entries(operatorsOf(field)).map(([key, label]) => (
          <option key={key} value={key}>
            {label}
          </option>
        ))}
      </select>
      {hasValue(operator) && field === 'event-type' && (
        <select
          aria-label={`Condition ${number}: the value`}
          value={value}
          onChange={(event) => onChange({ value: event.currentTarget.value })}
        >
          {CALLS.map((call) => (
            <option key={call}>{call}</option>
          ))}
        </select>
      )}
      {hasValue(operator) && field !== 'event-type' && (
        <input
          type="text"
          aria-label={`Condition ${number}: the value`}
          spellcheck={false}
          value={value}
          onInput={(event) => onChange({ value: event.currentTarget.value })}
        />
      )}
    </>
  )
}
