import { ErrorCodes, IntegrationError, MultiStatusResponse, PayloadValidationError } from '@segment/actions-core'
import type { RequestClient } from '@segment/actions-core'
import type { Settings } from './generated-types'
import { deleteUser } from './heapApi/deletion'
import { postAccounts, postEvents, postMerges, postUsers } from './heapApi/endpoints'
import { environmentOf } from './heapApi/environment'
import type { HeapResponse, Problem } from './heapApi/response'
import type { HeapAccount, HeapEvent, HeapMerge, HeapUser } from './heapApi/wireTypes'
import { flatten } from './rules/flatten'
import type { FlatProperties } from './rules/flatten'
import { InvalidPayloadError } from './rules/invalidPayload'

/** What one payload asks of Heap; at least one of the parts. */
export type Delivery = {
  event?: HeapEvent
  user?: HeapUser
  account?: HeapAccount
  merge?: HeapMerge
}

type Part = keyof Delivery

/** The parts in the order in which a result names them. */
const PARTS: Part[] = ['event', 'account', 'user', 'merge']

/** What became of a part, said to a person who reads Segment's Event Delivery. */
const SENTENCES: Record<Part, { stored: string; missing: string }> = {
  event: { stored: 'The event was stored', missing: 'The event was not stored' },
  account: { stored: 'The account properties were updated', missing: 'The account properties were not updated' },
  user: { stored: 'The user properties were updated', missing: 'The user properties were not updated' },
  merge: {
    stored: 'The Heap visitor was merged into the person',
    missing: 'The Heap visitor was not merged into the person'
  }
}

/** All of a payload was stored: what was sent, and Heap's response to each part of it. */
export type DeliverySuccess = {
  status: number
  sent: Delivery
  body: Partial<Record<Part, string>>
}

/** Not all of a payload was stored, or nothing: then it was not sent. The status tells Segment whether to try again. */
export type DeliveryFailure = Partial<DeliverySuccess> & {
  status: number
  problem: Problem
}

/** What became of one payload. */
export type DeliveryResult = DeliverySuccess | DeliveryFailure

/**
 * Delivers one payload: the entry point of `perform`.
 *
 * @param build as for {@link deliver}
 * @throws PayloadValidationError for what the payload lacks; IntegrationError with Heap's status, or with 408 or 503 where
 * no response came. Segment retries 408, 429 and 5xx.
 */
export async function deliverOne<Payload>(
  request: RequestClient,
  settings: Settings,
  payload: Payload,
  build: (payload: Payload) => Delivery
): Promise<DeliverySuccess> {
  const [result] = await deliver(request, settings, [payload], build)
  if (!isFailure(result)) return result
  const { code, message } = result.problem
  if (code === 'PAYLOAD_VALIDATION_FAILED') throw new PayloadValidationError(message)
  throw new IntegrationError(message, code, result.status)
}

/**
 * Delivers a batch: the entry point of `performBatch`. Never fails for a payload's sake; that is in its response.
 *
 * @param build as for {@link deliver}
 * @returns a response for each payload, at its own index, with the words and status that {@link deliverOne} throws
 */
export async function deliverBatch<Payload>(
  request: RequestClient,
  settings: Settings,
  payloads: Payload[],
  build: (payload: Payload) => Delivery
): Promise<MultiStatusResponse> {
  const responses = new MultiStatusResponse()
  for (const result of await deliver(request, settings, payloads, build)) {
    if (isFailure(result)) {
      const { problem, ...rest } = result
      responses.pushErrorResponse({ ...rest, errortype: problem.code, errormessage: problem.message })
    } else {
      responses.pushSuccessResponse(result)
    }
  }
  return responses
}

/**
 * Asks Heap to delete a person: the entry point of `onDelete`.
 *
 * @throws PayloadValidationError without a usable userId; otherwise as {@link deleteUser}
 */
export async function deliverDeletion(
  request: RequestClient,
  settings: Settings,
  userId: string | null | undefined
): Promise<{ status: number; body: string }> {
  try {
    return await deleteUser(request, settings, userId)
  } catch (error) {
    throw error instanceof InvalidPayloadError ? new PayloadValidationError(error.message) : error
  }
}

/**
 * The way of every payload: builds its delivery, posts what is sound, and gives each payload its result by its index.
 *
 * @param build turns a payload into its delivery; throws an InvalidPayloadError that says what is wrong
 * @throws IntegrationError where the settings name no environment; then nothing was sent
 */
export async function deliver<Payload>(
  request: RequestClient,
  settings: Settings,
  payloads: Payload[],
  build: (payload: Payload) => Delivery
): Promise<DeliveryResult[]> {
  const environment = environmentOf(settings)
  const built = payloads.map((payload) => attempt(build, payload))
  const deliveries = built.flatMap((result) => (isFailure(result) ? [] : result))

  const users = merged(pick(deliveries, 'user'), ({ identity }) => identity)
  const accounts = merged(pick(deliveries, 'account'), ({ account_id }) => account_id)
  const merges = new Map(pick(deliveries, 'merge').map((merge) => [mergeKey(merge), merge]))

  const [eventResponses, userResponses, accountResponses, mergeResponses] = await Promise.all([
    postEvents(request, environment, pick(deliveries, 'event')),
    postUsers(request, environment, [...users.values()]),
    postAccounts(request, environment, [...accounts.values()]),
    postMerges(request, environment, [...merges.values()])
  ])

  return built.map((result) => {
    if (isFailure(result)) return result
    const { event, user, account, merge } = result
    return resultOf(result, {
      event: responseTo(event, eventResponses),
      user: responseTo(user && users.get(user.identity), userResponses),
      account: responseTo(account && accounts.get(account.account_id), accountResponses),
      merge: responseTo(merge && merges.get(mergeKey(merge)), mergeResponses)
    })
  })
}

function pick<P extends Part>(deliveries: Delivery[], part: P): NonNullable<Delivery[P]>[] {
  return deliveries.flatMap((delivery) => delivery[part] ?? [])
}

function mergeKey({ user_id, identity }: HeapMerge): string {
  return `${user_id} ${identity}`
}

function responseTo<Entry>(entry: Entry | undefined, responses: Map<Entry, HeapResponse>): HeapResponse | undefined {
  return entry && responses.get(entry)
}

function attempt<Payload>(build: (payload: Payload) => Delivery, payload: Payload): Delivery | DeliveryFailure {
  try {
    return build(payload)
  } catch (error) {
    if (!(error instanceof InvalidPayloadError)) throw error
    return { status: 400, problem: { code: ErrorCodes.PAYLOAD_VALIDATION_FAILED, message: error.message } }
  }
}

function isFailure<Other extends object>(result: Other | DeliveryFailure): result is DeliveryFailure {
  return 'problem' in result
}

/** One entry per key, its properties merged in the order of the payloads: the later wins. */
function merged<Entry extends { properties: FlatProperties }>(
  entries: Entry[],
  keyOf: (entry: Entry) => string
): Map<string, Entry> {
  const groups = new Map<string, Entry[]>()
  for (const entry of entries) {
    const group = groups.get(keyOf(entry))
    if (group) group.push(entry)
    else groups.set(keyOf(entry), [entry])
  }
  return new Map(
    Array.from(groups, ([key, group]) => {
      const properties = flatten(...group.map((entry) => entry.properties))
      return [key, { ...group[0], properties }]
    })
  )
}

/** One result of the responses to a payload's parts, with a status that Segment retries if a retry can help any of them. */
function resultOf(sent: Delivery, responses: Partial<Record<Part, HeapResponse>>): DeliveryResult {
  const body: Partial<Record<Part, string>> = {}
  const refused: HeapResponse[] = []
  let status = 0
  for (const part of PARTS) {
    const response = responses[part]
    if (!response) continue
    body[part] = response.body
    status ||= response.status
    if (response.problem) refused.push(response)
  }
  const decisive = refused.find(isRetried) ?? refused[0]
  if (!decisive?.problem) return { status, body, sent }
  return { status: decisive.status, body, sent, problem: { code: decisive.problem.code, message: report(responses) } }
}

function report(responses: Partial<Record<Part, HeapResponse>>): string {
  return PARTS.flatMap((part) => {
    const response = responses[part]
    if (!response) return []
    const { stored, missing } = SENTENCES[part]
    return response.problem ? `${missing}: ${response.problem.message.replace(/\.$/, '')}.` : `${stored}.`
  }).join(' ')
}

/** Segment delivers again what ended with one of these statuses. Source: Segment, RetryableError of actions-core. */
function isRetried({ status }: HeapResponse): boolean {
  return status === 408 || status === 429 || status >= 500
}
