import type { JSONValue } from '@segment/actions-core'
import { isObject } from './json'
import type { Subscription } from './subscriptions'

/** Mappings as they were found, and what a person should know of how they were read. */
export interface ImportedMappings {
  /** In our own form where they could be brought to it; what a mapping holds is not checked. */
  subscriptions: unknown[]
  /** A sentence each: what has no equal here, or was guessed. */
  notes: string[]
}

/** The action of Segment's other Heap destination (slug `actions-heap-cloud-server`), which takes every kind of call. */
export const SEND_EVENT = 'sendEvent'

/**
 * Reads mappings in any of the forms that they travel in: our own list or `{ subscriptions }`, what the Public API answers, and
 * `terraform show -json`. Mappings of Segment's other Heap destination become those of this one.
 *
 * @returns undefined for JSON that is none of them
 */
export function importMappings(value: unknown): ImportedMappings | undefined {
  const entries = entriesOf(value)
  if (entries === undefined) return undefined
  const notes: string[] = []
  const subscriptions = entries.map((entry, index) => {
    const title = `Subscription ${index + 1}`
    return isObject(entry) ? imported(entry, title, notes) : entry
  })
  return { subscriptions, notes }
}

function entriesOf(value: unknown): unknown[] | undefined {
  if (isList(value)) return value
  if (!isObject(value)) return undefined
  if (isList(value.subscriptions)) return value.subscriptions
  if (isObject(value.subscription)) return [value.subscription]
  if (isObject(value.data)) return entriesOf(value.data)
  return terraformEntries(value)
}

function isList(value: unknown): value is unknown[] {
  return Array.isArray(value)
}

function imported(entry: Record<string, unknown>, title: string, notes: string[]): object {
  const own = 'partnerAction' in entry || 'subscribe' in entry ? entry : fromSegment(entry, title, notes)
  return own.partnerAction === SEND_EVENT ? fromSendEvent(own, title, notes) : own
}

/** Which action a mapping is of, by a field that no other action has, where nothing else says so. */
const TELLING_FIELDS = { message_id: 'trackEvent', account_id: 'updateAccount', user_id: 'identifyUser' }

/** From the words of the Public API and of Terraform. Source: Segment, Public API: Destinations; terraform-provider-segment. */
function fromSegment(entry: Record<string, unknown>, title: string, notes: string[]): Record<string, unknown> {
  const { name, enabled, actionSlug, trigger, settings } = entry
  const mapping = typeof settings === 'string' ? jsonOf(settings) : settings
  const known = typeof actionSlug === 'string' ? actionSlug : guessed(mapping)
  if (typeof actionSlug !== 'string' && known !== undefined) {
    notes.push(`${title} names its action by an ID alone; going by its fields it is ${known}.`)
  }
  return {
    ...(name !== undefined && { name }),
    ...(enabled !== undefined && { enabled }),
    partnerAction: known ?? entry.actionId ?? entry.action_id,
    subscribe: trigger,
    mapping
  }
}

function guessed(mapping: unknown): string | undefined {
  if (!isObject(mapping)) return undefined
  if ('type' in mapping && 'nested_properties_mode' in mapping && 'user_id' in mapping && 'message_id' in mapping) {
    return undefined
  }
  return Object.entries(TELLING_FIELDS).find(([field]) => field in mapping)?.[1]
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

/** What `terraform show -json` says of a state or a plan; modules stand within modules. */
function terraformEntries(shown: Record<string, unknown>): object[] | undefined {
  const prior = isObject(shown.prior_state) ? shown.prior_state.values : undefined
  const resources = [shown.planned_values, shown.values, prior].flatMap((state) =>
    isObject(state) ? resourcesOf(state.root_module) : []
  )
  const found = resources.filter(({ type }) => type === 'segment_destination_subscription')
  if (found.length === 0) return undefined
  const slugs = new Map(resources.flatMap(actionsOf))
  const seen = new Set<unknown>()
  return found.flatMap(({ address, values }) => {
    // A plan shows a resource in its prior state too.
    if (!isObject(values) || (address !== undefined && seen.has(address))) return []
    seen.add(address)
    const actionSlug = slugs.get(String(values.action_id))
    return [{ ...values, ...(actionSlug !== undefined && { actionSlug }) }]
  })
}

function resourcesOf(module: unknown): Record<string, unknown>[] {
  if (!isObject(module)) return []
  const own = Array.isArray(module.resources) ? module.resources.filter(isObject) : []
  const children = Array.isArray(module.child_modules) ? module.child_modules.flatMap(resourcesOf) : []
  return [...own, ...children]
}

function actionsOf({ type, values }: Record<string, unknown>): [string, string][] {
  if (type !== 'segment_destination_metadata' || !isObject(values) || !Array.isArray(values.actions)) return []
  return values.actions.filter(isObject).map(({ id, slug }) => [String(id), String(slug)])
}

/**
 * From the one action of Segment's other Heap destination. Its `user_id` is Heap's own ID, and it flattens lists where nothing
 * else is chosen. Source: action-destinations, heap-cloud.
 */
function fromSendEvent(entry: Record<string, unknown>, title: string, notes: string[]): object {
  const mapping = isObject(entry.mapping) ? entry.mapping : {}
  const action = actionOfType(mapping.type)
  if (action === undefined) {
    notes.push(
      `${title} is of ${SEND_EVENT}, and its field "type" is mapped to something that may differ from event to event. Say whether it is for identify calls (identifyUser) or for all others (trackEvent).`
    )
    return entry
  }
  return sendEventAs(action, entry, title, notes)
}

function actionOfType(type: unknown): 'trackEvent' | 'identifyUser' | undefined {
  if (type === 'identify') return 'identifyUser'
  return typeof type === 'string' && /^(track|page|screen)$/.test(type) ? 'trackEvent' : undefined
}

/**
 * A mapping of `sendEvent` as one of this destination's actions.
 *
 * @param notes what has no equal here is added to it
 */
export function sendEventAs(
  action: 'trackEvent' | 'identifyUser',
  entry: Record<string, unknown>,
  title: string,
  notes: string[]
): object {
  const { user_id: heapUserId, identity, ...rest } = isObject(entry.mapping) ? entry.mapping : {}
  const nested_properties_mode = rest.nested_properties_mode ?? 'flatten'
  if (action === 'trackEvent') {
    const mapping = {
      ...rest,
      ...(identity !== undefined && { identity }),
      ...(heapUserId !== undefined && { heap_user_id: heapUserId }),
      nested_properties_mode
    }
    return { ...entry, partnerAction: action, mapping }
  }
  const kept = ['anonymous_id', 'traits', 'enable_batching', 'batch_size']
  const dropped = [...Object.keys(rest), ...(heapUserId === undefined ? [] : ['user_id'])].filter((key) => {
    return (
      !kept.includes(key) &&
      key !== 'nested_properties_mode' &&
      key !== 'type' &&
      !key.startsWith('__segment_internal_')
    )
  })
  // Those that the other destination itself does not use for identify calls need no word.
  const missed = dropped.filter((key) => !SHOWN_FOR_EVENTS.includes(key))
  if (missed.length > 0) notes.push(`${title}: identifyUser has no ${missed.join(', ')}; left out.`)
  const mapping = {
    ...(identity !== undefined && { user_id: identity }),
    ...Object.fromEntries(kept.flatMap((key) => (key in rest ? [[key, rest[key]]] : []))),
    nested_properties_mode
  }
  return { ...entry, partnerAction: action, mapping }
}

/** Fields of `sendEvent` that are not used for identify calls. */
const SHOWN_FOR_EVENTS = ['event', 'name', 'user_id', 'email', 'properties', 'timestamp', 'message_id']

/** Mappings as `send --mappings` reads them. */
export function toJson(subscriptions: Subscription[]): string {
  return `${JSON.stringify(subscriptions, null, 2)}\n`
}

/** Segment's catalog: the ID of the cloud destination, under which the IDs of its actions are found. */
export const METADATA_ID = '62e184d538b54413fe754512'

/**
 * The bodies for `POST /destinations/{id}/subscriptions` of Segment's Public API, one a mapping. The API wants an action's ID:
 * look it up by `actionSlug` in `GET /catalog/destinations/{METADATA_ID}`, and send it as `actionId`.
 */
export function toPublicApi(subscriptions: Subscription[]): object[] {
  return subscriptions.map((subscription) => ({
    name: nameOf(subscription),
    actionSlug: subscription.partnerAction,
    trigger: subscription.subscribe,
    enabled: subscription.enabled !== false,
    settings: subscription.mapping ?? {}
  }))
}

function nameOf({ name, partnerAction }: Subscription): string {
  return name ?? partnerAction
}

/** The mappings as resources of Segment's Terraform provider, in HCL; the destination's ID is a variable. */
export function toTerraform(subscriptions: Subscription[]): string {
  const used = new Set<string>()
  const resources = subscriptions.map((subscription) => {
    const { partnerAction, subscribe, enabled, mapping = {} } = subscription
    return `resource "segment_destination_subscription" ${hclString(labelFor(nameOf(subscription), used))} {
  destination_id = var.heap_destination_id
  action_id      = local.heap_actions[${hclString(partnerAction)}]
  name           = ${hclString(nameOf(subscription))}
  enabled        = ${String(enabled !== false)}
  trigger        = ${hclString(subscribe)}
  settings       = jsonencode(${hclValue(mapping, '  ')})
}
`
  })
  return [TERRAFORM_HEAD, ...resources].join('\n')
}

const TERRAFORM_HEAD = `variable "heap_destination_id" {
  type        = string
  description = "The ID of the Heap destination in your workspace."
}

data "segment_destination_metadata" "heap" {
  id = "${METADATA_ID}"
}

locals {
  heap_actions = { for action in data.segment_destination_metadata.heap.actions : action.slug => action.id }
}
`

/** A label of HCL: letters, digits and underscores, each once. */
function labelFor(name: string, used: Set<string>): string {
  const base = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
  const label = /^[a-z]/.test(base) ? base : `mapping_${base}`.replace(/_$/, '')
  let unique = label
  for (let number = 2; used.has(unique); number++) unique = `${label}_${number}`
  used.add(unique)
  return unique
}

function hclValue(value: JSONValue | undefined, indent: string): string {
  const inner = `${indent}  `
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]'
    return `[\n${value.map((entry) => `${inner}${hclValue(entry, inner)}`).join(',\n')}\n${indent}]`
  }
  if (isObject(value)) {
    const entries = Object.entries(value).filter(([, entry]) => entry !== undefined)
    if (entries.length === 0) return '{}'
    return `{\n${entries.map(([key, entry]) => `${inner}${hclString(key)} = ${hclValue(entry, inner)}`).join('\n')}\n${indent}}`
  }
  return typeof value === 'string' ? hclString(value) : JSON.stringify(value ?? null)
}

/** HCL would fill in `${…}` and `%{…}`, and knows other escapes than JSON. Source: HCL, Native Syntax: Quoted Templates. */
function hclString(text: string): string {
  const escaped = Array.from(text.replace(/\p{Surrogate}/gu, '\u{fffd}'), (character) => {
    if (character === '"' || character === '\\') return `\\${character}`
    if (character === '\n') return '\\n'
    if (character === '\r') return '\\r'
    if (character === '\t') return '\\t'
    const code = character.codePointAt(0) ?? 0
    return code < 0x20 || code === 0x7f ? `\\u${code.toString(16).padStart(4, '0')}` : character
  }).join('')
  return `"${escaped.replace(/[$%]\{/g, (start) => `${start[0]}${start}`)}"`
}
