import { generateFql, parseFql, validate } from '@segment/destination-subscriptions'
import type { Condition, GroupCondition, Subscription as ParsedFql } from '@segment/destination-subscriptions'
import { lex } from '@segment/fql-ts'
import type { SegmentEvent } from '@segment/actions-core'
import { CALLS } from './segmentEvent'

/** What Segment makes of the text of a trigger. */
export interface FqlReading {
  /** The trigger as Segment reads it, written as FQL again; missing where Segment finds no condition in the text. */
  readAs?: string
  /** What Segment evaluates for each event; missing likewise. */
  condition?: GroupCondition
  /** Why a mapping should not have this trigger: Segment does not do what the text says. Missing where it does. */
  problem?: string
  /** What is read as it is written, and still surprises people; a sentence each. */
  notes: string[]
}

type Token = { type: string; value: string }

/**
 * Reads a trigger as Segment does, and says where that is not what the text says: Segment's parser drops what it does not know
 * and takes the last `and` or `or` for a whole level, without an error.
 *
 * @param text FQL, such as `type = "track"`
 */
export function readFql(text: string): FqlReading {
  const parsed = parseFql(text)
  const tokens = tokensOf(text)
  if (!isGroup(parsed) || tokens === undefined) {
    return { problem: hintIn(tokens ?? []) ?? 'Segment finds no condition in it.', notes: [] }
  }
  if (hasEmptyGroup(parsed)) return { problem: hintIn(tokens) ?? EMPTY_GROUP, notes: [] }
  const readAs = fqlOf(parsed)
  const leaves = leavesOf(parsed)
  const isMisread = !sameTokens(tokens, tokensOf(readAs) ?? [])
  const reason =
    impossibleType(leaves) ??
    noNumber(leaves) ??
    wildcard(leaves) ??
    escape(leaves) ??
    (isMisread ? hintIn(tokens) : undefined) ??
    unknownOperator(leaves)
  const problem = (isMisread || reason) && `Segment reads it as ${readAs}${reason ? `: ${lowerFirst(reason)}` : '.'}`
  return { readAs, condition: parsed, ...(problem && { problem }), notes: leaves.flatMap(numbersOnly) }
}

/** One condition of a trigger, held against an event. */
export interface CheckedCondition {
  /** The condition as FQL. */
  fql: string
  matches: boolean
  /** What the event has in that place; missing where it has nothing. */
  actual?: unknown
}

/** Each single condition of a trigger held against an event, in the order of the text, so that a person sees which one decides. */
export function checkConditions(condition: GroupCondition, event: SegmentEvent): CheckedCondition[] {
  return leavesOf(condition).map((leaf) => {
    const actual = actualOf(leaf, event)
    const matches = validate(groupOf(leaf), event)
    return { fql: fqlOf(groupOf(leaf)), matches, ...(actual !== undefined && { actual }) }
  })
}

/** Whether Segment gives the event to a mapping with this condition. */
export function isTaken(condition: GroupCondition | undefined, event: SegmentEvent): boolean {
  return condition !== undefined && validate(condition, event)
}

/** The trigger of a condition, as the Mappings UI writes it. */
export function fqlOf(condition: GroupCondition): string {
  return generateFql(condition)
}

type Leaf = Exclude<Condition, GroupCondition>

/** The single conditions below a condition, in the order of the text. */
export function leavesOf(condition: Condition): Leaf[] {
  return condition.type === 'group' ? condition.children.flatMap(leavesOf) : [condition]
}

function groupOf(leaf: Leaf): GroupCondition {
  return { type: 'group', operator: 'and', children: [leaf] }
}

function isGroup(parsed: ParsedFql): parsed is GroupCondition {
  return !('error' in parsed)
}

/** Where each kind of condition looks in an event. */
const PLACES: Partial<Record<Leaf['type'], string>> = {
  'event-property': 'properties',
  'event-trait': 'traits',
  'event-context': 'context'
}

function actualOf(leaf: Leaf, event: SegmentEvent): unknown {
  const place = PLACES[leaf.type]
  const path = place === undefined ? [leaf.type.replace('event-', '')] : [place, ...nameOf(leaf).split('.')]
  return path.reduce<unknown>((value, key) => (isRecord(value) ? value[key] : undefined), event)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function nameOf(leaf: Leaf): string {
  return 'name' in leaf ? leaf.name : ''
}

const EMPTY_GROUP = 'Segment knows nothing of what stands in a pair of its parentheses.'

/** Of parentheses in which there is no condition that it knows, Segment's parser makes nothing. */
function hasEmptyGroup(condition: Condition | undefined): boolean {
  return condition === undefined || (condition.type === 'group' && condition.children.some(hasEmptyGroup))
}

const OPERATORS = /^(=|!=|<=?|>=?|(not_)?(contains|starts_with|ends_with|exists)|number_(not_)?equals|is_(true|false))$/

function unknownOperator(leaves: Leaf[]): string | undefined {
  const slip = leaves.find(({ operator }) => !OPERATORS.test(operator))
  return slip && `It does not know "${slip.operator}", so no event is ever taken. It knows =, !=, <, <=, > and >=.`
}

/** A date, which is compared as NaN, and a number of which JavaScript loses digits. */
function noNumber(leaves: Leaf[]): string | undefined {
  const numbers = leaves.filter(({ operator }) => NUMBER_OPERATORS.has(operator)).map(({ value }) => value)
  const odd = numbers.find((value) => Number.isNaN(Number(value)))
  if (odd !== undefined) return `It compares numbers alone by size, and "${odd}" is none, so no event is ever taken.`
  return numbers.some((value) => Math.abs(Number(value)) > Number.MAX_SAFE_INTEGER)
    ? 'It rounds numbers of more than 15 digits. Write the number in quotation marks, and send it as text.'
    : undefined
}

/** A slip such as `type == "track"` becomes a condition that no event meets. */
function impossibleType(leaves: Leaf[]): string | undefined {
  const slip = leaves.find(({ type, operator, value }) => {
    return type === 'event-type' && operator !== '!=' && !CALLS.includes(String(value))
  })
  return slip && `No event has the type ${JSON.stringify(slip.value)}; the types are ${CALLS.join(', ')}.`
}

/** `*` stands for anything at one end of a text alone. */
function wildcard(leaves: Leaf[]): string | undefined {
  const found = leaves.some(
    ({ operator, value }) => /(starts|ends)_with$/.test(operator) && String(value).includes('*')
  )
  return found
    ? 'It takes one * at the start or the end of a text for any characters; any other is a * itself.'
    : undefined
}

/** Segment compares with the text between the quotation marks as it is, backslashes included. */
function escape(leaves: Leaf[]): string | undefined {
  const found = leaves.some(({ value }) => typeof value === 'string' && /\\(\\|$)/.test(value))
  return found
    ? 'It knows no escaping: a backslash is a part of the text, which ends at the next quotation mark.'
    : undefined
}

const NUMBER_OPERATORS = new Set(['<', '<=', '>', '>=', 'number_equals', 'number_not_equals'])

function numbersOnly(leaf: Leaf): string[] {
  if (!NUMBER_OPERATORS.has(leaf.operator)) return []
  return [`${fqlOf(groupOf(leaf))} matches numbers alone: a number that is sent as text, such as "7", never does.`]
}

/** The tokens of a trigger, each in one of the ways to write it; undefined where the text cannot be split into tokens. */
function tokensOf(text: string): Token[] | undefined {
  let tokens: Token[]
  try {
    tokens = lex(text).tokens.filter(({ type }) => String(type) !== 'eos')
  } catch {
    return undefined
  }
  return tokens.map(normalised)
}

const COMPARISONS = ['<', '<=', '>', '>=']

function normalised({ type, value }: Token, index: number, all: Token[]): Token {
  if (type === 'ident' && /^(and|or)$/i.test(value)) return { type: 'conditional', value }
  const before = all[index - 1]
  // Segment makes a number of what is compared by size, and text of what a function looks for.
  const unquoted = value.replace(/^"(.*)"$/s, '$1')
  if (before?.type === 'operator' && COMPARISONS.includes(before.value) && unquoted.trim() !== '')
    return { type: 'number', value: String(Number(unquoted)) }
  if (before?.type === 'comma') return { type: 'string', value: `"${unquoted}"` }
  return type === 'number' ? { type, value: String(Number(value)) } : { type, value }
}

/** Parentheses round a single condition, which need not be there; those of a function stay. */
function withoutLoneParentheses(tokens: Token[]): Token[] {
  const isOpening = ({ type }: Token, index: number) =>
    type === 'parenleft' &&
    !/^(contains|match)$/.test(tokens[index - 1]?.value ?? '') &&
    tokens[index - 1]?.value !== '!'
  const lone = new Set<number>()
  tokens.forEach((token, start) => {
    if (!isOpening(token, start)) return
    let depth = 0
    const end = tokens.findIndex(({ type }, index) => {
      if (index < start) return false
      depth += type === 'parenleft' ? 1 : type === 'parenright' ? -1 : 0
      return depth === 0
    })
    const inside = tokens.slice(start + 1, end)
    if (end > 0 && !inside.some(({ type }) => type === 'conditional')) lone.add(start).add(end)
  })
  return tokens.filter((_token, index) => !lone.has(index))
}

function sameTokens(text: Token[], readAs: Token[]): boolean {
  const [one, other] = [text, readAs].map(withoutLoneParentheses)
  return one.length === other.length && one.every((token, index) => meaningOf(token) === meaningOf(other[index]))
}

/** The casing of and/or is a slip of its own only where it changes the meaning. */
function meaningOf({ type, value }: Token): string {
  return type === 'conditional' ? value.toLowerCase() : value
}

const FIELDS = /^(type|event|name|userId|context|properties|traits|contains|match|true|false)$/

/** Why Segment reads a text otherwise, where the reason is a known one. */
function hintIn(tokens: Token[]): string | undefined {
  const hints: (string | false | undefined)[] = [
    mixesAndOr(tokens) &&
      'The last "and" or "or" holds for all conditions beside it. Put parentheses round those that belong together.',
    nests(tokens) && 'It knows one level of parentheses. Write the trigger with one, or make two mappings of it.',
    has(tokens, 'operator', /^!$/) &&
      !negatesFunction(tokens) &&
      'A "!" counts before contains() and match() alone. Write != instead.',
    has(tokens, 'string', /^'/) && 'Its quotation marks are double; single ones are a part of the text.',
    has(tokens, 'brackleft', /./) && 'It knows no lists. Write a condition for each value, joined by "or".',
    unknownField(tokens),
    has(tokens, 'null', /./) &&
      'It compares event and type with the text "null". It can tell whether name, userId, properties, traits and context are there.',
    has(tokens, 'conditional', /[A-Z]/) && 'It knows "and" and "or" in small letters alone.',
    comparesNumberAsText(tokens) &&
      'It compares event, name, type and userId as text, so an ID that is a number in the event never matches.',
    tokens.at(-1)?.type === 'conditional' && 'Nothing follows the last "and" or "or".',
    has(tokens, 'string', /^"[^"]*\*[^"]/) && 'It takes one * at the start or the end of a text.'
  ]
  return hints.find((hint) => typeof hint === 'string')
}

function has(tokens: Token[], type: string, value: RegExp): boolean {
  return tokens.some((token) => token.type === type && value.test(token.value))
}

function mixesAndOr(tokens: Token[]): boolean {
  const levels: Set<string>[] = [new Set()]
  let mixed = false
  for (const { type, value } of tokens) {
    if (type === 'parenleft') levels.push(new Set())
    if (type === 'parenright' && levels.length > 1) levels.pop()
    if (type !== 'conditional') continue
    levels[levels.length - 1].add(value.toLowerCase())
    mixed ||= levels[levels.length - 1].size > 1
  }
  return mixed
}

function nests(tokens: Token[]): boolean {
  let depth = 0
  return tokens.some(({ type }, index) => {
    if (type === 'parenright') depth--
    if (type !== 'parenleft') return false
    depth++
    return depth > 1 && !/^(contains|match)$/.test(tokens[index - 1]?.value ?? '')
  })
}

function negatesFunction(tokens: Token[]): boolean {
  return tokens.every(({ value }, index) => value !== '!' || /^(contains|match)$/.test(tokens[index + 1]?.value ?? ''))
}

function unknownField(tokens: Token[]): string | undefined {
  const unknown = tokens.find(({ type, value }, index) => {
    return type === 'ident' && tokens[index - 1]?.type !== 'dot' && !FIELDS.test(value)
  })
  if (!unknown) return undefined
  return `It does not know "${unknown.value}" and leaves the condition out. It knows type, event, name, userId, properties, traits and context.`
}

function comparesNumberAsText(tokens: Token[]): boolean {
  return tokens.some(({ type, value }, index) => {
    return type === 'ident' && /^(event|name|type|userId)$/.test(value) && tokens[index + 2]?.type === 'number'
  })
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
