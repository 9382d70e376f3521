import { randomUUID } from 'node:crypto'
import { LIMITS } from './checks/limits'
import { readUserDeletion } from './endpoints/userDeletion'
import type { DeletedUser } from './heapCall'
import { HeapError } from './heapError'
import { headerOf } from './http'
import type { HeapRequest, StatusAndBody } from './http'

/** Where the deletion API is served, for both regions, on the US host (Heap, User Deletion). */
const ROOT = '/api/public/v0/'

/** A deletion that was asked for. */
export interface DeletionRequest {
  deletion_request_id: string
  app_id: string
  users: DeletedUser[]
  status: 'pending' | 'complete'
}

/** Whether a path belongs to the deletion API. */
export function isDeletionPath(path: string): boolean {
  return path.startsWith(ROOT)
}

/** Heap's deletion API: a token for an App ID and its API key, requests to delete, and what became of them. */
export class DeletionApi {
  /** Every deletion asked for, oldest first. */
  readonly requests: DeletionRequest[] = []
  private readonly tokens = new Map<string, { app_id: string; until: number }>()

  /**
   * @param apiKeys the right API key of each App ID
   * @param now milliseconds, from any zero
   * @param keep how many of the latest requests are known
   */
  constructor(
    private readonly apiKeys: Readonly<Record<string, string>>,
    private readonly now: () => number,
    private readonly keep: number
  ) {}

  /**
   * Responds to a request to the deletion API.
   *
   * @throws {HeapError} 401 for credentials or a token that are wrong or past, 400 for a body, 404 and 405 for a wrong path or method.
   */
  respond(request: HeapRequest, path: string, body: unknown): StatusAndBody {
    const [endpoint, id] = path.slice(ROOT.length).split('/')
    if (endpoint === 'auth_token' && id === undefined) return this.giveToken(allowing('POST', request))
    if (endpoint === 'user_deletion' && id === undefined) return this.accept(allowing('POST', request), body)
    if (endpoint === 'deletion_status' && id) return this.giveStatus(allowing('GET', request), id)
    throw new HeapError(404, `${path} is not an endpoint of Heap that this emulator knows`)
  }

  private giveToken(request: HeapRequest): StatusAndBody {
    const given = /^Basic (.+)$/.exec(authorizationOf(request))?.[1] ?? ''
    const [app_id, ...key] = Buffer.from(given, 'base64').toString('utf8').split(':')
    if (!Object.hasOwn(this.apiKeys, app_id) || this.apiKeys[app_id] !== key.join(':')) {
      throw new HeapError(401, 'the App ID and the API key do not belong together')
    }
    for (const [token, { until }] of this.tokens) if (this.now() >= until) this.tokens.delete(token)
    const access_token = randomUUID()
    this.tokens.set(access_token, { app_id, until: this.now() + LIMITS.tokenLastsMs })
    return { status: 200, body: { access_token } }
  }

  private accept(request: HeapRequest, body: unknown): StatusAndBody {
    const app_id = this.appIdOf(request)
    const users = readUserDeletion(body)
    const deletion_request_id = randomUUID()
    this.requests.push({ deletion_request_id, app_id, users, status: 'pending' })
    if (this.requests.length > this.keep) this.requests.shift()
    const deletion_request_location = `${ROOT}deletion_status/${deletion_request_id}`
    return { status: 201, body: { deletion_request_id, status: 'pending', deletion_request_location } }
  }

  private giveStatus(request: HeapRequest, id: string): StatusAndBody {
    const app_id = this.appIdOf(request)
    const found = this.requests.find((known) => known.deletion_request_id === id && known.app_id === app_id)
    if (!found) throw new HeapError(404, 'there is no such deletion request')
    return { status: 200, body: { deletion_request_id: id, status: found.status } }
  }

  private appIdOf(request: HeapRequest): string {
    const token = this.tokens.get(/^Bearer (.+)$/.exec(authorizationOf(request))?.[1] ?? '')
    if (!token || this.now() >= token.until) throw new HeapError(401, 'the access token is missing, wrong or past')
    return token.app_id
  }
}

function allowing(method: string, request: HeapRequest): HeapRequest {
  if (request.method.toUpperCase() === method) return request
  throw new HeapError(405, `${request.method} is not allowed here; send a ${method}`, method)
}

function authorizationOf(request: HeapRequest): string {
  return headerOf(request, 'authorization') ?? ''
}
