import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { SegmentEvent } from '@segment/actions-core'
import { raw, Router } from 'express'
import type { ErrorRequestHandler, RequestHandler } from 'express'
import { isObject, quoted } from '../engine/json'
import { CALLS, isMissing, isSegmentEvent, SHARED, sharedWith, withoutEmptyLists } from '../engine/segmentEvent'
import { parseBody } from './body'

/** Segment, HTTP API: an event has at most 32 KB, a batch 500 KB. */
export const MAX_EVENT_BYTES = 32 * 1024
export const MAX_BATCH_BYTES = 500 * 1024

/** How long an SDK waits for its events at most. */
const ANSWER_AFTER_MS = 5000

/** What an SDK posts: an event, or a batch whose context and integrations are merged into each of its events. */
type Posted = Record<string, unknown>

/**
 * A source of Segment's own HTTP API: the calls, their short forms that analytics.js uses, and the settings that
 * analytics.js loads. Takes any write key. Events are passed on as Segment passes them to destinations.
 *
 * @param take called with the events of a request, in order; the answer waits for it, but not for long
 * @param drop called with the reason why an entry of a batch is not an event. Segment answers 200 all the same, and takes its neighbours.
 */
export function segmentSource(take: (events: SegmentEvent[]) => Promise<void>, drop: (reason: string) => void): Router {
  const router = Router()
  router.get('/projects/:writeKey/settings', analyticsJsSettings)
  // analytics.js reports its own metrics to Segment; they are of no use here.
  router.post('/m', (_request, response) => void response.json({ success: true }))
  router.use(raw({ type: () => true, limit: MAX_BATCH_BYTES }))
  const post = (path: string, read: (posted: Posted) => SegmentEvent[]) =>
    router.post(path, async (request, response) => {
      const events = read(parse(request.body))
      await Promise.race([take(events), setTimeout(ANSWER_AFTER_MS, undefined, { ref: false })])
      response.json({ success: true })
    })
  for (const path of ['/batch', '/import', '/b']) post(path, (posted) => readBatch(posted, drop))
  for (const type of CALLS) {
    const read = (posted: Posted) => [receive({ ...posted, type }, {}, 'The event')]
    post(`/${type}`, read)
    post(`/${type[0]}`, read)
  }
  router.use(answerBadRequest)
  return router
}

/** What Segment's API answers with 400. */
class BadRequest extends Error {
  readonly status = 400
}

/** An entry of a batch that is no event. */
class BadEntry extends BadRequest {}

function parse(body: unknown): Posted {
  let posted: unknown
  try {
    posted = parseBody(body)
  } catch (error) {
    throw new BadRequest(error instanceof RangeError ? 'The body nests too deep.' : 'The body is not JSON.')
  }
  if (!isObject(posted)) throw new BadRequest('The body is not an object.')
  return posted
}

function readBatch(posted: Posted, drop: (reason: string) => void): SegmentEvent[] {
  const { batch, ...rest } = posted
  if (!Array.isArray(batch)) throw new BadRequest('"batch" is missing; it is a list of events.')
  const shared = withoutEmptyLists(rest)
  for (const key of SHARED) {
    if (!isObject(shared[key] ?? {})) throw new BadRequest(`${key} is not an object.`)
  }
  return batch.flatMap((entry: unknown, index) => {
    try {
      return [readEntry(entry, shared, `batch[${index}]`)]
    } catch (error) {
      if (!(error instanceof BadEntry)) throw error
      drop(error.message)
      return []
    }
  })
}

function readEntry(entry: unknown, shared: Posted, at: string): SegmentEvent {
  if (!isObject(entry)) throw new BadEntry(`${at} is not an object.`)
  if (isSegmentEvent(entry)) return receive(entry, shared, at)
  const { type } = entry
  const found =
    type === undefined ? 'no type' : typeof type === 'string' ? `the type ${quoted(type)}` : 'a type that is no text'
  throw new BadEntry(`${at} has ${found}; it is one of ${CALLS.join(', ')}.`)
}

/** Turns what an SDK posted into what Segment would pass on. Source: Segment, Spec: Common Fields; HTTP API: Batch. */
function receive(posted: Posted, shared: Posted, at: string): SegmentEvent {
  const bytes = sizeOf(posted, at)
  if (bytes > MAX_EVENT_BYTES) {
    throw new BadRequest(`${at} is ${bytes.toLocaleString('en')} bytes long; Segment takes at most 32 KB an event.`)
  }
  const { writeKey: _credential, messageId, timestamp, sentAt = shared.sentAt, ...event } = withoutEmptyLists(posted)
  const receivedAt = new Date()
  const originalTimestamp = isMissing(timestamp) ? receivedAt.toISOString() : timestamp
  return {
    ...sharedWith(event, shared),
    messageId: isMissing(messageId) ? randomUUID() : messageId,
    originalTimestamp,
    ...(!isMissing(sentAt) && { sentAt }),
    receivedAt: receivedAt.toISOString(),
    timestamp: correctedTime(originalTimestamp, sentAt, receivedAt)
  } as unknown as SegmentEvent
}

/** In bytes, as JSON. */
function sizeOf(posted: Posted, at: string): number {
  try {
    return Buffer.byteLength(JSON.stringify(posted))
  } catch {
    throw new BadEntry(`${at} nests too deep.`)
  }
}

/** Corrects the time of the event by how far the device's clock is off. What is not a date stays as it is. */
function correctedTime(original: unknown, sentAt: unknown, receivedAt: Date): unknown {
  const corrected = new Date(receivedAt.getTime() - (millisecondsOf(sentAt) - millisecondsOf(original)))
  return Number.isNaN(corrected.getTime()) ? original : corrected.toISOString()
}

/** The form that SDKs write. With any other, JavaScript would guess, in this machine's time zone. */
const ISO_8601 = /^(\d{4})-(\d\d)-(\d\d)T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/

/** The instant of a time in full ISO 8601. NaN for any other, a day that is not in its month, and a clock never set. */
function millisecondsOf(time: unknown): number {
  const [, year, month, day] = (typeof time === 'string' && ISO_8601.exec(time)) || []
  const isReal = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDate() === Number(day)
  const milliseconds = isReal ? Date.parse(String(time)) : NaN
  return Number(year) > 1 && milliseconds !== 0 ? milliseconds : NaN
}

/** What analytics.js asks for first: its integrations, and where events go. */
const analyticsJsSettings: RequestHandler<{ writeKey: string }> = (request, response) => {
  response.json({
    integrations: {
      'Segment.io': { apiKey: request.params.writeKey, apiHost: `${request.headers.host}/v1`, protocol: 'http' }
    },
    plan: { track: { __default: { enabled: true, integrations: {} } } },
    metrics: { sampleRate: 0 }
  })
}

/** Segment's API responds to what it cannot take with 400 and `success: false`. Express knows the handler by its four parameters. */
const answerBadRequest: ErrorRequestHandler = (
  error: Error & { type?: string; status?: number },
  _request,
  response,
  next
) => {
  if (error.type === 'entity.too.large') {
    error = new BadRequest('The body is too long; Segment takes at most 500 KB a request.')
  }
  if (error.status === undefined || error.status >= 500) return next(error)
  response.status(400).json({ success: false, message: error.message })
}
