import { countKey, OMITTED, setProperty } from '../rules/flatten'
import type { FlatProperties } from '../rules/flatten'
import { ANONYMOUS_ID_PROPERTY } from '../rules/profile'
import type { HeapAccount, HeapMerge, HeapUser } from './wireTypes'

/** What is posted for the payloads of a batch. */
export interface Entries<Entry> {
  all: Entry[]
  /** For each that was asked for, by its index, the indices of the entries that do it. */
  indices: number[][]
}

/**
 * The entries for the users of a batch: one a person, in which the later property wins, and before it one for each other
 * anonymous ID of that person, as an entry joins one visitor. They are in the order in which each was last seen, so that
 * the profile ends as if all had been sent one by one.
 */
export function entriesOfUsers(users: HeapUser[]): Entries<HeapUser> {
  const entries = emptyEntries(users)
  for (const group of groupsOf(users, ({ identity }) => identity)) {
    const person = merged(group, users)
    const visitors = new Map<string, number>()
    for (const anonymousId of otherAnonymousIds(group, users)) {
      visitors.set(anonymousId, entries.all.length)
      entries.all.push({ identity: person.identity, properties: { [ANONYMOUS_ID_PROPERTY]: anonymousId } })
    }
    const alone = [entries.all.length]
    entries.all.push(person)
    for (const index of group) {
      const visitor = visitors.get(users[index].properties[ANONYMOUS_ID_PROPERTY])
      entries.indices[index] = visitor === undefined ? alone : [visitor, ...alone]
    }
  }
  return entries
}

/** The entries for the accounts of a batch: one each, in which the later property wins. */
export function entriesOfAccounts(accounts: HeapAccount[]): Entries<HeapAccount> {
  const entries = emptyEntries(accounts)
  for (const group of groupsOf(accounts, ({ account_id }) => account_id)) {
    const alone = [entries.all.length]
    entries.all.push(merged(group, accounts))
    for (const index of group) entries.indices[index] = alone
  }
  return entries
}

/** The entries for the merges of a batch: each visitor is merged into a person once. */
export function entriesOfMerges(merges: HeapMerge[]): Entries<HeapMerge> {
  const entries = emptyEntries(merges)
  for (const group of groupsOf(merges, ({ user_id, identity }) => `${user_id} ${identity}`)) {
    const alone = [entries.all.length]
    entries.all.push(merges[group[0]])
    for (const index of group) entries.indices[index] = alone
  }
  return entries
}

function emptyEntries<Entry>(asked: Entry[]): Entries<Entry> {
  return { all: [], indices: asked.map(() => []) }
}

/** The indices of the items that have the same key. */
function groupsOf<Item>(items: Item[], keyOf: (item: Item) => string): Iterable<number[]> {
  const groups = new Map<string, number[]>()
  for (const [index, item] of items.entries()) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group) group.push(index)
    else groups.set(key, [index])
  }
  return groups.values()
}

/** All anonymous IDs of a person but the last, which the person's own entry has. */
function otherAnonymousIds(group: number[], users: HeapUser[]): Set<string> {
  const seen = new Set<string>()
  let last = ''
  for (const index of group) {
    const anonymousId: string | undefined = users[index].properties[ANONYMOUS_ID_PROPERTY]
    if (anonymousId === undefined) continue
    seen.delete(anonymousId)
    seen.add(anonymousId)
    last = anonymousId
  }
  seen.delete(last)
  return seen
}

/** One entry with the properties of all of a group, the later winning. A list that was too long goes with its count. */
function merged<Entry extends { properties: FlatProperties }>(group: number[], entries: Entry[]): Entry {
  const [first, ...later] = group
  if (later.length === 0) return entries[first]
  const properties = { ...entries[first].properties }
  let hasOmissions = Object.keys(properties).some((key) => key.endsWith(OMITTED))
  for (const index of later) {
    const keys = Object.keys(entries[index].properties)
    if (hasOmissions) {
      for (const key of keys) {
        const count = countKey(properties, key)
        if (count !== undefined) delete properties[count]
      }
    }
    for (const key of keys) {
      hasOmissions ||= key.endsWith(OMITTED)
      setProperty(properties, key, entries[index].properties[key])
    }
  }
  return { ...entries[first], properties }
}
