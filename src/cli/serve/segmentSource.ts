import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { SegmentEvent } from '@segment/actions-core'
import { raw, Router } from 'express'
import type { ErrorRequestHandler, RequestHandler } from 'express'
import { isObject } from '../engine/json'
import { CALLS, isSegmentEvent } from '../engine/segmentEvent'

/** Segment, HTTP API: an event has at most 32 KB, a batch 500 KB. */
export const MAX_EVENT_BYTES = 32 * 1024
export const MAX_BATCH_BYTES = 500 * 1024

/** An SDK is kept waiting for its events so long at most. */
const ANSWER_AFTER_MS = 5000

/** What an SDK posts: an event, or a batch whose context and integrations are merged into each of its events. */
type Posted = Record<string, unknown>

/**
 * A source of Segment's own HTTP API: the calls, their short forms that analytics.js uses, and the settings that
 * analytics.js loads. Takes any write key. An event is handed on as Segment hands it to destinations.
 *
 * @param take is given the events of a request, in order; the answer waits for it, but not for long
 */
export function segmentSource(take: (events: SegmentEvent[]) => Promise<void>): Router {
  const router = Router()
  router.get('/projects/:writeKey/settings', analyticsJsSettings)
  // analytics.js tells Segment how it fares; that is of no use here.
  router.post('/m', (_request, response) => void response.json({ success: true }))
  router.use(raw({ type: () => true, limit: MAX_BATCH_BYTES }))
  const post = (path: string, read: (posted: Posted) => SegmentEvent[]) =>
    router.post(path, async (request, response) => {
      const events = read(parse(request.body))
      await Promise.race([take(events), setTimeout(ANSWER_AFTER_MS, undefined, { ref: false })])
      response.json({ success: true })
    })
  post('/batch', readBatch)
  post('/import', readBatch)
  post('/b', readBatch)
  for (const type of CALLS) {
    const read = (posted: Posted) => [receive({ ...posted, type }, {})]
    post(`/${type}`, read)
    post(`/${type[0]}`, read)
  }
  router.use(answerRefused)
  return router
}

/** A request that Segment's API answers with 400. */
class Refused extends Error {
  readonly status = 400
}

function parse(body: unknown): Posted {
  let posted: unknown
  try {
    posted = JSON.parse(Buffer.isBuffer(body) ? body.toString('utf8') : '')
  } catch {
    throw new Refused('The body is not JSON.')
  }
  return object(posted, 'The body')
}

function readBatch(posted: Posted): SegmentEvent[] {
  const { batch } = posted
  if (!Array.isArray(batch)) throw new Refused('"batch" is missing; it is a list of events.')
  return batch.map((entry: unknown, index) => {
    const event = object(entry, `batch[${index}]`)
    if (!isSegmentEvent(event)) {
      throw new Refused(`batch[${index}] has the type ${JSON.stringify(event.type)}; it is one of ${CALLS.join(', ')}.`)
    }
    return receive(event, posted, `batch[${index}]`)
  })
}

/** Makes of what an SDK posted what Segment makes of it. Source: Segment, Spec: Common Fields; HTTP API: Batch. */
function receive(posted: Posted, batch: Posted, at = 'The event'): SegmentEvent {
  const bytes = sizeOf(posted, at)
  if (bytes > MAX_EVENT_BYTES) {
    throw new Refused(`${at} is ${bytes.toLocaleString('en')} bytes long; Segment takes at most 32 KB an event.`)
  }
  const { writeKey: _credential, timestamp, sentAt = batch.sentAt, ...event } = posted
  const receivedAt = new Date()
  const originalTimestamp = timestamp ?? receivedAt.toISOString()
  return {
    messageId: randomUUID(),
    ...event,
    ...merged('context', batch, posted),
    ...merged('integrations', batch, posted),
    originalTimestamp,
    ...(sentAt !== undefined && { sentAt }),
    receivedAt: receivedAt.toISOString(),
    timestamp: correctedTime(originalTimestamp, sentAt, receivedAt)
  } as unknown as SegmentEvent
}

/** In bytes, as JSON. */
function sizeOf(posted: Posted, at: string): number {
  try {
    return Buffer.byteLength(JSON.stringify(posted))
  } catch {
    throw new Refused(`${at} nests too deep.`)
  }
}

/** What the clock of the device is off by is taken off the time of the event. What is no date stays as it is. */
function correctedTime(original: unknown, sentAt: unknown, receivedAt: Date): unknown {
  const corrected = new Date(receivedAt.getTime() - (millisecondsOf(sentAt) - millisecondsOf(original)))
  return Number.isNaN(corrected.getTime()) ? original : corrected.toISOString()
}

function millisecondsOf(time: unknown): number {
  return typeof time === 'string' ? Date.parse(time) : NaN
}

function merged(key: string, batch: Posted, event: Posted): object {
  if (batch[key] === undefined) return {}
  return { [key]: { ...object(batch[key], key), ...(event[key] === undefined ? {} : object(event[key], key)) } }
}

function object(value: unknown, what: string): Posted {
  if (isObject(value)) return value
  throw new Refused(`${what} is not an object.`)
}

/** What analytics.js asks for before anything else: which integrations it has, and where events go. */
const analyticsJsSettings: RequestHandler<{ writeKey: string }> = (request, response) => {
  response.json({
    integrations: {
      'Segment.io': { apiKey: request.params.writeKey, apiHost: `${request.headers.host}/v1`, protocol: 'http' }
    },
    plan: { track: { __default: { enabled: true, integrations: {} } } },
    metrics: { sampleRate: 0 }
  })
}

/** Segment's API answers with 400 what it cannot take, and says so with `success`. Express knows the handler by its four parameters. */
const answerRefused: ErrorRequestHandler = (
  error: Error & { type?: string; status?: number },
  _request,
  response,
  next
) => {
  if (error.type === 'entity.too.large')
    error = new Refused('The body is too long; Segment takes at most 500 KB a request.')
  if (error.status === undefined || error.status >= 500) return next(error)
  response.status(400).json({ success: false, message: error.message })
}
