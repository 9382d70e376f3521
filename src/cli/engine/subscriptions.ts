import { isUtf8 } from 'node:buffer'
import { readFileSync } from 'node:fs'
import type { JSONObject } from '@segment/actions-core'
import validateMapping from '@segment/actions-core/mapping-kit/validate'
import { UsageError } from '../usageError'
import type { Definition } from './definition'
import { messagesOf, systemWords } from './errors'
import { readFql } from './fql'
import { isObject, jsonProblem, quoted } from './json'
import { importMappings } from './mappingFormats'

/** A mapping as Segment stores it: which events it takes, its action, and what fills each field. */
export interface Subscription {
  name?: string
  enabled?: boolean
  partnerAction: string
  /** FQL, such as `type = "track"`. */
  subscribe: string
  mapping?: JSONObject
}

/** The mappings that a new installation of the destination has. */
export function presetSubscriptions(definition: Definition): Subscription[] {
  return (definition.presets ?? []).flatMap((preset) => (preset.type === 'automatic' ? [preset] : []))
}

/**
 * Reads mappings from a JSON file, in any form that {@link importMappings} knows.
 *
 * @param say is told what a person should know of how they were read, a sentence each
 * @returns all of them, those that are off included
 * @throws {UsageError} if the file cannot be read or a subscription that is on cannot work; it says which and why
 */
export function readSubscriptions(
  file: string,
  definition: Definition,
  say: (note: string) => void = () => undefined
): Subscription[] {
  const { subscriptions: found = [], notes = [] } = importMappings(readJson(file)) ?? {}
  const list = found.map((entry, index) => withNestedMode(entry, `Subscription ${index + 1}`, definition, notes))
  if (list.length === 0) {
    throw new UsageError(
      `${file} must hold a list of subscriptions, each with "partnerAction", "subscribe" and "mapping".`
    )
  }
  const problems = list.flatMap((entry, index) => {
    return isOff(entry) ? [] : problemsOf(entry, `Subscription ${index + 1}`, definition)
  })
  if (problems.length > 0) throw new UsageError(`${file}: ${[...problems, ...notes].join(' ')}`)
  for (const note of notes) say(`${file}: ${note}`)
  return list as Subscription[]
}

/**
 * The subscriptions of a file that are switched on, or the presets where no file is named.
 *
 * @throws {UsageError} as {@link readSubscriptions}, and if all of the file are switched off
 */
export function activeSubscriptions(
  file: string | undefined,
  definition: Definition,
  say: (note: string) => void
): Subscription[] {
  if (file === undefined) return presetSubscriptions(definition)
  const active = readSubscriptions(file, definition, say).filter((subscription) => !isOff(subscription))
  if (active.length === 0) throw new UsageError(`${file}: every subscription is switched off.`)
  return active
}

/** What `array_handling` said of lists, in the words of the field that took its place. */
const NESTED_MODES: Record<string, string> = { flatten_by_index: 'flatten', stringify: 'flatten_objects' }

/** A mapping that still holds `array_handling`, the field that `nested_properties_mode` took the place of. */
function withNestedMode(entry: unknown, title: string, { actions }: Definition, notes: string[]): unknown {
  if (!isObject(entry) || !isObject(entry.mapping) || !('array_handling' in entry.mapping)) return entry
  const { fields = {} } = Object.entries(actions).find(([slug]) => slug === entry.partnerAction)?.[1] ?? {}
  if (!('nested_properties_mode' in fields)) return entry
  const { array_handling, ...mapping } = entry.mapping
  const mode = NESTED_MODES[String(array_handling)]
  if (mode === undefined) return entry
  notes.push(
    `${title}: array_handling is now nested_properties_mode, and ${quoted(array_handling)} is ${quoted(mode)}.`
  )
  return { ...entry, mapping: { nested_properties_mode: mode, ...mapping } }
}

/** Whether a mapping is switched off. */
export function isOff(entry: unknown): boolean {
  return isObject(entry) && entry.enabled === false
}

/** Why a subscription cannot work, in sentences that begin with `title`; empty if it works. */
export function problemsOf(entry: unknown, title: string, definition: Definition): string[] {
  if (!isObject(entry)) return [`${title} is not an object.`]
  const { partnerAction, subscribe, mapping = {} } = entry
  return [
    ...(typeof subscribe === 'string' ? fqlProblems(subscribe, title) : [`${title} has no "subscribe".`]),
    ...mappingProblems(partnerAction, mapping, title, definition)
  ]
}

/** Why a trigger should not be used; empty if Segment does what it says. */
export function fqlProblems(fql: string, title: string): string[] {
  const { readAs, problem } = readFql(fql)
  if (problem === undefined) return []
  return [`${title} subscribes with ${quoted(fql)}${readAs === undefined ? ', which is not FQL' : ''}. ${problem}`]
}

/** Segment's own keys in a mapping are not fields. */
const SEGMENT_INTERNAL = /^__segment_internal_/

function mappingProblems(partnerAction: unknown, mapping: unknown, title: string, { actions }: Definition): string[] {
  if (typeof partnerAction !== 'string' || !Object.hasOwn(actions, partnerAction)) {
    const known = Object.keys(actions).join(', ')
    return [`${title} names the action ${quoted(partnerAction)}, which does not exist; the actions are ${known}.`]
  }
  if (!isObject(mapping)) return [`${title} has a "mapping" that is not an object.`]
  const { fields } = actions[partnerAction]
  const unknown = Object.keys(mapping).filter((key) => !Object.hasOwn(fields, key) && !SEGMENT_INTERNAL.test(key))
  return [
    ...unknown.map((key) => `${title} maps the field ${quoted(key)}, which ${partnerAction} does not have.`),
    ...directiveProblems(mapping).map((problem) => `${title} has a mapping in which ${problem}`)
  ]
}

/** What the framework finds wrong with the `@path` and the like in a mapping, such as `/event/@path should be a string…`. */
function directiveProblems(mapping: object): string[] {
  try {
    validateMapping(mapping)
    return []
  } catch (error) {
    return messagesOf(error)
  }
}

/**
 * The JSON that a file of mappings holds.
 *
 * @throws {UsageError} if the file cannot be read, or is not UTF-8 or not JSON; it says where
 */
export function readJson(file: string): unknown {
  const bytes = readBytes(file)
  // What it writes into properties would lose its letters.
  if (!isUtf8(bytes)) throw new UsageError(`${file} is not UTF-8. Save it as UTF-8.`)
  const text = bytes.toString('utf8').replace(/^\uFEFF/, '')
  try {
    return JSON.parse(text)
  } catch {
    const { line, reason } = jsonProblem(text) ?? { line: 1, reason: 'is not JSON' }
    throw new UsageError(`${file}:${line} ${reason}.`)
  }
}

/** @throws {UsageError} if the file cannot be read */
export function readBytes(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${systemWords(error)}.`)
  }
}
