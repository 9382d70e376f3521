import { ErrorCodes, IntegrationError, PayloadValidationError } from '@segment/actions-core'
import type { RequestClient } from '@segment/actions-core'
import { assign, FlattenError } from './flatten'
import type { Settings } from './generated-types'
import { environmentOf, postEvents, postUsers } from './heapApi'
import type { Answer, HeapEvent, HeapUser, Problem } from './heapApi'

/** What one payload asks of Heap; at least one of the parts. */
export type Delivery = {
  event?: HeapEvent
  user?: HeapUser
}

type Part = keyof Delivery

/** The parts in the order in which an outcome names them. */
const PARTS: Part[] = ['event', 'user']

/** What became of a part, said to a person who reads Segment's Event Delivery. */
const SENTENCES: Record<Part, { stored: string; missing: string }> = {
  event: { stored: 'The event was stored', missing: 'The event was not stored' },
  user: { stored: 'The user properties were updated', missing: 'The user properties were not updated' }
}

/** What became of one payload: Heap's answer to each part, or a problem that says which part was stored and which was not. */
export type Outcome = {
  status: number
  body: Partial<Record<Part, string>>
  sent?: Delivery
  problem?: Problem
}

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
): Promise<Outcome> {
  const [outcome] = await deliver(request, settings, [payload], build)
  if (!outcome.problem) return outcome
  const { code, message } = outcome.problem
  if (code === 'PAYLOAD_VALIDATION_FAILED') throw new PayloadValidationError(message)
  throw new IntegrationError(message, code, outcome.status)
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
  const deliveries = built.filter(isDelivery)

  const users = mergedByIdentity(deliveries.flatMap(({ user }) => user ?? []))
  const [eventAnswers, userAnswers] = await Promise.all([
    postEvents(
      request,
      environment,
      deliveries.flatMap(({ event }) => event ?? [])
    ),
    postUsers(request, environment, [...users.values()])
  ])

  return built.map((result) => {
    if (!isDelivery(result)) return result
    const { event, user } = result
    const merged = user && users.get(user.identity)
    return outcomeOf(result, {
      event: event && eventAnswers.get(event),
      user: merged && userAnswers.get(merged)
    })
  })
}

function attempt<Payload>(build: (payload: Payload) => Delivery, payload: Payload): Delivery | Outcome {
  try {
    return build(payload)
  } catch (error) {
    if (!(error instanceof PayloadValidationError || error instanceof FlattenError)) throw error
    return { status: 400, body: {}, problem: { code: ErrorCodes.PAYLOAD_VALIDATION_FAILED, message: error.message } }
  }
}

function isDelivery(result: Delivery | Outcome): result is Delivery {
  return !('problem' in result)
}

/** One entry per person, its properties merged in the order of the payloads: the later wins. */
function mergedByIdentity(users: HeapUser[]): Map<string, HeapUser> {
  const merged = new Map<string, HeapUser>()
  for (const { identity, properties } of users) {
    const known = merged.get(identity)
    if (known) assign(known.properties, properties)
    else merged.set(identity, { identity, properties: assign({}, properties) })
  }
  return merged
}

/** One outcome of the answers to a payload's parts, with a status that Segment retries if a retry can help any of them. */
function outcomeOf(sent: Delivery, answers: Partial<Record<Part, Answer>>): Outcome {
  const body: Outcome['body'] = {}
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
