import { AsyncLocalStorage } from 'node:async_hooks'
import { Destination } from '@segment/actions-core'
import type {
  DecoratedResponse,
  DestinationDefinition,
  ModifiedResponse,
  RequestClient,
  RequestOptions,
  Result
} from '@segment/actions-core'
import type { Settings } from '../../destinations/heap/generated-types'
import { settingsOf } from './definition'
import { isObject } from './json'

/** One request to Heap. Without a `response`, `failure` says why there was none. */
export interface Exchange {
  request: { url: string; method: string; headers: Record<string, string>; body: unknown }
  response?: { statusCode: number; statusMessage: string; headers: Record<string, string>; body: unknown }
  failure?: string
}

/** What was recorded while something ran. */
export interface Recording {
  exchanges: Exchange[]
  /** What the mapping made of the event, once the action was reached. */
  payload?: unknown
}

/** Called before each request; the request is made once it resolves, and not at all if it rejects. */
export type BeforeRequest = (url: string, body: unknown) => Promise<void>

const recordingOfThisRun = new AsyncLocalStorage<Recording>()

/** Runs something with a recording of its own, even if others run at the same time. */
export function record<Result>(run: () => Promise<Result>): { recording: Recording; result: Promise<Result> } {
  const recording: Recording = { exchanges: [] }
  return { recording, result: recordingOfThisRun.run(recording, run) }
}

let destinations = 0

/**
 * The framework's destination for a definition. Its payloads and requests go into the recording of the {@link record} call that
 * it runs in.
 */
export function recordedDestination(
  definition: DestinationDefinition<Settings>,
  beforeRequest?: BeforeRequest
): Destination<Settings> {
  // The framework keeps an action's schema under the destination's name, also when the definition has changed.
  const name = `${definition.name}-${++destinations}`
  const destination = new Destination({ ...recorded(definition, beforeRequest), name })
  // It would keep every response that it ever received, with its request.
  destination.responses.push = () => 0
  return destination
}

function recorded(
  definition: DestinationDefinition<Settings>,
  beforeRequest: BeforeRequest | undefined
): DestinationDefinition<Settings> {
  const recording = (request: RequestClient, settings: Settings) =>
    recordingClient(request, beforeRequest, secretsOf(definition, settings))
  const { authentication, onDelete } = definition
  const actions: typeof definition.actions = {}
  for (const [slug, action] of Object.entries(definition.actions)) {
    const { perform, performBatch } = action
    actions[slug] = {
      ...action,
      perform: (request, data): unknown => perform(recording(request, data.settings), noted(data)),
      ...(performBatch && {
        performBatch: (request, data): unknown => performBatch(recording(request, data.settings), noted(data))
      })
    }
  }
  return {
    ...definition,
    actions,
    ...(authentication && {
      authentication: {
        ...authentication,
        testAuthentication: async (request, input) => {
          await authentication.testAuthentication?.(recording(request, input.settings), input)
        }
      }
    }),
    ...(onDelete && {
      onDelete: async (request, data) => (await onDelete(recording(request, data.settings), data)) as Result
    })
  }
}

function noted<Data extends { payload: unknown }>(data: Data): Data {
  const recording = recordingOfThisRun.getStore()
  if (recording) recording.payload = data.payload
  return data
}

/** @param secrets what a response must not show; a token that Heap issues is added */
function recordingClient(
  request: RequestClient,
  beforeRequest: BeforeRequest | undefined,
  secrets: string[]
): RequestClient {
  const exchanges = recordingOfThisRun.getStore()?.exchanges
  return async <Data>(url: string, options: RequestOptions = {}) => {
    await beforeRequest?.(url, options.json)
    const method = (options.method ?? 'get').toUpperCase()
    const exchange: Exchange = { request: { url, method, headers: {}, body: options.json } }
    exchanges?.push(exchange)
    try {
      const response = await request<Data>(url, options)
      secrets.push(...tokenOf(response.data))
      exchange.request.headers = headersOf(sentHeaders(response) ?? givenHeaders(options))
      exchange.response = {
        statusCode: response.status,
        statusMessage: redacted(response.statusText, secrets),
        headers: redacted(headersOf(response.headers), secrets),
        body: redacted<unknown>(response.data ?? response.content, secrets)
      }
      return response
    } catch (error) {
      exchange.failure = redacted(error instanceof Error ? error.message : String(error), secrets)
      throw error
    }
  }
}

/** The framework exposes what was really sent for actions, and for nothing else. */
function sentHeaders<Data>(response: ModifiedResponse<Data> & Partial<Pick<DecoratedResponse, 'request'>>) {
  return response.request?.headers
}

function givenHeaders({ headers, username }: RequestOptions): Headers {
  const given = new Headers(headers)
  if (username !== undefined) given.set('authorization', REDACTED)
  return given
}

const SENSITIVE = /^(authorization|proxy-authorization|cookie|set-cookie|x-api-key)$|secret|token/i

function headersOf(headers: Iterable<[string, string]>): Record<string, string> {
  return Object.fromEntries(
    Array.from(headers, ([name, value]) => [name, SENSITIVE.test(name) ? REDACTED : value] as const)
  )
}

/** Shown in place of a credential. */
const REDACTED = '<redacted>'

function secretsOf(definition: DestinationDefinition<Settings>, settings: Settings | undefined): string[] {
  const values = Object.entries(settings ?? {}).filter(([key]) => settingsOf(definition)[key]?.type === 'password')
  return values.flatMap(([, value]) => String(value ?? '') || [])
}

/** The only response of Heap that holds a credential is that of the deletion API's auth_token. */
function tokenOf(answer: unknown): string[] {
  const token = isObject(answer) ? answer.access_token : undefined
  return typeof token === 'string' ? [token] : []
}

/** Heap's response, without the credentials that it repeats. */
function redacted<Value>(answer: Value, secrets: string[]): Value {
  if (secrets.length === 0) return answer
  const clean = (value: unknown): unknown => {
    if (typeof value === 'string') return secrets.reduce((text, secret) => text.replaceAll(secret, REDACTED), value)
    if (Array.isArray(value)) return value.map(clean)
    if (!isObject(value)) return value
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [String(clean(key)), clean(entry)]))
  }
  return clean(answer) as Value
}
