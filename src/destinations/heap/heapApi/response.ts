import { ErrorCodes, getErrorCodeFromHttpStatus } from '@segment/actions-core'
import type { ModifiedResponse, RequestClient, RequestOptions } from '@segment/actions-core'

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

/** Posts to Heap, and turns whatever comes of it into a response. */
export async function post(
  request: RequestClient,
  url: string,
  json: object | undefined,
  credentials: Pick<RequestOptions, 'username' | 'password' | 'headers'> = {}
): Promise<HeapResponse> {
  try {
    const response = await request(url, {
      method: 'post',
      json,
      ...credentials,
      throwHttpErrors: false,
      // A redirect would send personal data to a host that nobody chose.
      redirect: 'manual',
      // The copy of a long response stalls until somebody reads the original.
      skipResponseCloning: true
    })
    return read(response)
  } catch (error) {
    return unreachable(error)
  }
}

function read({ ok, status, statusText, content }: ModifiedResponse): HeapResponse {
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

/** No response came: Segment should try again, as after a timeout (408) or where a service is away (503). */
function unreachable(error: unknown): HeapResponse {
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
