import { ErrorCodes, getErrorCodeFromHttpStatus, IntegrationError } from '@segment/actions-core'
import type { ModifiedResponse, RequestClient, RequestOptions } from '@segment/actions-core'
import type { FlatProperties } from '../rules/flatten'
import type { Settings } from '../generated-types'

/** Heap, Data Residency: data of an EU environment must not go to the US host. */
export const HOSTS = { US: 'https://heapanalytics.com', EU: 'https://c.eu.heap-api.com' }

/** Heap, Bulk Track: an event name has at most 1024 UTF-16 characters. */
export const MAX_EVENT_NAME_LENGTH = 1024

/** Heap, Bulk Track: an idempotency key has at least 8 characters. */
export const MIN_IDEMPOTENCY_KEY_LENGTH = 8

/** Heap, Bulk Track and bulk Add User Properties: a request holds at most 1000 events or users. */
export const MAX_ENTRIES = 1000

/** Enough to single out six bad entries anywhere among a thousand, few enough not to storm Heap when all of them are bad. */
export const MAX_EXTRA_REQUESTS = 120

/** Events and profiles of a batch each have so many requests under way at once. */
export const MAX_CONCURRENT_REQUESTS = 4

/** One event of `POST /api/integrations/track`. */
export type HeapEvent = {
  event: string
  /** At least one of them. `user_id` is Heap's own numeric ID, never Segment's. */
  user_identifier: { identity?: string; anonymous_id?: string; user_id?: string; email?: string }
  custom_properties: FlatProperties
  idempotency_key: string
  /** ISO 8601, UTC. Heap takes the time of arrival where it is missing. */
  timestamp?: string
}

/** One user of `POST /api/add_user_properties`. */
export type HeapUser = {
  identity: string
  properties: FlatProperties
}

/** One account of `POST /api/add_account_properties`. */
export type HeapAccount = {
  account_id: string
  properties: FlatProperties
}

/** The visitor whose events `POST /api/v1/identify` moves to a person. */
export type HeapMerge = {
  /** Heap's own numeric ID of the visitor; see heapUserId. */
  user_id: string
  identity: string
}

/** What Heap said to a request; without an answer, `problem` says so and `status` tells Segment to try again. */
export interface Answer {
  status: number
  body: string
  problem?: Problem
}

/** Why something was not delivered: a code that Segment's Event Delivery groups errors by, and a sentence for a person. */
export interface Problem {
  code: keyof typeof ErrorCodes
  message: string
}

/** Where a customer's data goes: the host of the region and the ID of the environment. */
export interface Environment {
  host: string
  appId: string
}

/**
 * Reads the environment from the settings.
 *
 * @throws IntegrationError when the App ID is no number (Heap would take the data and store it nowhere) or the region is unknown.
 */
export function environmentOf({ appId, region = 'US' }: Settings): Environment {
  // Segment checks the settings on onEvent and onBatch only.
  const id = String(appId ?? '').trim()
  if (!/^\d+$/.test(id)) {
    throw new IntegrationError(
      `App ID "${id}" is not a Heap environment ID, which is a number such as 12343283. Copy it from Heap, under Account > Manage > Projects.`,
      ErrorCodes.BAD_REQUEST,
      400
    )
  }
  if (region !== 'US' && region !== 'EU') {
    throw new IntegrationError(
      `Data Region "${region}" is unknown, so nothing was sent. Select US or EU, whichever your Heap environment is in.`,
      ErrorCodes.BAD_REQUEST,
      400
    )
  }
  return { host: HOSTS[region], appId: id }
}

/**
 * Posts events, at most {@link MAX_ENTRIES} a request, and gives the answer to each.
 * Source: the endpoint that Heap's integrations use; the public `/api/track` takes no anonymous ID.
 */
export function postEvents(
  request: RequestClient,
  { host, appId }: Environment,
  events: HeapEvent[]
): Promise<Map<HeapEvent, Answer>> {
  return postEach(events, (entries) =>
    post(request, `${host}/api/integrations/track`, { app_id: appId, library: 'server', events: entries })
  )
}

/**
 * Sets user properties, at most {@link MAX_ENTRIES} users a request, and gives the answer for each.
 * An identity that Heap does not know becomes a user. Source: Heap, Add User Properties and its bulk form.
 */
export function postUsers(
  request: RequestClient,
  { host, appId }: Environment,
  users: HeapUser[]
): Promise<Map<HeapUser, Answer>> {
  return postEach(users, (entries) =>
    post(request, `${host}/api/add_user_properties`, {
      app_id: appId,
      ...(entries.length === 1 ? entries[0] : { users: entries })
    })
  )
}

/** Sets account properties, in requests as of {@link postUsers}. Source: Heap, Add Account Properties and its bulk form. */
export function postAccounts(
  request: RequestClient,
  { host, appId }: Environment,
  accounts: HeapAccount[]
): Promise<Map<HeapAccount, Answer>> {
  return postEach(accounts, (entries) =>
    post(request, `${host}/api/add_account_properties`, {
      app_id: appId,
      ...(entries.length === 1 ? entries[0] : { accounts: entries })
    })
  )
}

/** Moves the events of visitors to people, a request each: there is no bulk form. Source: Heap, Identify. */
export async function postMerges(
  request: RequestClient,
  { host, appId }: Environment,
  merges: HeapMerge[]
): Promise<Map<HeapMerge, Answer>> {
  const answers = await mapConcurrently(merges, (merge) =>
    post(request, `${host}/api/v1/identify`, { app_id: appId, ...merge })
  )
  return new Map(merges.map((merge, index) => [merge, answers[index]]))
}

/**
 * Posts entries in requests of a size that Heap takes, and gives each entry its request's answer.
 *
 * Heap refuses a request for the sake of one bad entry. A refused request of several is halved and sent again, all halves of a
 * round at once, until the culprits stand alone. Entries that Heap took on the way are stored once: an event by its
 * idempotency key, a profile because the same values overwrite themselves. {@link MAX_EXTRA_REQUESTS} bounds the halving;
 * entries undecided by then get the answer of the last request they were in.
 */
async function postEach<Entry>(
  entries: Entry[],
  postSome: (entries: Entry[]) => Promise<Answer>
): Promise<Map<Entry, Answer>> {
  const answers = new Map<Entry, Answer>()
  let extraRequests = MAX_EXTRA_REQUESTS
  let round = split(entries, MAX_ENTRIES)
  while (round.length > 0) {
    const next: Entry[][] = []
    const roundAnswers = await mapConcurrently(round, postSome)
    for (const [index, group] of round.entries()) {
      const answer = roundAnswers[index]
      if (group.length > 1 && isRefused(answer) && extraRequests >= 2) {
        extraRequests -= 2
        next.push(...split(group, Math.ceil(group.length / 2)))
      } else {
        for (const entry of group) answers.set(entry, answer)
      }
    }
    round = next
  }
  return answers
}

/** Heap found fault with what was sent: an entry that it does not take, or too much at once. */
function isRefused({ status }: Answer): boolean {
  return status === 400 || status === 413
}

function split<Entry>(entries: Entry[], size: number): Entry[][] {
  const groups: Entry[][] = []
  for (let start = 0; start < entries.length; start += size) groups.push(entries.slice(start, start + size))
  return groups
}

/** Like `Promise.all` of a map, with at most {@link MAX_CONCURRENT_REQUESTS} under way. */
async function mapConcurrently<From, To>(items: From[], map: (item: From) => Promise<To>): Promise<To[]> {
  const results: To[] = []
  const queue = items.entries()
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await map(item)
  }
  await Promise.all(Array.from({ length: MAX_CONCURRENT_REQUESTS }, worker))
  return results
}

/** Posts to Heap, and turns whatever comes of it into an answer. */
export async function post(
  request: RequestClient,
  url: string,
  json: object | undefined,
  credentials: Pick<RequestOptions, 'username' | 'password' | 'headers'> = {}
): Promise<Answer> {
  try {
    const response = await request(url, {
      method: 'post',
      json,
      ...credentials,
      throwHttpErrors: false,
      // A redirect would send personal data to a host that nobody chose.
      redirect: 'manual',
      // The copy of a long answer stalls until somebody reads the original.
      skipResponseCloning: true
    })
    return answerOf(response)
  } catch (error) {
    return unreachable(error)
  }
}

function answerOf({ ok, status, statusText, content }: ModifiedResponse): Answer {
  if (ok) return { status, body: content }
  const reason = excerpt(content) || statusText
  return {
    status,
    body: content,
    problem: { code: getErrorCodeFromHttpStatus(status), message: `Heap answered ${status}${reason && `: ${reason}`}` }
  }
}

/** Heap's reason for a person: one line, and no page of HTML that a proxy wrote. */
function excerpt(content: string): string {
  const text = content.replace(/\s+/g, ' ').trim()
  if (text.startsWith('<')) return ''
  return text.length > 300 ? `${text.slice(0, 300)}…` : text
}

/** No answer: Segment should try again, as a timeout (408) or a service that is away (503). */
function unreachable(error: unknown): Answer {
  const reason = error instanceof Error ? error.message : String(error)
  const timedOut = isTimeout(error)
  return {
    status: timedOut ? 408 : 503,
    body: '',
    problem: {
      code: timedOut ? ErrorCodes.REQUEST_TIMEOUT : ErrorCodes.RETRYABLE_ERROR,
      message: timedOut ? `Heap did not answer in time (${reason})` : `Heap could not be reached (${reason})`
    }
  }
}

/** The request client marks its own timeout with a code, and one of Segment's with status 408. */
function isTimeout(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return ('code' in error && error.code === 'ETIMEDOUT') || ('status' in error && error.status === 408)
}
