import { isObject } from '../engine/json'
import { UsageError } from '../usageError'

/** Segment, Public API: the host for workspaces of each region. */
const HOSTS = { US: 'https://api.segmentapis.com', EU: 'https://eu1.api.segmentapis.com' }

export type WorkspaceRegion = keyof typeof HOSTS

/** A setting that a function asks for; Segment has no choices and no defaults. */
export interface FunctionSetting {
  name: string
  label: string
  description: string
  type: 'STRING'
  required: boolean
  sensitive: boolean
}

/** A function of the workspace. Lists leave out the code and the settings. */
export interface WorkspaceFunction {
  id: string
  resourceType: string
  /** With the workspace's name appended, such as "Heap (acme)". */
  displayName: string
  catalogId?: string
  code?: string
  settings?: FunctionSetting[]
}

/** A destination that a source is connected to. */
export interface ConnectedDestination {
  id: string
  name?: string
  enabled: boolean
  metadata: { id: string; name?: string }
  settings?: Record<string, unknown>
}

export interface SegmentApiOptions {
  token: string
  region: WorkspaceRegion
  fetch: typeof globalThis.fetch
  /** Resolves after so many milliseconds. */
  wait: (milliseconds: number) => Promise<unknown>
  /** What must not be seen in a message. */
  secrets: string[]
}

/** What is said of an answer other than 2xx, where more is known than the status says. */
type Explanations = Partial<Record<number, string>>

/** The most times that a request waits for its turn; each is as long as Segment says. */
const MOST_WAITS = 5

/**
 * The calls of Segment's Public API that manage functions and connect them.
 *
 * @throws {UsageError} for whatever Segment refuses, in one line that shows neither token nor key
 */
export class SegmentApi {
  constructor(private readonly options: SegmentApiOptions) {}

  /** All destination functions of the workspace. */
  async functions(): Promise<WorkspaceFunction[]> {
    return this.all('/functions', 'functions', { resourceType: 'DESTINATION' }, {})
  }

  async function(id: string): Promise<WorkspaceFunction> {
    const missing = `There is no function ${id} in this workspace.`
    return one(
      await this.request('GET', `/functions/${encodeURIComponent(id)}`, undefined, { 404: missing }),
      'function'
    )
  }

  /** @returns the function, or undefined where Segment's answer cannot be read */
  async createFunction(fields: object): Promise<WorkspaceFunction | undefined> {
    const answer = await this.request('POST', '/functions', fields, TOO_LARGE, 'unread')
    return answer === undefined ? undefined : one(answer, 'function')
  }

  async updateFunction(id: string, fields: object): Promise<void> {
    await this.request('PATCH', `/functions/${encodeURIComponent(id)}`, fields, TOO_LARGE, 'unread')
  }

  async connectedDestinations(sourceId: string): Promise<ConnectedDestination[]> {
    const path = `/sources/${encodeURIComponent(sourceId)}/connected-destinations`
    return this.all(path, 'destinations', {}, { 404: `There is no source ${sourceId} in this workspace.` })
  }

  async connect(fields: object): Promise<ConnectedDestination> {
    return one(await this.request('POST', '/destinations', fields), 'destination')
  }

  async enable(destinationId: string): Promise<void> {
    await this.request('PATCH', `/destinations/${encodeURIComponent(destinationId)}`, { enabled: true }, {}, 'unread')
  }

  private async all<Entry>(
    path: string,
    name: string,
    query: Record<string, string>,
    explanations: Explanations
  ): Promise<Entry[]> {
    const entries: Entry[] = []
    for (let cursor: unknown; ;) {
      const page = new URLSearchParams({ ...query, 'pagination[count]': '100' })
      if (typeof cursor === 'string') page.set('pagination[cursor]', cursor)
      const data = await this.request('GET', `${path}?${page}`, undefined, explanations)
      const found = one<unknown>(data, name)
      if (!Array.isArray(found) || !found.every(isObject))
        throw new UsageError(`Segment's answer has no list of ${name}.`)
      entries.push(...(found as Entry[]))
      const pagination = isObject(data) && isObject(data.pagination) ? data.pagination : {}
      // A cursor that stays would be asked for again without end.
      if (typeof pagination.next !== 'string' || pagination.next === cursor) return entries
      cursor = pagination.next
    }
  }

  /**
   * @param unreadable what to do with an answer of success that is no JSON
   * @returns the `data` of the answer
   */
  private async request(
    method: string,
    path: string,
    body?: object,
    explanations: Explanations = {},
    unreadable: 'refused' | 'unread' = 'refused'
  ): Promise<unknown> {
    for (let waits = 0; ; waits++) {
      const { status, ok, text } = await this.exchange(method, path, body)
      const answer = parsed(text)
      if (ok && isObject(answer) && 'data' in answer) return answer.data
      if (ok && unreadable === 'unread') return undefined
      if (ok)
        throw new UsageError(`Segment answered ${method} ${path.split('?')[0]} with something that cannot be read.`)
      const pause = pauseOf(answer)
      if (status !== 429 || waits === MOST_WAITS)
        throw new UsageError(this.clean(explain(status, answer, explanations)))
      await this.options.wait(pause)
    }
  }

  private async exchange(method: string, path: string, body: object | undefined) {
    const { token, region, fetch } = this.options
    try {
      const response = await fetch(`${HOSTS[region]}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
        body: body && JSON.stringify(body)
      })
      return { status: response.status, ok: response.ok, text: await response.text() }
    } catch (error) {
      const { message, cause } = error as Error
      const reason = cause instanceof Error ? cause.message : message
      throw new UsageError(this.clean(`Segment's Public API could not be reached (${reason}).`))
    }
  }

  private clean(text: string): string {
    return this.options.secrets.reduce((rest, secret) => rest.replaceAll(secret, '<redacted>'), text)
  }
}

const TOO_LARGE = {
  413: 'The script is too large for Segment. Liquid in mappings makes it larger: without it, it may fit.'
}

function one<Value>(data: unknown, name: string): Value {
  if (!isObject(data) || !(name in data)) throw new UsageError(`Segment's answer has no ${name}.`)
  return data[name] as Value
}

/** An answer that repeats code may hold its line feeds as they are, which is no JSON. */
function parsed(text: string): unknown {
  for (const json of [text, text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"/gs, withoutControls)]) {
    try {
      return JSON.parse(json)
    } catch {
      // The next, if there is one.
    }
  }
  return undefined
}

function withoutControls(literal: string): string {
  return literal.replace(/\p{Cc}/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function firstError(answer: unknown): { message?: string; field?: string; data?: unknown } {
  const errors = isObject(answer) && Array.isArray(answer.errors) ? answer.errors : []
  return isObject(errors[0]) ? errors[0] : {}
}

/** How many milliseconds Segment says to wait after 429; a second where it says nothing. */
function pauseOf(answer: unknown): number {
  const { data } = firstError(answer)
  const told = isObject(data) ? data.msBeforeNext : undefined
  return typeof told === 'number' && told >= 0 ? Math.min(told, 60_000) : 1000
}

function explain(status: number, answer: unknown, explanations: Explanations): string {
  const { message, field } = firstError(answer)
  const said = typeof message === 'string' ? ` Segment says: ${[field, message].filter(Boolean).join(': ')}` : ''
  const known: Explanations = {
    401: 'Segment does not accept the token in SEGMENT_PUBLIC_API_TOKEN. Make one in Segment under Settings > Workspace settings > Access Management > Tokens, and name the region of the workspace with --workspace-region.',
    403: 'The token in SEGMENT_PUBLIC_API_TOKEN may not do this: a Workspace Owner must have made it, in a workspace with a Team or Business plan.',
    429: 'Segment has been asked too often and takes no more for now. Try again in some minutes.',
    ...explanations
  }
  const explanation =
    known[status] ??
    (status >= 500 ? `Segment answered ${status}. Try again later.` : `Segment refused it with ${status}.`)
  return `${explanation}${status === 401 ? '' : said}`.replace(/\s+/g, ' ').trim()
}
