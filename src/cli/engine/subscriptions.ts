import { readFileSync } from 'node:fs'
import type { JSONObject } from '@segment/actions-core'
import validateMapping from '@segment/actions-core/mapping-kit/validate'
import { parseFql } from '@segment/destination-subscriptions'
import type { Condition } from '@segment/destination-subscriptions'
import { UsageError } from '../usageError'
import type { Definition } from './definition'
import { messagesOf } from './errors'
import { isObject } from './json'
import { CALLS } from './segmentEvent'

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
 * Reads the `subscriptions` of an Actions destination from a JSON file: the list, or an object that has it.
 *
 * @returns those that are enabled
 * @throws {UsageError} if the file cannot be read or a subscription cannot work; it says which and why
 */
export function readSubscriptions(file: string, definition: Definition): Subscription[] {
  const read = parse(file)
  const list: unknown = isObject(read) && 'subscriptions' in read ? read.subscriptions : read
  if (!Array.isArray(list) || list.length === 0) {
    throw new UsageError(
      `${file} must hold a list of subscriptions, each with "partnerAction", "subscribe" and "mapping".`
    )
  }
  const problems = list.flatMap((entry: unknown, index) => {
    return isOff(entry) ? [] : problemsOf(entry, `Subscription ${index + 1}`, definition)
  })
  if (problems.length > 0) throw new UsageError(`${file}: ${problems.join(' ')}`)
  return (list as Subscription[]).filter((entry) => !isOff(entry))
}

function isOff(entry: unknown): boolean {
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

/** Why a text is not FQL that takes events; empty if it is. */
export function fqlProblems(fql: string, title: string): string[] {
  const condition = parseFql(fql)
  if ('error' in condition) return [`${title} subscribes with ${JSON.stringify(fql)}, which is not FQL.`]
  // What the parser makes of a slip such as type == "track" is a condition that no event meets.
  return unknownTypes(condition).map((type) => {
    return `${title} subscribes with ${JSON.stringify(fql)}, but no event has the type ${JSON.stringify(type)}; the types are ${CALLS.join(', ')}.`
  })
}

function unknownTypes(condition: Condition): unknown[] {
  if (condition.type === 'group') return condition.children.flatMap(unknownTypes)
  const { type, operator, value } = condition
  return type === 'event-type' && operator === '=' && !CALLS.includes(String(value)) ? [value] : []
}

/** Segment's own keys in a mapping are not fields. */
const SEGMENT_INTERNAL = /^__segment_internal_/

function mappingProblems(partnerAction: unknown, mapping: unknown, title: string, { actions }: Definition): string[] {
  if (typeof partnerAction !== 'string' || !Object.hasOwn(actions, partnerAction)) {
    const known = Object.keys(actions).join(', ')
    return [
      `${title} names the action ${JSON.stringify(partnerAction)}, which does not exist; the actions are ${known}.`
    ]
  }
  if (!isObject(mapping)) return [`${title} has a "mapping" that is not an object.`]
  const { fields } = actions[partnerAction]
  const unknown = Object.keys(mapping).filter((key) => !Object.hasOwn(fields, key) && !SEGMENT_INTERNAL.test(key))
  return [
    ...unknown.map((key) => `${title} maps the field "${key}", which ${partnerAction} does not have.`),
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

function parse(file: string): unknown {
  let text
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    throw new UsageError(`${file} cannot be read.`)
  }
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch {
    throw new UsageError(`${file} is not JSON.`)
  }
}
