import { get } from '@segment/actions-core'
import { isInexact, isObject } from './rules/fields'

/** What the framework gives `perform` and `performBatch`, of which it declares the first two. */
export interface Input<Settings, Payload> {
  settings: Settings
  payload: Payload
  /** The event, or all events of the batch: also those whose payloads the framework refused. */
  rawData?: unknown
  rawMapping?: unknown
}

/** A value of the event that a field is mapped to, or one of those of which a condition or a template makes its text. */
interface Source {
  field: string
  path: string | string[]
  isWhole: boolean
}

/**
 * The payloads with what their events hold where the framework made a text of it that says less: of a number that JavaScript
 * cannot hold to the last digit, and of a list of one. Then whoever reads the field can refuse it.
 *
 * Sees a list in fields that are mapped to a value of the event as it is, and a number also where a mapping chooses it by a
 * condition or puts it into a template.
 */
export function uncoerced<Payload extends object>(
  payloads: Payload[],
  { rawData, rawMapping }: Pick<Input<unknown, unknown>, 'rawData' | 'rawMapping'>
): Payload[] {
  const events: unknown[] = Array.isArray(rawData) ? rawData : [rawData]
  const sources = sourcesIn(rawMapping)
  const isSuspicious = events.some((event) => sources.some((source) => saysMore(valueAt(event, source), source)))
  if (!isSuspicious) return payloads
  const owners = aligned(
    payloads,
    events,
    sources.filter(({ isWhole }) => isWhole)
  )
  return payloads.map((payload, index) => {
    const found = sources.flatMap((source): [string, unknown][] => {
      const text = fieldOf(payload, source.field)
      const value = valueAt(owners[index], source)
      if (typeof text !== 'string' || !saysMore(value, source)) return []
      return source.isWhole || text.includes(String(value)) ? [[source.field, value]] : []
    })
    return { ...payload, ...Object.fromEntries(found) }
  })
}

function sourcesIn(mapping: unknown): Source[] {
  if (!isObject(mapping)) return []
  return Object.entries(mapping).flatMap(([field, value]) => {
    const whole = fieldOf(value, '@path')
    return pathsIn(value).map((path) => ({ field, path: parsed(path.replace('$.', '')), isWhole: path === whole }))
  })
}

/** The paths of the event's values in the directives of a mapping. */
function pathsIn(value: unknown): string[] {
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([key, inner]) => {
    if (typeof inner !== 'string') return pathsIn(inner)
    if (key === '@path') return [inner]
    return key === '@template' ? Array.from(inner.matchAll(/\{\{\{?([^{}|]+)/g), ([, path]) => path.trim()) : []
  })
}

/** What is asked for of every event is split once; of quotes and brackets the framework makes what it makes of them. */
function parsed(path: string): string | string[] {
  return /^[\w$.-]+$/.test(path) ? path.split('.') : path
}

function saysMore(value: unknown, { isWhole }: Source): boolean {
  return isInexact(value) || (isWhole && Array.isArray(value))
}

/** The event of each payload: the framework leaves payloads out of a batch and keeps their order. */
function aligned(payloads: object[], events: unknown[], sources: Source[]): unknown[] {
  if (payloads.length === events.length) return events
  let next = 0
  return payloads.map((payload) => {
    while (next < events.length && !mayBecome(events[next], payload, sources)) next++
    return events[next++]
  })
}

/** Whether every text of the payload is what the framework makes of the event's value. */
function mayBecome(event: unknown, payload: object, sources: Source[]): boolean {
  return sources.every((source) => {
    const text = fieldOf(payload, source.field)
    return typeof text !== 'string' || text === String(valueAt(event, source))
  })
}

function valueAt(event: unknown, { path }: Source): unknown {
  return path.length === 1 ? fieldOf(event, path[0]) : get(event, path)
}

function fieldOf(object: unknown, field: string): unknown {
  return (object as Record<string, unknown> | null | undefined)?.[field]
}
