import { get } from '@segment/actions-core'

/** What the framework gives `perform` and `performBatch`, of which it declares the first two. */
export interface Input<Settings, Payload> {
  settings: Settings
  payload: Payload
  /** The event, or all events of the batch: also those whose payloads the framework refused. */
  rawData?: unknown
  rawMapping?: unknown
}

/** A field and the path of the value in the event that is mapped to it. */
type MappedPath = [field: string, path: string[]]

/**
 * The payloads with what their events hold where the framework made a text of it that says less: of a number that JavaScript
 * cannot hold to the last digit, and of a list of one. Then whoever reads the field can refuse it.
 *
 * Sees fields that are mapped to a value of the event as it is.
 */
export function uncoerced<Payload extends object>(
  payloads: Payload[],
  { rawData, rawMapping }: Pick<Input<unknown, unknown>, 'rawData' | 'rawMapping'>
): Payload[] {
  const events: unknown[] = Array.isArray(rawData) ? rawData : [rawData]
  const paths = mappedPaths(rawMapping)
  const isSuspicious = events.some((event) => paths.some(([, path]) => saysMore(valueAt(event, path))))
  if (!isSuspicious) return payloads
  const sources = aligned(payloads, events, paths)
  return payloads.map((payload, index) => {
    const found = paths.map(([field, path]) => [field, valueAt(sources[index], path)] as const)
    const coerced = found.filter(([field, value]) => typeof fieldOf(payload, field) === 'string' && saysMore(value))
    return { ...payload, ...Object.fromEntries(coerced) }
  })
}

function mappedPaths(mapping: unknown): MappedPath[] {
  if (typeof mapping !== 'object' || mapping === null) return []
  return Object.entries(mapping).flatMap(([field, value]) => {
    const path = fieldOf(value, '@path')
    return typeof path === 'string' && /^[\w$.-]+$/.test(path) ? [[field, path.replace('$.', '').split('.')]] : []
  })
}

function saysMore(value: unknown): boolean {
  return Array.isArray(value) || (typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER)
}

/** The event of each payload: the framework leaves payloads out of a batch and keeps their order. */
function aligned(payloads: object[], events: unknown[], paths: MappedPath[]): unknown[] {
  if (payloads.length === events.length) return events
  let next = 0
  return payloads.map((payload) => {
    while (next < events.length && !mayBecome(events[next], payload, paths)) next++
    return events[next++]
  })
}

/** Whether every text of the payload is what the framework makes of the event's value. */
function mayBecome(event: unknown, payload: object, paths: MappedPath[]): boolean {
  return paths.every(([field, path]) => {
    const text = fieldOf(payload, field)
    return typeof text !== 'string' || text === String(valueAt(event, path))
  })
}

function valueAt(event: unknown, path: string[]): unknown {
  return path.length === 1 ? fieldOf(event, path[0]) : get(event, path)
}

function fieldOf(object: unknown, field: string): unknown {
  return (object as Record<string, unknown> | null | undefined)?.[field]
}
