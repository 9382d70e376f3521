import { ErrorCodes, IntegrationError, MultiStatusResponse, PayloadValidationError } from '@segment/actions-core'
import type { RequestClient } from '@segment/actions-core'
import { flatten, FlattenError } from './rules/flatten'
import type { FlatProperties } from './rules/flatten'
import type { Settings } from './generated-types'
import { environmentOf, postAccounts, postEvents, postMerges, postUsers } from './heapApi'
import type { Answer, HeapAccount, HeapEvent, HeapMerge, HeapUser, Problem } from './heapApi'

/** What one payload asks of Heap; at least one of the parts. */
export type Delivery = {
  event?: HeapEvent
  user?: HeapUser
  account?: HeapAccount
  merge?: HeapMerge
}

type Part = keyof Delivery

/** The parts in the order in which an outcome names them. */
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

/** All of a payload was stored: what was sent, and Heap's answer to each part of it. */
export type Delivered = {
  status: number
  sent: Delivery
  body: Partial<Record<Part, string>>
}

/** Not all of a payload was stored, or nothing: then it was not sent. The status tells Segment whether to try again. */
export type Failed = Partial<Delivered> & {
  status: number
  problem: Problem
}

/** What became of one payload. */
export type Outcome = Delivered | Failed

/**
 * Delivers one payload: the door that `perform` takes.
 *
 * @param build as for {@link deliver}
 * @throws PayloadValidationError for what the payload lacks; IntegrationError with Heap's status, or with 408 or 503 where
 * Heap gave no answer. Segment retries 408, 429 and 5xx.
 */
export async function deliverOne<Payload>(
  request: RequestClient,
  settings: Settings,
  payload: Payload,
  build: (payload: Payload) => Delivery
): Promise<Delivered> {
  const [outcome] = await deliver(request, settings, [payload], build)
  if (!isFailed(outcome)) return outcome
  const { code, message } = outcome.problem
  if (code === 'PAYLOAD_VALIDATION_FAILED') throw new PayloadValidationError(message)
  throw new IntegrationError(message, code, outcome.status)
}

/**
 * Delivers a batch: the door that `performBatch` takes. Never fails for a payload's sake; that is in its response.
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
  for (const outcome of await deliver(request, settings, payloads, build)) {
    if (isFailed(outcome)) {
      const { problem, ...answer } = outcome
      responses.pushErrorResponse({ ...answer, errortype: problem.code, errormessage: problem.message })
    } else {
      responses.pushSuccessResponse(outcome)
    }
  }
  return responses
}

/**
 * The way of every payload: build what it asks of Heap, send what is sound, answer for each by its index.
 *
 * @param build turns a payload into its delivery; throws a PayloadValidationError or FlattenError that says what is wrong
 * @throws IntegrationError where the settings name no environment; then nothing was sent
 */
export async function deliver<Payload>(
  request: RequestClient,
  settings: Settings,
  payloads: Payload[],
  build: (payload: Payload) => Delivery
): Promise<Outcome[]> {
  const environment = environmentOf(settings)
  const built = payloads.map((payload) => attempt(build, payload))
  const deliveries = built.flatMap((result) => (isFailed(result) ? [] : result))

  const users = merged(pick(deliveries, 'user'), ({ identity }) => identity)
  const accounts = merged(pick(deliveries, 'account'), ({ account_id }) => account_id)
  const merges = new Map(pick(deliveries, 'merge').map((merge) => [mergeKey(merge), merge]))

  const [eventAnswers, userAnswers, accountAnswers, mergeAnswers] = await Promise.all([
    postEvents(request, environment, pick(deliveries, 'event')),
    postUsers(request, environment, [...users.values()]),
    postAccounts(request, environment, [...accounts.values()]),
    postMerges(request, environment, [...merges.values()])
  ])

  return built.map((result) => {
    if (isFailed(result)) return result
    const { event, user, account, merge } = result
    return outcomeOf(result, {
      event: answerTo(event, eventAnswers),
      user: answerTo(user && users.get(user.identity), userAnswers),
      account: answerTo(account && accounts.get(account.account_id), accountAnswers),
      merge: answerTo(merge && merges.get(mergeKey(merge)), mergeAnswers)
    })
  })
}

function pick<P extends Part>(deliveries: Delivery[], part: P): NonNullable<Delivery[P]>[] {
  return deliveries.flatMap((delivery) => delivery[part] ?? [])
}

function mergeKey({ user_id, identity }: HeapMerge): string {
  return `${user_id} ${identity}`
}

function answerTo<Entry>(entry: Entry | undefined, answers: Map<Entry, Answer>): Answer | undefined {
  return entry && answers.get(entry)
}

function attempt<Payload>(build: (payload: Payload) => Delivery, payload: Payload): Delivery | Failed {
  try {
    return build(payload)
  } catch (error) {
    if (!(error instanceof PayloadValidationError || error instanceof FlattenError)) throw error
    return { status: 400, problem: { code: ErrorCodes.PAYLOAD_VALIDATION_FAILED, message: error.message } }
  }
}

function isFailed<Other extends object>(result: Other | Failed): result is Failed {
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

/** One outcome of the answers to a payload's parts, with a status that Segment retries if a retry can help any of them. */
function outcomeOf(sent: Delivery, answers: Partial<Record<Part, Answer>>): Outcome {
  const body: Partial<Record<Part, string>> = {}
  const failures: Answer[] = []
  let status = 0
  for (const part of PARTS) {
    const answer = answers[part]
    if (!answer) continue
    body[part] = answer.body
    status ||= answer.status
    if (answer.problem) failures.push(answer)
  }
  const decisive = failures.find(isRetried) ?? failures[0]
  if (!decisive?.problem) return { status, body, sent }
  return { status: decisive.status, body, sent, problem: { code: decisive.problem.code, message: report(answers) } }
}

function report(answers: Partial<Record<Part, Answer>>): string {
  return PARTS.flatMap((part) => {
    const answer = answers[part]
    if (!answer) return []
    const { stored, missing } = SENTENCES[part]
    return answer.problem ? `${missing}: ${answer.problem.message.replace(/\.$/, '')}.` : `${stored}.`
  }).join(' ')
}

/** Segment delivers again what ended with one of these statuses. Source: Segment, RetryableError of actions-core. */
function isRetried({ status }: Answer): boolean {
  return status === 408 || status === 429 || status >= 500
}
