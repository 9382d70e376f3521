import { DeletionApi, isDeletionPath } from './deletion'
import type { DeletionRequest } from './deletion'
import { endpointAt } from './endpoints'
import { Faults, strikesAfterStoring } from './faults'
import type { ConnectionFault, Fault, FaultRule, ParsedRequest } from './faults'
import { HeapError } from './heapError'
import { regionOf } from './hosts'
import type { Region } from './hosts'
import { headerOf } from './http'
import type { HeapRequest, HeapResponse, HeapResult, StatusAndBody } from './http'
import { LatestMap } from './latestMap'
import { RateLimits } from './rateLimits'
import { Environment } from './store'
import type { EnvironmentSnapshot } from './store'

/** One line of the log. */
export interface LoggedRequest extends ParsedRequest {
  /** The status of the response, or what befell the connection. */
  result: number | ConnectionFault
  /** Why the request was refused. */
  error?: string
}

/** How an emulator is set up. */
export interface HeapEmulatorOptions {
  /** Respond 429 over Heap's rate limits; off by default, since a test may be faster than any visitor. */
  enforceRateLimits?: boolean
  /** How many of the latest requests the log keeps, bodies and all; all of them by default. */
  keepRequests?: number
  /**
   * How many of the latest events, users and accounts each environment holds, and how many environments and deletion
   * requests there are; all of them by default. Of the IDs that events are recognised and joined by, the latest ten times
   * as many are remembered.
   */
  keep?: number
  /** The right API key of each App ID, for deletion; without an entry no key is right. */
  apiKeys?: Readonly<Record<string, string>>
  /** The clock of the rate limits, merges and tokens, in milliseconds; the computer's by default. */
  now?: () => number
}

/**
 * A strict stand-in for Heap's ingestion API, in memory. It takes what Heap documents and refuses everything else: a
 * 400 names the entry and field at fault. The US and EU hosts are two separate stores, and each App ID is an
 * environment of its own in them.
 *
 * ```ts
 * const heap = new HeapEmulator()
 * const interception = interceptHeap(heap)
 * // …send events to https://heapanalytics.com…
 * heap.environment('US', '12343283').events
 * interception.restore()
 * ```
 */
export class HeapEmulator {
  private readonly environments: LatestMap<string, Environment>
  private readonly faults = new Faults()
  private readonly enforceRateLimits: boolean
  private readonly now: () => number
  private readonly apiKeys: Readonly<Record<string, string>>
  private deletion: DeletionApi
  private rateLimits = new RateLimits()
  private readonly keepRequests: number
  private readonly keep: number
  private log: LoggedRequest[] = []

  constructor({
    enforceRateLimits = false,
    keepRequests = Infinity,
    keep = Infinity,
    apiKeys = {},
    now = Date.now
  }: HeapEmulatorOptions = {}) {
    this.enforceRateLimits = enforceRateLimits
    this.keepRequests = keepRequests
    this.keep = keep
    this.now = now
    this.apiKeys = apiKeys
    this.environments = new LatestMap(keep)
    this.deletion = new DeletionApi(apiKeys, now, keep)
  }

  /** The requests received since the start or the last `reset`, oldest first; the latest `keepRequests` of them. */
  get requests(): readonly LoggedRequest[] {
    return this.log
  }

  /**
   * Takes one request and responds to it. All of a request is stored or none of it: Heap's documentation does not say what
   * happens to the valid entries beside an invalid one, and we refuse the whole so that the mistake is seen.
   *
   * @returns 200 with `{}` once stored; 400, 404, 405 or 429 with `{ "error": … }`; or the fault that was ordered.
   * @throws {RangeError} If a rule of `failWhen` gives a fault with an impossible status.
   */
  async handle(request: HeapRequest): Promise<HeapResult> {
    const parsed = parse(request)
    const pending = this.faults.find(parsed)
    const strikesFirst = pending !== undefined && !strikesAfterStoring(pending.fault)
    const response = strikesFirst ? NOTHING_STORED : this.responseTo(request, parsed)
    const error = response instanceof HeapError ? response : undefined

    const strikes = pending !== undefined && error === undefined
    if (strikes) pending.spend()
    const result = strikes ? resultOf(pending.fault) : written(response)

    this.log.push({
      ...parsed,
      result: typeof result === 'string' ? result : result.status,
      ...(error && { error: error.message })
    })
    if (this.log.length > this.keepRequests) this.log.shift()
    return result
  }

  /**
   * Makes the next requests fail. Calls add up: the fault ordered first strikes first.
   *
   * @param fault How they fail, and whether before or after the data is stored.
   * @param times How many requests fail, 1 or more.
   * @param path Only requests to this path fail, such as `/api/track`; any request if left out.
   * @throws {RangeError} If `times` or the fault's status is out of range.
   */
  failNext(fault: Fault, times = 1, path?: string): void {
    this.faults.failNext(fault, times, path)
  }

  /**
   * Makes every request fail that the rule picks, such as those with too many entries or one in ten by a seeded chance.
   * Faults of `failNext` go first. The rule is asked once for each request they leave.
   *
   * @returns A function that takes the rule away again.
   */
  failWhen(rule: FaultRule): () => void {
    return this.faults.failWhen(rule)
  }

  /** Everything held, as plain objects ready for JSON: one entry for each environment that data was stored in. */
  snapshot(): EnvironmentSnapshot[] {
    return Array.from(this.environments.values(), (environment) => environment.snapshot())
  }

  /** What one environment holds, empty if nothing was ever stored there. */
  environment(region: Region, appId: string): EnvironmentSnapshot {
    const held = this.environments.get(environmentKey(region, appId)) ?? this.newEnvironment(region, appId)
    return held.snapshot()
  }

  /** Every deletion asked for, oldest first. */
  get deletions(): readonly DeletionRequest[] {
    return this.deletion.requests
  }

  /** Carries out the deletions that are pending, in both regions: Heap serves both from one place. */
  completeDeletions(): void {
    for (const request of this.deletion.requests) {
      if (request.status === 'complete') continue
      request.status = 'complete'
      for (const region of ['US', 'EU'] as const) {
        const environment = this.environments.get(environmentKey(region, request.app_id))
        for (const user of request.users) environment?.erase(user)
      }
    }
  }

  /** Forgets all data, the log, the rate counts and the faults, as if newly made. */
  reset(): void {
    this.environments.clear()
    this.faults.clear()
    this.rateLimits = new RateLimits()
    this.deletion = new DeletionApi(this.apiKeys, this.now, this.keep)
    this.log = []
  }

  private newEnvironment(region: Region, appId: string): Environment {
    return new Environment(region, appId, this.keep)
  }

  private responseTo(request: HeapRequest, parsed: ParsedRequest): StatusAndBody | HeapError {
    try {
      if (regionOf(parsed.host) === 'US' && isDeletionPath(parsed.path)) {
        return this.deletion.respond(request, parsed.path, parsed.body)
      }
      this.store(request, parsed)
      return { status: 200, body: {} }
    } catch (error) {
      if (error instanceof HeapError) return error
      throw error
    }
  }

  private store(request: HeapRequest, { host, method, path, body }: ParsedRequest): void {
    const region = regionOf(host)
    if (!region) throw new HeapError(404, `${host} is not a host of Heap`)
    const read = endpointAt(path)
    if (!read) throw new HeapError(404, `${path} is not an endpoint of Heap that this emulator knows`)
    if (method !== 'POST') throw new HeapError(405, `${method} is not allowed here; send a POST`, 'POST')
    checkContentType(request)
    if (body === request.body) throw new HeapError(400, 'the body is not JSON')

    const call = read(body)
    const key = environmentKey(region, call.app_id)
    if (this.enforceRateLimits) this.rateLimits.count(key, call, this.now())
    const environment = this.environments.get(key) ?? this.newEnvironment(region, call.app_id)
    this.environments.set(key, environment)
    environment.store(call, this.now())
  }
}

function environmentKey(region: Region, appId: string): string {
  return `${region}/${appId}`
}

function parse({ host, method, path, body }: HeapRequest): ParsedRequest {
  return {
    host: host.toLowerCase().replace(/:\d+$/, ''),
    method: method.toUpperCase(),
    path,
    body: parseJson(body)
  }
}

/** No JSON text parses to itself, so a result equal to the text means that it is not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function checkContentType(request: HeapRequest): void {
  const value = headerOf(request, 'content-type')
  if (value === undefined) throw new HeapError(400, 'content-type is missing; it must be application/json')
  if (!/^application\/json\s*(;|$)/i.test(value)) {
    throw new HeapError(400, `content-type is ${JSON.stringify(value)}; it must be application/json`)
  }
}

const JSON_HEADERS = { 'content-type': 'application/json' }

/** Stands for the response to a request that a fault strikes first; nobody gets it. */
const NOTHING_STORED: StatusAndBody = { status: 200, body: {} }

function written(response: StatusAndBody | HeapError): HeapResponse {
  if (!(response instanceof HeapError)) {
    return { status: response.status, headers: { ...JSON_HEADERS }, body: JSON.stringify(response.body) }
  }
  const headers = response.allow ? { ...JSON_HEADERS, allow: response.allow } : { ...JSON_HEADERS }
  return { status: response.status, headers, body: errorBody(response.message) }
}

function resultOf(fault: Fault): HeapResult {
  if (typeof fault === 'string') return fault
  if ('connection' in fault) return fault.connection
  const { status, headers, body = errorBody(`the emulator was told to answer ${status}`) } = fault
  return { status, headers: { ...JSON_HEADERS, ...headers }, body }
}

function errorBody(error: string): string {
  return JSON.stringify({ error })
}
