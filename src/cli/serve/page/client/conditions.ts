import type { Condition, GroupCondition, Operator } from '@segment/destination-subscriptions'
import { fqlOf, leavesOf, readFql } from '../../../engine/fql'

/** A condition as a row of the page: what of the event, compared how, with what. */
export interface Row {
  field: Field
  /** The place in properties, traits or context, such as `order.total`. */
  name: string
  operator: Operator
  value: string
}

/** One list of conditions, of which all or any must hold. */
export interface Rows {
  joined: 'and' | 'or'
  rows: Row[]
}

/** What a condition can be about, in the words of Segment's Mappings UI. */
export const FIELDS = {
  'event-type': 'Event Type',
  event: 'Event Name',
  name: 'Page or Screen Name',
  userId: 'User ID',
  'event-property': 'Event Property',
  'event-trait': 'Event Trait',
  'event-context': 'Event Context'
} as const
export type Field = keyof typeof FIELDS

const TEXT_OPERATORS: Partial<Record<Operator, string>> = {
  '=': 'is',
  '!=': 'is not',
  contains: 'contains',
  not_contains: 'does not contain',
  starts_with: 'starts with',
  not_starts_with: 'does not start with',
  ends_with: 'ends with',
  not_ends_with: 'does not end with'
}
const PRESENCE_OPERATORS: Partial<Record<Operator, string>> = { exists: 'exists', not_exists: 'does not exist' }
const PROPERTY_OPERATORS: Partial<Record<Operator, string>> = {
  ...TEXT_OPERATORS,
  ...PRESENCE_OPERATORS,
  number_equals: 'is the number',
  number_not_equals: 'is a number other than',
  '<': 'is less than',
  '<=': 'is at most',
  '>': 'is greater than',
  '>=': 'is at least',
  is_true: 'is true',
  is_false: 'is false'
}

/** The comparisons that a field can have, by what they are called. */
export function operatorsOf(field: Field): Partial<Record<Operator, string>> {
  if (field === 'event-type') return { '=': 'is', '!=': 'is not' }
  if (field === 'event') return TEXT_OPERATORS
  return hasName(field) ? PROPERTY_OPERATORS : { ...TEXT_OPERATORS, ...PRESENCE_OPERATORS }
}

/** Whether a field is a place in properties, traits or context. */
export function hasName(field: Field): boolean {
  return field.startsWith('event-') && field !== 'event-type'
}

const NUMBERS = new Set<Operator>(['number_equals', 'number_not_equals', '<', '<=', '>', '>='])
const WITHOUT_VALUE = new Set<Operator>(['exists', 'not_exists', 'is_true', 'is_false'])

/** Whether a comparison is with something. */
export function hasValue(operator: Operator): boolean {
  return !WITHOUT_VALUE.has(operator)
}

/** The conditions of a trigger, where it is one list of them and Segment reads it as it is written; else undefined. */
export function rowsOf(text: string): Rows | undefined {
  const { condition, problem } = readFql(text)
  if (!condition || problem !== undefined) return undefined
  if (condition.children.some(({ type }) => type === 'group')) return undefined
  const rows = leavesOf(condition).map((leaf) => ({
    field: leaf.type,
    name: 'name' in leaf ? leaf.name.replaceAll('\\', '') : '',
    operator: leaf.operator,
    value: leaf.value === undefined ? '' : String(leaf.value)
  }))
  const isKnown = rows.every(({ field, operator }) => operator in operatorsOf(field))
  const rest = { joined: condition.operator, rows }
  return isKnown && problemOf(rest) === undefined && fqlOf(condition) === textOf(rest) ? rest : undefined
}

/** The trigger of some conditions. */
export function textOf({ joined, rows }: Rows): string {
  const children = rows.map(({ field, name, operator, value }): Condition => {
    const compared = hasValue(operator) ? { value: NUMBERS.has(operator) ? Number(value) : value } : {}
    return { type: field, ...(hasName(field) && { name }), operator, ...compared } as Condition
  })
  return fqlOf({ type: 'group', operator: joined, children } satisfies GroupCondition)
}

/** What keeps conditions from being a trigger: the first thing, a sentence; undefined where nothing does. */
export function problemOf({ rows }: Rows): string | undefined {
  if (rows.length === 0) return 'A trigger has at least one condition.'
  for (const { field, name, operator, value } of rows) {
    if (hasName(field) && !/^[A-Za-z_][^\s"'()!,[\]\\]*$/.test(name)) {
      return `${FIELDS[field]} needs a place, such as plan or order.total.`
    }
    if (!hasValue(operator)) continue
    if (NUMBERS.has(operator) && (value.trim() === '' || !Number.isFinite(Number(value)))) {
      return `${FIELDS[field]} ${operatorsOf(field)[operator] ?? operator} needs a number.`
    }
    if (/["\\]/.test(value)) return 'Segment cannot compare with a text that holds a quotation mark or a backslash.'
    if (value.includes('*') && /(starts|ends)_with$/.test(operator)) return 'A * here is read as any characters.'
  }
  return undefined
}
