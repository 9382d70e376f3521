import { ErrorCodes, getErrorCodeFromHttpStatus } from '@segment/actions-core'
import type { ModifiedResponse, RequestClient, RequestOptions } from '@segment/actions-core'
import { excerpt } from '../rules/text'

/** Why something was not delivered: a code that Segment's Event Delivery groups errors by, and a sentence for a person. */
export interface Problem {
  code: keyof typeof ErrorCodes
  message: string
}

/** Heap's response to a request; where none came, `problem` says so and `status` tells Segment to try again. */
export interface HeapResponse {
  status: number
  body: string
  problem?: Problem
}

/** Heap's responses are short. What is longer, unpacked, is not read to its end. */
const MAX_RESPONSE_BYTES = 1_000_000

/**
 * Posts to Heap, and turns whatever comes of it into a response.
 *
 * @param secret which of the credentials no problem may show: Heap may repeat what it was sent
 */
export async function post(
  request: RequestClient,
  url: string,
  json: object | undefined,
  credentials: Pick<RequestOptions, 'username' | 'password' | 'headers'> = {},
  secret?: string
): Promise<HeapResponse> {
  const options: RequestOptions & { size: number } = {
    method: 'post',
    json,
    ...credentials,
    throwHttpErrors: false,
    // A redirect would send personal data to a host that nobody chose.
    redirect: 'manual',
    // The copy of a long response stalls until somebody reads the original.
    skipResponseCloning: true,
    // Known to node-fetch, which the request client is made of.
    size: MAX_RESPONSE_BYTES
  }
  try {
    return read(await request(url, options), secret)
  } catch (error) {
    return unreachable(error, secret)
  }
}

function read({ ok, status, statusText, content }: ModifiedResponse, secret: string | undefined): HeapResponse {
  if (ok) return { status, body: content }
  // Before it is cut, which may leave a part of a secret that is not known for one.
  const reason = sentenceIn(without(secret, content)) || without(secret, statusText)
  return {
    status,
    body: content,
    problem: { code: getErrorCodeFromHttpStatus(status), message: `Heap answered ${status}${reason && `: ${reason}`}` }
  }
}

function without(secret: string | undefined, text: string): string {
  if (secret === undefined) return text
  const asJson = JSON.stringify(secret).slice(1, -1)
  return text.split(secret).join('<redacted>').split(asJson).join('<redacted>')
}

/** Heap's reason for a person: one line, and no page of HTML that a proxy wrote. */
function sentenceIn(content: string): string {
  const text = content.replace(/\s+/g, ' ').trim()
  return text.startsWith('<') ? '' : excerpt(text, 300)
}

/** No response came: Segment should try again, as after a timeout (408) or where a service is away (503). */
function unreachable(error: unknown, secret: string | undefined): HeapResponse {
  const reason = without(secret, error instanceof Error ? error.message : String(error))
  if (isTimeout(error)) return noResponse(408, ErrorCodes.REQUEST_TIMEOUT, `Heap did not answer in time (${reason})`)
  if (typeOf(error) === 'max-size') {
    return noResponse(503, ErrorCodes.RETRYABLE_ERROR, `Heap answered more than ${MAX_RESPONSE_BYTES} bytes`)
  }
  return noResponse(503, ErrorCodes.RETRYABLE_ERROR, `Heap could not be reached (${reason})`)
}

function noResponse(status: number, code: Problem['code'], message: string): HeapResponse {
  return { status, body: '', problem: { code, message } }
}

/** The request client marks its own timeout with a code, one of Segment's with status 408, and one while it reads by a type. */
function isTimeout(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ('code' in error && error.code === 'ETIMEDOUT') return true
  if ('status' in error && error.status === 408) return true
  return error.name === 'AbortError' || typeOf(error) === 'body-timeout' || typeOf(error) === 'request-timeout'
}

/** What node-fetch calls the kind of a failure. */
function typeOf(error: unknown): unknown {
  return error instanceof Error && 'type' in error ? error.type : undefined
}
