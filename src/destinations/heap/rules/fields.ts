import { InvalidPayloadError } from './invalidPayload'

/**
 * The text of a field that is one. The framework sees to that, and makes text of numbers, but `perform` may be called directly.
 *
 * @param label what the field is called in Segment's UI
 * @returns undefined where the field is missing
 * @throws InvalidPayloadError for an array or another object
 */
export function textOf(value: unknown, label: string): string | undefined {
  if (value === undefined || value === null) return undefined
  if (!isPrimitive(value)) throw new InvalidPayloadError(wrongType(label, 'a string', value))
  return String(value)
}

/**
 * The object of a field that is one. Programs that know no empty object (PHP, Lua) write an empty list instead.
 *
 * @param label what the field is called in Segment's UI
 * @returns an empty object where the field is missing
 * @throws InvalidPayloadError for a list that holds something, and for what is no object
 */
export function objectOf(value: unknown, label: string): object {
  if (value === undefined || value === null) return {}
  if (typeof value !== 'object' || (Array.isArray(value) && value.length > 0)) {
    throw new InvalidPayloadError(wrongType(label, 'an object', value))
  }
  return value
}

/** Whether a value is an object, a list included. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/** Whether a value is a number that JavaScript cannot hold to the last digit. */
export function isInexact(value: unknown): boolean {
  return typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER
}

/** Whether a value is its text, as the framework sees it. */
export function isPrimitive(value: unknown): value is string | number | boolean | bigint {
  const type = typeof value
  return type === 'string' || type === 'number' || type === 'boolean' || type === 'bigint'
}

/** The problem with a value of the wrong type, in the framework's words. */
export function wrongType(label: string, wanted: string, value: unknown): string {
  return `${label} must be ${wanted} but it was ${typeName(value)}.`
}

function typeName(value: unknown): string {
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
