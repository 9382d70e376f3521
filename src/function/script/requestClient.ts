// In place of actions-core's request-client.js and fetch.js: the same options, hooks and errors, over the `fetch` of
// Segment's runtime alone, which promises no AbortController, Request, Response or timers.

/** What actions-core and a destination ask of a request. */
export interface RequestOptions {
  method?: string
  headers?: Record<string, string>
  /** Sent as JSON. */
  json?: unknown
  username?: string
  password?: string
  redirect?: 'follow' | 'manual' | 'error'
  /** Milliseconds until the answer must be here, its body included. */
  timeout?: number
  /** Bytes that an answer may have, unpacked. */
  size?: number
  /** Whether an answer other than 2xx is thrown as an {@link HTTPError}; true if left out. */
  throwHttpErrors?: boolean
  skipResponseCloning?: boolean
  beforeRequest?: ((options: RequestOptions) => RequestOptions | undefined)[]
  afterResponse?: ((request: Request, options: RequestOptions, response: Response) => Response | Promise<Response>)[]
  statsContext?: unknown
  signal?: unknown
}

/** What is sent, without the options that are the client's own. */
export interface Request {
  url: string
  method: string
  headers: Record<string, string>
  body?: string
  redirect?: RequestOptions['redirect']
  size?: number
}

/** An answer that is all here. */
export class Response {
  readonly status: number
  readonly statusText: string
  readonly ok: boolean
  readonly headers: FetchedResponse['headers']

  constructor(
    { status, statusText, ok, headers }: FetchedResponse,
    private readonly body: string
  ) {
    this.status = status
    this.statusText = statusText
    this.ok = ok
    this.headers = headers
  }

  async text(): Promise<string> {
    return this.body
  }

  clone(): Response {
    return this
  }
}

export class HTTPError extends Error {
  constructor(
    readonly response: Response,
    readonly request: Request,
    readonly options: RequestOptions
  ) {
    super(response.statusText)
  }
}

/** The error of actions-core for a request that took longer than Segment gives it. */
export class RequestTimeoutError extends Error {
  readonly code = 'REQUESTTIMEOUTERROR'
  readonly status = 408

  constructor() {
    super('Request timed out before receiving a response')
  }
}

interface FetchedResponse {
  status: number
  statusText: string
  ok: boolean
  headers: { get(name: string): string | null; entries(): Iterable<[string, string]> }
  text(): Promise<string>
}

// The globals of Segment's runtime: node-fetch 2, which takes a timeout and a size, and lodash, which has the only timer.
declare const fetch: (url: string, options: Omit<Request, 'url'> & { timeout: number }) => Promise<FetchedResponse>
declare const _: { debounce(run: () => void, milliseconds: number): { (): void; cancel(): void } }

export const DEFAULT_REQUEST_TIMEOUT = 10_000

export default function createInstance(defaults: RequestOptions = {}) {
  const client = (url: string, options: RequestOptions = {}) => send(url, merged(defaults, options))
  return Object.assign(client, {
    extend: (more: RequestOptions): ReturnType<typeof createInstance> => createInstance(merged(defaults, more))
  })
}

async function send(url: string, given: RequestOptions): Promise<Response> {
  let options = given
  for (const hook of given.beforeRequest ?? []) options = merged(options, hook(options) ?? {})
  const request = requestOf(url, options)
  let response = await answerTo(request, options.timeout ?? DEFAULT_REQUEST_TIMEOUT)
  for (const hook of options.afterResponse ?? []) response = await hook(request, options, response)
  if (!response.ok && options.throwHttpErrors !== false) throw new HTTPError(response, request, options)
  return response
}

/** The later option wins, of headers the later of each name; hooks add up. What is undefined says nothing. */
function merged(first: RequestOptions, second: RequestOptions): RequestOptions {
  const said = Object.fromEntries(Object.entries(second).filter(([, value]) => value !== undefined))
  return {
    ...first,
    ...said,
    headers: { ...withLowerCaseNames(first.headers), ...withLowerCaseNames(second.headers) },
    beforeRequest: [...(first.beforeRequest ?? []), ...(second.beforeRequest ?? [])],
    afterResponse: [...(first.afterResponse ?? []), ...(second.afterResponse ?? [])]
  }
}

function withLowerCaseNames(headers: Record<string, string> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

/** @throws Error for an option that this client does not have, so that nothing is left out unseen */
function requestOf(url: string, options: RequestOptions): Request {
  const {
    method = 'get',
    headers = {},
    json,
    redirect,
    size,
    // These are the client's own or have done their work in a hook.
    username: _username,
    password: _password,
    timeout: _timeout,
    throwHttpErrors: _throwHttpErrors,
    skipResponseCloning: _skipResponseCloning,
    beforeRequest: _beforeRequest,
    afterResponse: _afterResponse,
    statsContext: _statsContext,
    signal: _signal,
    ...unknown
  } = options
  const [name] = Object.keys(unknown)
  if (name !== undefined) throw new Error(`A Segment Function cannot send a request with the option "${name}".`)
  const request: Request = { url, method: method.toUpperCase(), headers, redirect, size }
  if (json === undefined) return request
  return { ...request, headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(json) }
}

async function answerTo({ url, ...init }: Request, timeout: number): Promise<Response> {
  if (timeout <= 0) throw new RequestTimeoutError()
  const alarm = alarmAfter(timeout)
  try {
    return await Promise.race([fetchAll(url, { ...init, timeout }), alarm.rung])
  } catch (error) {
    throw error instanceof RequestTimeoutError ? error : ownError(error)
  } finally {
    alarm.cancel()
  }
}

/** Told the timeout too, node-fetch lets go of the connection. */
async function fetchAll(url: string, options: Parameters<typeof fetch>[1]): Promise<Response> {
  const response = await fetch(url, options)
  return new Response(response, await response.text())
}

function alarmAfter(milliseconds: number): { rung: Promise<never>; cancel: () => void } {
  let cancel = () => {}
  const rung = new Promise<never>((_resolve, reject) => {
    const ring = _.debounce(() => reject(new RequestTimeoutError()), milliseconds)
    ring()
    cancel = () => ring.cancel()
  })
  return { rung, cancel }
}

/** What `fetch` throws comes from another realm, where `instanceof Error` does not see it. */
function ownError(error: unknown): Error {
  const { message, code, type } = error as { message?: string; code?: string; type?: string }
  if (type === 'request-timeout' || type === 'body-timeout') return new RequestTimeoutError()
  return Object.assign(
    new Error(message ?? String(error)),
    code !== undefined && { code },
    type !== undefined && { type }
  )
}
