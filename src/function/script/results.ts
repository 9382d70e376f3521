import { ErrorCodes } from '@segment/actions-core'
import type { SegmentEvent } from '@segment/actions-core'

/** Why an event was not delivered through a mapping. */
export interface Problem {
  status: number
  message: string
  /** What the event lacks is at fault, not the settings or Heap. */
  isPayload: boolean
}

/** An event's way through one mapping; delivered where there is no problem. */
export interface Step {
  mapping: string
  problem?: Problem
}

/** What Segment is told of an event in a batch. */
export interface BatchStatus {
  status: number
  errormessage?: string
}

// The globals of Segment's runtime by which it tells what happened. It tries again after a RetryError alone.
type FunctionError = new (message: string) => Error
declare const EventNotSupported: FunctionError
declare const InvalidEventPayload: FunctionError
declare const ValidationError: FunctionError
declare const RetryError: FunctionError

/** The problem that an error of the framework, or a node of its batch results, stands for. */
export function problemOf(error: unknown): Problem {
  const { name, message, status, code } = error as { name?: string; message?: string; status?: number; code?: string }
  return {
    // What has no status is no answer of Heap's: the mapping and the event do not go together, however often they are tried.
    status: status ?? 400,
    message: message ?? String(error),
    isPayload: name === 'AggregateAjvError' || code === ErrorCodes.PAYLOAD_VALIDATION_FAILED
  }
}

/** The error that tells Segment of an event that went alone; undefined if it was delivered. */
export function errorOf(event: SegmentEvent, steps: Step[]): Error | undefined {
  const problems = problemsOf(steps)
  if (steps.length === 0) return new EventNotSupported(unsupported(event))
  if (problems.length === 0) return undefined
  const message = messageOf(steps)
  if (problems.some(isRetried)) return new RetryError(message)
  return problems.every(({ isPayload }) => isPayload) ? new InvalidEventPayload(message) : new ValidationError(message)
}

/** The status that tells Segment of an event in a batch. It is known to try 500 again; of 408 and 429 nothing is said. */
export function statusOf(event: SegmentEvent, steps: Step[]): BatchStatus {
  if (steps.length === 0) return { status: 400, errormessage: unsupported(event) }
  const problems = problemsOf(steps)
  if (problems.length === 0) return { status: 200 }
  const { status } = problems.find(isRetried) ?? problems[0]
  const isServerError = status >= 500
  const isClientError = status >= 400 && !isServerError
  return {
    status: problems.some(isRetried) ? (isServerError ? status : 500) : isClientError ? status : 400,
    errormessage: messageOf(steps)
  }
}

function problemsOf(steps: Step[]): Problem[] {
  return steps.flatMap(({ problem }) => problem ?? [])
}

/** A later try may succeed. Source: Segment, RetryableError of actions-core; 423 is a resource that is locked for now. */
function isRetried({ status }: Problem): boolean {
  return status === 408 || status === 423 || status === 429 || status >= 500
}

function messageOf(steps: Step[]): string {
  const [first] = problemsOf(steps)
  if (steps.length === 1) return first.message
  return steps.flatMap(({ mapping, problem }) => (problem ? `${mapping}: ${problem.message}` : [])).join(' ')
}

function unsupported({ type }: SegmentEvent): string {
  return `No mapping takes this ${type} call, so it was not sent to Heap.`
}
