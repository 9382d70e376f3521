import { defaultValues, ErrorCodes } from '@segment/actions-core'
import type {
  Destination,
  DestinationDefinition,
  ExecuteInput,
  JSONObject,
  Result,
  SegmentEvent
} from '@segment/actions-core'
import { raw, Router } from 'express'
import type { Request, RequestHandler, Response } from 'express'
import type { Settings } from '../../destinations/heap/generated-types'
import { errorOf } from '../engine/errors'
import { inHalves } from '../engine/halves'
import { record } from '../engine/recorder'
import type { Exchange } from '../engine/recorder'
import { isObject } from '../engine/json'
import { withoutEmptyLists } from '../engine/segmentEvent'
import { parseBody } from './body'

/** The definition as it is now, and the framework's destination for it. */
export interface LoadedDestination {
  definition: DestinationDefinition<Settings>
  destination: Destination<Settings>
}

/** An event as a person may post it. */
type TesterEvent = JSONObject & Partial<SegmentEvent>

/** What the Actions Tester posts. */
interface TesterBody {
  payload?: TesterEvent | TesterEvent[]
  settings?: Settings
  mapping?: JSONObject
  auth?: ExecuteInput<Settings, unknown>['auth']
  features?: Record<string, boolean>
}

/** The result of one event of a batch. */
type EventStatus = NonNullable<Result['multistatus']>[number] | FailedEvent

/** An event that made the framework throw. */
interface FailedEvent {
  status: number
  errortype: string
  errormessage: string
}

/** 1,000 events of 32 KB each. */
const BODY_LIMIT = '32mb'

/**
 * The protocol that `serve` of `@segment/actions-cli` speaks: Segment's Actions Tester, cURL recipes and e2e suites that
 * are written for it work here.
 *
 * @param loaded returns the destination from its source as it is now
 * @param onDeleted is called once Heap has been asked to delete people
 */
export function actionsTester(loaded: () => LoadedDestination, onDeleted: () => void): Router {
  const router = Router()
  router.use(raw({ type: () => true, limit: BODY_LIMIT }), readJson)

  router.get('/manifest', (_request, response) => {
    response.json({ ...loaded().definition, directoryName: 'heap' })
  })
  router.post('/authenticate', (request: Request<object, unknown, TesterBody | undefined>, response) =>
    answerCheck(response, loaded().destination, request.body)
  )
  router.post('/refreshAccessToken', (request: Request<object, unknown, TesterBody | undefined>, response) =>
    answerRefresh(response, loaded().destination, request.body)
  )
  router.post('/delete', (request: Request<object, unknown, TesterBody | undefined>, response, next) => {
    const { destination } = loaded()
    if (!destination.onDelete) return next()
    const { payload, settings } = request.body ?? {}
    return answerExchanges(response, async () => {
      checkBody(request.body)
      for (const event of [payload ?? {}].flat()) {
        await destination.onDelete?.({ type: 'delete', ...event }, { ...settings })
      }
      onDeleted()
    })
  })
  router.post('/:action', (request: Request<{ action: string }, unknown, TesterBody | undefined>, response, next) => {
    const { definition, destination } = loaded()
    const { action } = request.params
    if (!Object.hasOwn(definition.actions, action)) return next()
    const { fields } = definition.actions[action]
    const { payload = {}, mapping, auth, features } = request.body ?? {}
    return answerExchanges(
      response,
      async () => {
        checkBody(request.body)
        const settings = settingsOf(request.body)
        const bundle = { settings, mapping: { ...defaultValues(fields), ...mapping }, auth, features }
        if (!Array.isArray(payload)) {
          return void (await destination.actions[action].execute({ ...bundle, data: withoutEmptyLists(payload) }))
        }
        return runBatch(payload.map(withoutEmptyLists), (data) =>
          destination.actions[action].executeBatch({ ...bundle, data })
        )
      },
      'multistatus' in request.query
    )
  })
  return router
}

/**
 * Runs a batch so that an event over which the framework throws spares its neighbours.
 *
 * @throws what it throws over every event alike, such as a mapping that cannot work
 */
async function runBatch(
  events: TesterEvent[],
  run: (events: TesterEvent[]) => Promise<EventStatus[]>
): Promise<EventStatus[]> {
  const failed = new Set<unknown>()
  const statuses = await inHalves(events, run, (error) => {
    failed.add(error)
    return statusOf(error)
  })
  const [first, ...others] = failed
  const { message } = errorOf(first)
  const isOfAll = failed.size === events.length && others.every((error) => errorOf(error).message === message)
  if (isOfAll) throw first
  return statuses
}

function statusOf(error: unknown): FailedEvent {
  const { status = 500, code = ErrorCodes.UNKNOWN_ERROR, message } = errorOf(error)
  return { status, errortype: code, errormessage: message }
}

class BadBody extends Error {
  readonly status = 400
}

const readJson: RequestHandler = (request, _response, next) => {
  const { body } = request as { body: unknown }
  if (Buffer.isBuffer(body)) request.body = body.length === 0 ? undefined : objectIn(body)
  next()
}

function objectIn(body: Buffer): Record<string, unknown> {
  let value: unknown
  try {
    value = parseBody(body)
  } catch (error) {
    const what = error instanceof RangeError ? 'nests too deep' : 'is not JSON'
    throw new BadBody(`the body ${what}: ${errorOf(error).message}`)
  }
  if (isObject(value)) return value
  throw new BadBody('the body is not an object')
}

/**
 * The framework accepts anything, and silently drops from a batch what is not an object.
 *
 * @throws {BadBody} saying which part of the body is wrong
 */
function checkBody({ payload = {}, settings, mapping }: TesterBody = {}): void {
  if (settings !== undefined && !isObject(settings)) throw new BadBody('The settings must be an object.')
  if (mapping !== undefined && !isObject(mapping)) throw new BadBody('The mapping must be an object.')
  if (!Array.isArray(payload)) {
    if (!isObject(payload)) throw new BadBody('The payload must be an event or a list of events.')
    return
  }
  if (payload.length === 0) throw new BadBody('The payload is an empty list; a batch has at least one event.')
  const index = payload.findIndex((event) => !isObject(event))
  if (index >= 0) throw new BadBody(`Event ${index + 1} of the payload is not an object.`)
}

function settingsOf(body: TesterBody | undefined): Settings {
  return { ...body?.settings } as Settings
}

/** The Tester posts the settings alone, at the root of the body. */
async function answerCheck(
  response: Response,
  destination: Destination<Settings>,
  body: TesterBody | Settings | undefined
): Promise<void> {
  const settings = isObject(body) && isObject(body.settings) ? body.settings : body
  try {
    await destination.testAuthentication({ ...settings } as Settings)
    response.json({ ok: true })
  } catch (error) {
    response.json({ ok: false, error: errorOf(error).message, fields: fieldsOf(error) })
  }
}

/** Without OAuth the framework says itself that there is no token to refresh. */
async function answerRefresh(
  response: Response,
  destination: Destination<Settings>,
  body: TesterBody | undefined
): Promise<void> {
  const noTokens = { clientId: '', clientSecret: '', accessToken: '', refreshToken: '' }
  try {
    response.json({ ok: true, data: await destination.refreshAccessToken(settingsOf(body), noTokens) })
  } catch (error) {
    response.status(400).json({ ok: false, error: errorOf(error).message })
  }
}

/** Answers with the exchanges, or with the error; with both the exchanges and each event's status if `multistatus` is asked for. */
async function answerExchanges(
  response: Response,
  run: () => Promise<EventStatus[] | void>,
  multistatus = false
): Promise<void> {
  const { recording, result } = record(run)
  try {
    const nodes = (await result) ?? []
    const exchanges = recording.exchanges.map(overTheWire)
    const refused = nodes.flatMap((node) => ('errormessage' in node ? [node] : []))
    if (multistatus) response.json({ exchanges, multistatus: nodes })
    // Without an exchange, an empty list would look as if nothing had been asked for.
    else if (exchanges.length === 0) response.json(refused.map(refusalOf))
    else response.json(exchanges)
  } catch (error) {
    response.json([
      {
        statusCode: errorOf(error).status ?? 500,
        message: errorOf(error).message,
        stack: error instanceof Error ? error.stack?.split('\n') : undefined,
        fields: fieldsOf(error),
        requestError: true,
        exchanges: recording.exchanges.map(overTheWire)
      }
    ])
  }
}

/** A failed event of a batch, in the form of an error. */
function refusalOf({ status, errormessage }: Pick<FailedEvent, 'status' | 'errormessage'>): object {
  return { statusCode: status, message: errormessage, fields: {}, requestError: true }
}

/** As actions-cli shows it: the text of the body that was sent. */
function overTheWire({ request, ...rest }: Exchange): object {
  return { request: { ...request, body: request.body === undefined ? '' : JSON.stringify(request.body) }, ...rest }
}

/** What is wrong with each field, if the framework says so; it names the parent of a field that is missing. */
function fieldsOf(error: unknown): Record<string, string> {
  const { errors } = { ...(error as { errors?: unknown } | null) }
  const fields: Record<string, string> = {}
  for (const one of Array.isArray(errors) ? (errors as unknown[]) : []) {
    if (!isObject(one) || typeof one.path !== 'string' || typeof one.message !== 'string') continue
    const missing = /missing the required field '(.+)'/.exec(one.message)?.[1]
    fields[missing ?? one.path.replace(/^\$\.?/, '')] = one.message
  }
  return fields
}
