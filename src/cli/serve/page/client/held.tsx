import type { ComponentChildren, JSX } from 'preact'
import type { HeldParts } from '../protocol'
import { Text } from './common'

/**
 * Users, events and accounts of Heap, each with its properties.
 *
 * @param onUser looks for all that has a user's identity; without it, nobody can ask for that
 */
export function Held(props: { held: HeldParts; onUser?: (identity: string) => void }): JSX.Element {
  const {
    held: { users, events, accounts },
    onUser
  } = props
  if (users.length + events.length + accounts.length === 0) return <p>Nothing.</p>
  return (
    <>
      {users.length > 0 && <h4>Users</h4>}
      {users.map(({ identity, properties }) => (
        <Entry key={identity} title={identity} properties={properties}>
          {onUser && (
            <button type="button" onClick={() => onUser(identity)}>
              Their events
            </button>
          )}
        </Entry>
      ))}
      {events.length > 0 && <h4>Events</h4>}
      {events.map(({ event, who, isAnonymous, timestamp, properties }, index) => (
        <Entry
          key={index}
          title={event}
          note={`${isAnonymous ? 'anonymous visitor ' : ''}${who}${timestamp === undefined ? '' : `, ${timestamp}`}`}
          properties={properties}
        />
      ))}
      {accounts.length > 0 && <h4>Accounts</h4>}
      {accounts.map(({ account_id, properties }) => (
        <Entry key={account_id} title={account_id} properties={properties} />
      ))}
    </>
  )
}

interface EntryProps {
  title: string
  note?: string
  properties: Record<string, unknown>
  children?: ComponentChildren
}

function Entry({ title, note, properties, children }: EntryProps): JSX.Element {
  const entries = Object.entries(properties)
  return (
    <details class="held" open={entries.length <= 12}>
      <summary>
        <strong>
          <Text>{title}</Text>
        </strong>{' '}
        {note !== undefined && <Text>{note}</Text>}
      </summary>
      <dl class="properties">
        {entries.map(([key, value]) => (
          <div key={key}>
            <dt>
              <Text>{key}</Text>
            </dt>
            <dd>
              <Text>{String(value)}</Text>
            </dd>
          </div>
        ))}
      </dl>
      {entries.length === 0 && <p>No properties.</p>}
      {children}
    </details>
  )
}
