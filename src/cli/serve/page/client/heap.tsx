import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { JSX } from 'preact'
import type { HeapView } from '../protocol'
import { ask, latest, messageOf } from './api'
import { counted, Dialog } from './common'
import { Held } from './held'
import { events, notice, page } from './state'

const search = signal('')
const held = signal<HeapView | undefined>(undefined)
const isAsking = signal(false)

const look = latest(
  (words: string, cancel) => ask<HeapView>('GET', `/page/heap?search=${encodeURIComponent(words)}`, undefined, cancel),
  (reply) => (held.value = reply),
  (error) => (notice.value = error.message)
)

/** Many events may come at once. */
const PAUSE_MS = 150

async function empty(): Promise<void> {
  isAsking.value = false
  try {
    await ask('POST', '/page/heap/empty', {})
    notice.value = 'Heap is empty.'
    look(search.value)
  } catch (error) {
    notice.value = messageOf(error)
  }
}

/** What the emulator holds. */
export function Heap(): JSX.Element {
  const newest = events.value[events.value.length - 1]?.id
  useEffect(() => {
    const pause = setTimeout(() => look(search.value), PAUSE_MS)
    return () => clearTimeout(pause)
  }, [search.value, newest])
  if (page.value?.isLive) return <p>Heap is the real one here; look there for what it holds.</p>
  if (!held.value) return <p>One moment…</p>
  const { counts, found } = held.value
  return (
    <>
      <div class="bar">
        <h2>What Heap holds</h2>
        <label>
          Search{' '}
          <input
            type="search"
            value={search.value}
            onInput={(event) => (search.value = event.currentTarget.value)}
            placeholder="person, event or property"
          />
        </label>
        <button type="button" onClick={() => (isAsking.value = true)}>
          Empty it
        </button>
      </div>
      <p role="status">
        {counted(counts.users, 'user')}, {counted(counts.events, 'event')}, {counted(counts.accounts, 'account')}.{' '}
        {counts.eventsWithoutUser > 0 &&
          `${counted(counts.eventsWithoutUser, 'event')} ${counts.eventsWithoutUser === 1 ? 'has' : 'have'} no user yet.`}
      </p>
      <Held held={found} onUser={(identity) => (search.value = identity)} />
      {isAsking.value && (
        <Dialog title="Empty Heap?" onClose={() => (isAsking.value = false)}>
          <p>The stand-in for Heap on this machine forgets all users, events and accounts. The list of events stays.</p>
          <form method="dialog" class="bar">
            <button type="button" class="main" onClick={() => void empty()}>
              Empty it
            </button>
            <button>Keep</button>
          </form>
        </Dialog>
      )}
    </>
  )
}
