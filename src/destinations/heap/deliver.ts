import { ErrorCodes, IntegrationError, MultiStatusResponse, PayloadValidationError } from '@segment/actions-core'
import type { RequestClient } from '@segment/actions-core'
import { uncoerced } from './coercion'
import type { Input } from './coercion'
import type { Settings } from './generated-types'
import { deleteUser } from './heapApi/deletion'
import { postAccounts, postEvents, postMerges, postUsers } from './heapApi/endpoints'
import { entriesOfAccounts, entriesOfMerges, entriesOfUsers } from './heapApi/entries'
import { environmentOf } from './heapApi/environment'
import type { HeapResponse, Problem } from './heapApi/response'
import type { HeapAccount, HeapEvent, HeapMerge, HeapUser } from './heapApi/wireTypes'
import { InvalidPayloadError } from './rules/invalidPayload'
import { reasonOf } from './rules/text'

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
 * no response came. Segment retries 408, 423, 429 and 5xx but 501.
 */
export async function deliverOne<Payload extends object>(
  request: RequestClient,
  input: Input<Settings, Payload>,
  build: (payload: Payload) => Delivery
): Promise<DeliverySuccess> {
  const [result] = await deliver(request, { ...input, payload: [input.payload] }, build)
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
export async function deliverBatch<Payload extends object>(
  request: RequestClient,
  input: Input<Settings, Payload[]>,
  build: (payload: Payload) => Delivery
): Promise<MultiStatusResponse> {
  const responses = new MultiStatusResponse()
  for (const result of await deliver(request, input, build)) {
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
  userId: unknown
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
export async function deliver<Payload extends object>(
  request: RequestClient,
  input: Input<Settings, Payload[]>,
  build: (payload: Payload) => Delivery
): Promise<DeliveryResult[]> {
  const environment = environmentOf(input.settings)
  const built = uncoerced(input.payload, input).map((payload) => attempt(build, payload))

  const events: HeapEvent[] = []
  const users: HeapUser[] = []
  const accounts: HeapAccount[] = []
  const merges: HeapMerge[] = []
  for (const result of built) {
    if (isFailure(result)) continue
    const { event, user, account, merge } = result
    if (event) events.push(event)
    if (user) users.push(user)
    if (account) accounts.push(account)
    if (merge) merges.push(merge)
  }
  const userEntries = entriesOfUsers(users)
  const accountEntries = entriesOfAccounts(accounts)
  const mergeEntries = entriesOfMerges(merges)

  const [eventResponses, userResponses, accountResponses, mergeResponses] = await Promise.all([
    postEvents(request, environment, events),
    postUsers(request, environment, userEntries.all),
    postAccounts(request, environment, accountEntries.all),
    postMerges(request, environment, mergeEntries.all)
  ])

  const next: Record<Part, number> = { event: 0, user: 0, account: 0, merge: 0 }
  return built.map((result) => {
    if (isFailure(result)) return result
    const { event, user, account, merge } = result
    return resultOf(result, {
      event: event && eventResponses[next.event++],
      user: user && responseTo(userEntries.indices[next.user++], userResponses),
      account: account && responseTo(accountEntries.indices[next.account++], accountResponses),
      merge: merge && responseTo(mergeEntries.indices[next.merge++], mergeResponses)
    })
  })
}

/** Of Heap's responses to the entries by which a part was to be done, the one that Segment should see. */
function responseTo(indices: number[], responses: HeapResponse[]): HeapResponse {
  return indices.map((index) => responses[index]).reduce(moreDecisive)
}

function attempt<Payload>(build: (payload: Payload) => Delivery, payload: Payload): Delivery | DeliveryFailure {
  try {
    return build(payload)
  } catch (error) {
    if (error instanceof InvalidPayloadError) {
      return { status: 400, problem: { code: ErrorCodes.PAYLOAD_VALIDATION_FAILED, message: error.message } }
    }
    // A mistake of ours, or an object that was made to throw: the neighbours are delivered all the same.
    const message = `The payload could not be turned into what Heap takes (${reasonOf(error)}), so it was not sent.`
    return { status: 500, problem: { code: ErrorCodes.INTERNAL_SERVER_ERROR, message } }
  }
}

function isFailure<Other extends object>(result: Other | DeliveryFailure): result is DeliveryFailure {
  return 'problem' in result
}

/** One result of the responses to a payload's parts. */
function resultOf(sent: Delivery, responses: Partial<Record<Part, HeapResponse>>): DeliveryResult {
  const body: Partial<Record<Part, string>> = {}
  const present: HeapResponse[] = []
  for (const part of PARTS) {
    const response = responses[part]
    if (!response) continue
    body[part] = response.body
    present.push(response)
  }
  const { status, problem } = present.reduce(moreDecisive)
  if (!problem) return { status, body, sent }
  return { status, body, sent, problem: { code: problem.code, message: report(responses) } }
}

/** Of two responses the one whose status Segment should see: a retry may mend it, or it has a problem, or it came first. */
function moreDecisive(one: HeapResponse, other: HeapResponse): HeapResponse {
  return weight(other) > weight(one) ? other : one
}

function weight(response: HeapResponse): number {
  if (!response.problem) return 0
  return isRetried(response) ? 2 : 1
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
  return status === 408 || status === 423 || status === 429 || (status >= 500 && status !== 501)
}
