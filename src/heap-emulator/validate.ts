import { Refusal } from './refusal'

/** What Heap keeps as the value of a property (Heap, Limits). */
export type PropertyValue = string | number

/** Whom an event is about. At least one key is there (Heap, integrations/track). */
export interface UserIdentifier {
  /** 1 to 255 characters, case-sensitive. */
  identity?: string
  /** Any string that is not empty. */
  anonymous_id?: string
  /** Heap's own numeric ID as a string, 0 to 2^53 − 1. */
  user_id?: string
  email?: string
}

/** One event, as both track endpoints give it. */
export interface HeapEvent {
  event: string
  user_identifier: UserIdentifier
  properties: Record<string, PropertyValue>
  timestamp?: string
  idempotency_key?: string
  session_id?: string
  library?: string
}

/** New values for properties of one user. */
export interface HeapUserUpdate {
  identity: string
  properties: Record<string, PropertyValue>
}

/** New values for properties of one account. */
export interface HeapAccountUpdate {
  account_id: string
  properties: Record<string, PropertyValue>
}

/** The Heap visitor whose events move to an identity. */
export interface HeapMerge {
  user_id: string
  identity: string
}

/** A person to delete, by one of the two. */
export type DeletedUser = { identity: string } | { user_id: string }

/** What one valid request asks Heap to store: one of the four kinds. */
export interface HeapCall {
  app_id: string
  events: HeapEvent[]
  users: HeapUserUpdate[]
  accounts: HeapAccountUpdate[]
  merges: HeapMerge[]
}

/** The limits that a single request is held to, in characters unless said otherwise (Heap, Limits). */
export const LIMITS = {
  eventName: 1024,
  identity: 255,
  /** Keys and values must stay below this, so 1023 is the longest. */
  propertyBelow: 1024,
  idempotencyKeyAtLeast: 8,
  /** Events, users or accounts in one request. */
  entries: 1000,
  /** Users in one deletion request. */
  deletedUsers: 10_000,
  /** "About five minutes". */
  tokenLastsMs: 5 * 60 * 1000,
  userId: 2n ** 53n - 1n
} as const

/** Compared without regard to case and after trimming (Heap, Identities that must never be sent). */
const PLACEHOLDER_IDENTITIES = new Set([
  'undefined',
  'null',
  'nil',
  'none',
  'nan',
  'n/a',
  'unknown',
  'anonymous',
  'guest',
  'user',
  'true',
  'false',
  '0',
  '-1',
  '[object object]',
  '{}',
  '[]',
  '00000000-0000-0000-0000-000000000000'
])

type JsonObject = Record<string, unknown>
type Reader = (body: JsonObject) => Partial<HeapCall> & { app_id: string }

const readers: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['/api/integrations/track', readIntegrationsTrack],
  ['/api/track', readTrack],
  ['/api/add_user_properties', readAddUserProperties],
  ['/api/add_account_properties', readAddAccountProperties],
  ['/api/v1/identify', readIdentify]
])

/**
 * The function that checks a body sent to this path against everything that Heap documents for it.
 *
 * Lengths are counted in UTF-16 units, JavaScript's own count: Heap does not say what a character is, and this is the
 * strictest reading. Keys that Heap does not document are refused at every level, so that a typo cannot go unnoticed.
 *
 * @param path Must match an endpoint to the letter, with no query.
 * @returns `undefined` if there is no such endpoint. Else a function that takes the parsed JSON, gives back what is to
 * be stored (arrays already joined by two pipes) and throws a 400 `Refusal` for the first fault it finds.
 */
export function readerAt(path: string): ((body: unknown) => HeapCall) | undefined {
  const read = readers.get(path)
  return (
    read &&
    ((body) => {
      if (!isObject(body)) throw new Refusal(400, `the body is ${kindOf(body)}; it must be a JSON object`)
      return { events: [], users: [], accounts: [], merges: [], ...read(body) }
    })
  )
}

function readIntegrationsTrack(body: JsonObject) {
  checkKeys(body, '', ['app_id', 'library', 'events'], [])
  const app_id = readAppId(body)
  const library = readText(body, 'library', '')
  const events = readEntries(body, 'events', (entry, at) => readIntegrationsEvent(entry, at, library))
  return { app_id, events }
}

function readIntegrationsEvent(entry: JsonObject, at: string, library: string): HeapEvent {
  checkKeys(entry, at, ['event', 'user_identifier'], ['custom_properties', 'idempotency_key', 'timestamp'])
  return {
    event: readText(entry, 'event', at, LIMITS.eventName),
    user_identifier: readUserIdentifier(entry, at),
    properties: has(entry, 'custom_properties') ? readProperties(entry, 'custom_properties', at, readString) : {},
    ...readEventOptions(entry, at),
    library
  }
}

function readUserIdentifier(entry: JsonObject, parent: string): UserIdentifier {
  const at = placeOf(parent, 'user_identifier')
  const given = readObject(entry, 'user_identifier', parent)
  checkKeys(given, at, [], ['identity', 'anonymous_id', 'user_id', 'email'])
  if (Object.keys(given).length === 0) {
    throw new Refusal(400, `${at} is empty; it must hold at least one of identity, anonymous_id, user_id, email`)
  }
  return {
    ...(has(given, 'identity') && { identity: readIdentity(given, at) }),
    ...(has(given, 'anonymous_id') && { anonymous_id: readText(given, 'anonymous_id', at) }),
    ...(has(given, 'user_id') && { user_id: readUserId(given, at) }),
    ...(has(given, 'email') && { email: readText(given, 'email', at) })
  }
}

const TRACK_REQUIRED = ['event']
const TRACK_OPTIONAL = ['identity', 'user_id', 'properties', 'timestamp', 'idempotency_key', 'session_id']

function readTrack(body: JsonObject) {
  if (has(body, 'events')) {
    checkKeys(body, '', ['app_id', 'events'], [])
    return { app_id: readAppId(body), events: readEntries(body, 'events', readBulkTrackEvent) }
  }
  checkKeys(body, '', ['app_id', ...TRACK_REQUIRED], TRACK_OPTIONAL)
  return { app_id: readAppId(body), events: [readTrackEvent(body, '')] }
}

function readBulkTrackEvent(entry: JsonObject, at: string): HeapEvent {
  checkKeys(entry, at, TRACK_REQUIRED, TRACK_OPTIONAL)
  return readTrackEvent(entry, at)
}

function readTrackEvent(entry: JsonObject, at: string): HeapEvent {
  if (has(entry, 'identity') === has(entry, 'user_id')) {
    const found = has(entry, 'identity') ? 'both identity and user_id' : 'neither identity nor user_id'
    throw new Refusal(400, `${at || 'the body'} has ${found}; it must have exactly one of them`)
  }
  return {
    event: readText(entry, 'event', at, LIMITS.eventName),
    user_identifier: has(entry, 'identity')
      ? { identity: readIdentity(entry, at) }
      : { user_id: readUserId(entry, at) },
    properties: has(entry, 'properties') ? readProperties(entry, 'properties', at, readPropertyValue) : {},
    ...readEventOptions(entry, at),
    ...(has(entry, 'session_id') && { session_id: readText(entry, 'session_id', at) })
  }
}

function readEventOptions(entry: JsonObject, at: string): Pick<HeapEvent, 'timestamp' | 'idempotency_key'> {
  return {
    ...(has(entry, 'timestamp') && { timestamp: readTimestamp(entry, at) }),
    ...(has(entry, 'idempotency_key') && { idempotency_key: readIdempotencyKey(entry, at) })
  }
}

const USER_KEYS = ['identity', 'properties']

function readAddUserProperties(body: JsonObject) {
  if (has(body, 'users')) {
    checkKeys(body, '', ['app_id', 'users'], [])
    return { app_id: readAppId(body), users: readEntries(body, 'users', readBulkUser) }
  }
  checkKeys(body, '', ['app_id', ...USER_KEYS], [])
  return { app_id: readAppId(body), users: [readUser(body, '')] }
}

function readBulkUser(entry: JsonObject, at: string): HeapUserUpdate {
  checkKeys(entry, at, USER_KEYS, [])
  return readUser(entry, at)
}

function readUser(entry: JsonObject, at: string): HeapUserUpdate {
  return {
    identity: readIdentity(entry, at),
    properties: readProperties(entry, 'properties', at, readUserPropertyValue)
  }
}

const ACCOUNT_KEYS = ['account_id', 'properties']

function readAddAccountProperties(body: JsonObject) {
  if (has(body, 'accounts')) {
    checkKeys(body, '', ['app_id', 'accounts'], [])
    return { app_id: readAppId(body), accounts: readEntries(body, 'accounts', readBulkAccount) }
  }
  checkKeys(body, '', ['app_id', ...ACCOUNT_KEYS], [])
  return { app_id: readAppId(body), accounts: [readAccount(body, '')] }
}

function readBulkAccount(entry: JsonObject, at: string): HeapAccountUpdate {
  checkKeys(entry, at, ACCOUNT_KEYS, [])
  return readAccount(entry, at)
}

function readAccount(entry: JsonObject, at: string): HeapAccountUpdate {
  return {
    account_id: readText(entry, 'account_id', at),
    properties: readProperties(entry, 'properties', at, readPropertyValue)
  }
}

function readIdentify(body: JsonObject) {
  checkKeys(body, '', ['app_id', 'user_id', 'identity'], ['timestamp'])
  if (has(body, 'timestamp')) readTimestamp(body, '')
  return { app_id: readAppId(body), merges: [{ user_id: readUserId(body, ''), identity: readIdentity(body, '') }] }
}

/**
 * Checks a body sent to `/api/public/v0/user_deletion` (Heap, User Deletion).
 *
 * @throws {Refusal} 400 for the first fault found.
 */
export function readDeletedUsers(body: unknown): DeletedUser[] {
  if (!isObject(body)) throw new Refusal(400, `the body is ${kindOf(body)}; it must be a JSON object`)
  checkKeys(body, '', ['users'], [])
  return readEntries(body, 'users', readDeletedUser, LIMITS.deletedUsers)
}

function readDeletedUser(entry: JsonObject, at: string): DeletedUser {
  checkKeys(entry, at, [], ['identity', 'user_id'])
  if (has(entry, 'identity') === has(entry, 'user_id')) {
    throw new Refusal(400, `${at} must have exactly one of identity and user_id`)
  }
  return has(entry, 'identity') ? { identity: readIdentity(entry, at) } : { user_id: readUserId(entry, at) }
}

function readEntries<Entry>(
  body: JsonObject,
  key: string,
  read: (entry: JsonObject, at: string) => Entry,
  most: number = LIMITS.entries
): Entry[] {
  const entries: unknown = body[key]
  if (!Array.isArray(entries)) throw new Refusal(400, `${key} is ${kindOf(entries)}; it must be an array`)
  if (entries.length < 1 || entries.length > most) {
    throw new Refusal(400, `${key} has ${entries.length} entries; it must have 1 to ${most}`)
  }
  return entries.map((entry: unknown, index) => {
    const at = `${key}[${index}]`
    if (!isObject(entry)) throw new Refusal(400, `${at} is ${kindOf(entry)}; it must be an object`)
    return read(entry, at)
  })
}

function readAppId(body: JsonObject): string {
  const value = readString(body, 'app_id', '')
  if (!/^\d+$/.test(value)) throw new Refusal(400, `app_id is ${quote(value)}; it must be a string of digits`)
  return value
}

function readIdentity(object: JsonObject, at: string): string {
  const value = readText(object, 'identity', at, LIMITS.identity)
  if (PLACEHOLDER_IDENTITIES.has(value.trim().toLowerCase())) {
    const place = placeOf(at, 'identity')
    throw new Refusal(
      400,
      `${place} is ${quote(value)}, a placeholder; it would merge everyone it is sent for into one user`
    )
  }
  return value
}

function readUserId(object: JsonObject, at: string): string {
  const value = readString(object, 'user_id', at)
  if (!/^\d{1,32}$/.test(value) || BigInt(value) > LIMITS.userId) {
    const rule = `it must be Heap's own ID, a whole number from 0 to ${LIMITS.userId} written as a string`
    throw new Refusal(400, `${placeOf(at, 'user_id')} is ${quote(value)}; ${rule}`)
  }
  return value
}

function readIdempotencyKey(object: JsonObject, at: string): string {
  const value = readString(object, 'idempotency_key', at)
  if (value.length < LIMITS.idempotencyKeyAtLeast) {
    const place = placeOf(at, 'idempotency_key')
    throw new Refusal(400, `${place} is ${charactersLong(value)}; it must be ${LIMITS.idempotencyKeyAtLeast} or more`)
  }
  return value
}

const ISO_8601 =
  /^(\d{4})-(\d{2})-(\d{2})T([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(?:Z|[+-](?:[01]\d|2[0-3]):?[0-5]\d)$/

function readTimestamp(object: JsonObject, at: string): string {
  const value = readString(object, 'timestamp', at)
  const match = ISO_8601.exec(value)
  if (!match || !isCalendarDay(Number(match[1]), Number(match[2]), Number(match[3]))) {
    throw new Refusal(
      400,
      `${placeOf(at, 'timestamp')} is ${quote(value)}; it must be a real ISO 8601 date and time with a time zone`
    )
  }
  return value
}

function isCalendarDay(year: number, month: number, day: number): boolean {
  // Day 0 of the next month is the last day of this one. Date.UTC takes the years below 100 for 19xx; the calendar
  // repeats every 400 years, so a year of the 2000s stands for them.
  return month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate()
}

type ValueReader = (object: JsonObject, key: string, at: string) => PropertyValue

function readProperties(object: JsonObject, key: string, parent: string, read: ValueReader) {
  const given = readObject(object, key, parent)
  const at = placeOf(parent, key)
  // fromEntries keeps a property called __proto__ a property.
  return Object.fromEntries(Object.keys(given).map((name) => [name, readProperty(given, name, at, read)]))
}

function readProperty(given: JsonObject, name: string, at: string, read: ValueReader): PropertyValue {
  if (name.length >= LIMITS.propertyBelow) {
    throw new Refusal(
      400,
      `${at} has a key of ${name.length} characters, ${quote(name)}; it must be fewer than ${LIMITS.propertyBelow}`
    )
  }
  const value = read(given, name, at)
  if (typeof value === 'string' && value.length >= LIMITS.propertyBelow) {
    const place = placeOf(at, name)
    throw new Refusal(400, `${place} is ${charactersLong(value)}; it must be fewer than ${LIMITS.propertyBelow}`)
  }
  return value
}

function readUserPropertyValue(given: JsonObject, name: string, at: string): PropertyValue {
  if (name.toLowerCase() === 'id' || name === 'user_id') {
    throw new Refusal(
      400,
      `${placeOf(at, name)} has a name that Heap keeps for itself; call the property something else`
    )
  }
  return readPropertyValue(given, name, at)
}

function readPropertyValue(given: JsonObject, name: string, at: string): PropertyValue {
  const value = given[name]
  if (isScalar(value)) return value
  if (!Array.isArray(value)) {
    const rule = 'it must be a string, a number, or an array of those'
    throw new Refusal(400, `${placeOf(at, name)} is ${kindOf(value)}; ${rule}`)
  }
  value.forEach((element: unknown, index) => {
    if (isScalar(element)) return
    throw new Refusal(400, `${placeOf(at, name)}[${index}] is ${kindOf(element)}; it must be a string or a number`)
  })
  return value.join('||')
}

/** JSON's `1e999` parses to Infinity, which no store can hold. */
function isScalar(value: unknown): value is PropertyValue {
  return typeof value === 'string' || Number.isFinite(value)
}

/** A string that is not empty, of at most `max` characters. */
function readText(object: JsonObject, key: string, at: string, max = Infinity): string {
  const value = readString(object, key, at)
  if (value.length === 0) throw new Refusal(400, `${placeOf(at, key)} is empty; it must have at least 1 character`)
  if (value.length > max) {
    throw new Refusal(400, `${placeOf(at, key)} is ${charactersLong(value)}; it must be ${max} or fewer`)
  }
  return value
}

function readString(object: JsonObject, key: string, at: string): string {
  const value = object[key]
  if (typeof value === 'string') return value
  throw new Refusal(400, `${placeOf(at, key)} is ${kindOf(value)}; it must be a string`)
}

function readObject(object: JsonObject, key: string, at: string): JsonObject {
  const value = object[key]
  if (isObject(value)) return value
  throw new Refusal(400, `${placeOf(at, key)} is ${kindOf(value)}; it must be an object`)
}

function checkKeys(object: JsonObject, at: string, required: string[], optional: string[]): void {
  for (const key of Object.keys(object)) {
    if (required.includes(key) || optional.includes(key)) continue
    const known = [...required, ...optional].join(', ')
    throw new Refusal(400, `${placeOf(at, key)} is not a key that Heap documents; the keys here are ${known}`)
  }
  const missing = required.find((key) => !has(object, key))
  if (missing !== undefined) throw new Refusal(400, `${placeOf(at, missing)} is missing`)
}

function has(object: JsonObject, key: string): boolean {
  return Object.hasOwn(object, key)
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function placeOf(parent: string, key: string): string {
  if (!/^[A-Za-z_$][\w$]*$/.test(key)) return `${parent}[${quote(key)}]`
  return parent ? `${parent}.${shorten(key)}` : shorten(key)
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object') return 'an object'
  if (typeof value === 'number' && !Number.isFinite(value)) return 'a number too large to hold'
  return `a ${typeof value}`
}

function charactersLong(value: string): string {
  return `${value.length} ${value.length === 1 ? 'character' : 'characters'} long`
}

function quote(value: string): string {
  return JSON.stringify(shorten(value))
}

const LONGEST_QUOTE = 64

function shorten(value: string): string {
  return value.length > LONGEST_QUOTE ? `${value.slice(0, LONGEST_QUOTE)}…` : value
}
