/** Segment, Public API: the host of each region of workspaces. */
const HOSTS = { US: 'api.segmentapis.com', EU: 'eu1.api.segmentapis.com' }

/** Segment, Functions: a workspace has at most so many. */
const MAX_FUNCTIONS = 25

export interface FunctionSetting {
  name: string
  label: string
  description: string
  type: string
  required: boolean
  sensitive: boolean
}

export interface StoredFunction {
  id: string
  resourceType: string
  createdAt: string
  code: string
  settings: FunctionSetting[]
  displayName: string
  description: string
  logoUrl: string
  catalogId: string
}

export interface StoredDestination {
  id: string
  sourceId: string
  name: string
  enabled: boolean
  metadata: { id: string; name: string }
  settings: Record<string, unknown>
}

export interface PublicApiOptions {
  region?: keyof typeof HOSTS
  /** The one token that is right. */
  token: string
  /** The workspace's name, which Segment appends to the names of functions. */
  workspace?: string
  /** The sources that there are. */
  sources?: string[]
  /** The most bytes that a body may have; the limit is documented nowhere. */
  bodyLimit?: number
  /** Answers that repeat code hold its line feeds as they are, which is no JSON. */
  rawNewlines?: boolean
}

/** A request as it came in. */
export interface ApiRequest {
  method: string
  path: string
  body?: unknown
}

interface ApiAnswer {
  status: number
  body: unknown
}

/** An error of the API: `{ "errors": [{ "type", "message", "field"?, "data"? }] }`. */
class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly type: string,
    message: string,
    readonly field?: string,
    readonly data?: unknown
  ) {
    super(message)
  }
}

/**
 * A strict stand-in for the part of Segment's Public API that manages functions and connects them, in memory.
 *
 * Source: Segment, Public API, and the models of its SDK.
 */
export class PublicApi {
  readonly functions: StoredFunction[] = []
  readonly destinations: StoredDestination[] = []
  /** Every request with the right token, oldest first. */
  readonly requests: ApiRequest[] = []

  private readonly options: Required<PublicApiOptions>
  private readonly ordered: { status: number; body: string; headers?: Record<string, string> }[] = []
  private created = 0

  constructor({
    region = 'US',
    token,
    workspace = 'acme',
    sources = [],
    bodyLimit = 1_000_000,
    rawNewlines = false
  }: PublicApiOptions) {
    this.options = { region, token, workspace, sources, bodyLimit, rawNewlines }
  }

  /** Answers the next requests with this, in order, whatever they ask. */
  answerNext(...answers: { status: number; body: string; headers?: Record<string, string> }[]): void {
    this.ordered.push(...answers)
  }

  /** In place of the global `fetch`: takes requests for the API's host, and fails for any other as for an unknown host. */
  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init)
    const url = new URL(request.url)
    if (url.protocol !== 'https:' || !Object.values(HOSTS).includes(url.host)) {
      throw new TypeError('fetch failed', { cause: new Error(`getaddrinfo ENOTFOUND ${url.host}`) })
    }
    const ordered = this.ordered.shift()
    if (ordered) return new Response(ordered.body, ordered)
    const { status, body } = this.answerTo(request.method, url, request.headers, await request.text())
    return new Response(this.written(body), { status, headers: { 'content-type': 'application/json' } })
  }

  private written(body: unknown): string {
    const text = JSON.stringify(body)
    return this.options.rawNewlines ? text.replace(/(?<!\\)((?:\\\\)*)\\n/g, '$1\n') : text
  }

  private answerTo(method: string, url: URL, headers: Headers, text: string): ApiAnswer {
    try {
      if (url.host !== HOSTS[this.options.region] || headers.get('authorization') !== `Bearer ${this.options.token}`) {
        throw new ApiError(401, 'unauthorized', 'The token is invalid.')
      }
      const body = text === '' ? undefined : parsed(text)
      this.requests.push({ method, path: `${url.pathname}${url.search}`, ...(body !== undefined && { body }) })
      if (text.length > this.options.bodyLimit) throw new ApiError(413, 'validation', 'The request is too large.')
      return { status: 200, body: { data: this.route(method, url, body, headers) } }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      const { status, type, message, field, data } = error
      return {
        status,
        body: { errors: [{ type, message, ...(field && { field }), ...(data !== undefined && { data }) }] }
      }
    }
  }

  private route(method: string, url: URL, body: unknown, headers: Headers): object {
    const [collection, id, sub, ...more] = url.pathname.slice(1).split('/').map(decodeURIComponent)
    const route = `${method} /${collection}${id === undefined ? '' : '/:id'}${sub === undefined ? '' : `/${sub}`}`
    if (body !== undefined && !/^application\/(vnd\.segment\.v1\+)?json/.test(headers.get('content-type') ?? '')) {
      throw new ApiError(415, 'validation', 'The content type is not JSON.')
    }
    switch (more.length > 0 ? '' : route) {
      case 'GET /functions':
        return this.listFunctions(url.searchParams)
      case 'POST /functions':
        return { function: this.createFunction(body) }
      case 'GET /functions/:id':
        return { function: this.functionOf(id) }
      case 'PATCH /functions/:id':
        return { function: this.updateFunction(id, body) }
      case 'DELETE /functions/:id':
        this.functions.splice(this.functions.indexOf(this.functionOf(id)), 1)
        return { status: 'SUCCESS' }
      case 'POST /functions/:id/deploy':
        throw new ApiError(400, 'validation', `${this.functionOf(id).displayName} is not a source function.`)
      case 'POST /destinations':
        return { destination: this.createDestination(body) }
      case 'PATCH /destinations/:id':
        return { destination: this.updateDestination(id, body) }
      case 'GET /sources/:id/connected-destinations':
        return this.listConnected(id, url.searchParams)
      default:
        throw new ApiError(404, 'not-found', `${method} ${url.pathname} is not known.`)
    }
  }

  private listFunctions(query: URLSearchParams): object {
    const type = query.get('resourceType')
    if (type === null) throw invalid('resourceType', 'is required')
    if (!['DESTINATION', 'SOURCE', 'INSERT_DESTINATION'].includes(type)) throw invalid('resourceType', 'is unknown')
    const { entries, pagination } = page(
      this.functions.filter(({ resourceType }) => resourceType === type),
      query
    )
    return { functions: entries.map(({ code: _code, settings: _settings, ...rest }) => rest), pagination }
  }

  private createFunction(body: unknown): StoredFunction {
    const given = fieldsOf(body, ['code', 'displayName', 'resourceType'], ['settings', 'description', 'logoUrl'])
    if (given.resourceType !== 'DESTINATION') throw invalid('resourceType', 'is not made by this stand-in')
    if (this.functions.length >= MAX_FUNCTIONS) throw new ApiError(422, 'validation', 'The workspace is full.')
    const number = ++this.created
    const made: StoredFunction = {
      id: `dfn_${number}`,
      resourceType: given.resourceType,
      createdAt: new Date(0).toISOString(),
      code: text(given, 'code'),
      displayName: `${text(given, 'displayName')} (${this.options.workspace})`,
      description: 'description' in given ? text(given, 'description') : '',
      logoUrl: 'logoUrl' in given ? text(given, 'logoUrl') : '',
      settings: 'settings' in given ? settingsOf(given.settings) : [],
      catalogId: `catalog_${number}`
    }
    this.functions.push(made)
    return made
  }

  private updateFunction(id: string, body: unknown): StoredFunction {
    const given = fieldsOf(body, [], ['code', 'displayName', 'settings', 'description', 'logoUrl'])
    const found = this.functionOf(id)
    if ('code' in given) found.code = text(given, 'code')
    if ('description' in given) found.description = text(given, 'description')
    if ('logoUrl' in given) found.logoUrl = text(given, 'logoUrl')
    if ('settings' in given) found.settings = settingsOf(given.settings)
    if ('displayName' in given) found.displayName = `${text(given, 'displayName')} (${this.options.workspace})`
    return found
  }

  private functionOf(id: string): StoredFunction {
    const found = this.functions.find((one) => one.id === id)
    if (!found) throw new ApiError(404, 'not-found', `There is no function ${id}.`)
    return found
  }

  private createDestination(body: unknown): StoredDestination {
    const given = fieldsOf(body, ['sourceId', 'metadataId', 'settings'], ['name', 'enabled'])
    const sourceId = this.sourceOf(text(given, 'sourceId'))
    const metadataId = text(given, 'metadataId')
    const found = this.functions.find(({ catalogId }) => catalogId === metadataId)
    if (!found) throw new ApiError(404, 'not-found', `There is no destination ${metadataId} in the catalog.`)
    const made: StoredDestination = {
      id: `destination_${++this.created}`,
      sourceId,
      name: 'name' in given ? text(given, 'name') : found.displayName,
      enabled: 'enabled' in given ? flag(given, 'enabled') : true,
      metadata: { id: metadataId, name: found.displayName },
      settings: valuesOf(given.settings, found.settings)
    }
    this.destinations.push(made)
    return made
  }

  private updateDestination(id: string, body: unknown): StoredDestination {
    const given = fieldsOf(body, [], ['name', 'enabled', 'settings'])
    const found = this.destinations.find((one) => one.id === id)
    if (!found) throw new ApiError(404, 'not-found', `There is no destination ${id}.`)
    if ('name' in given) found.name = text(given, 'name')
    if ('enabled' in given) found.enabled = flag(given, 'enabled')
    if ('settings' in given) {
      const { settings } = this.functions.find(({ catalogId }) => catalogId === found.metadata.id) ?? { settings: [] }
      found.settings = valuesOf(given.settings, settings)
    }
    return found
  }

  private listConnected(id: string, query: URLSearchParams): object {
    const sourceId = this.sourceOf(id)
    const { entries, pagination } = page(
      this.destinations.filter((one) => one.sourceId === sourceId),
      query
    )
    return { destinations: entries, pagination }
  }

  private sourceOf(id: string): string {
    if (!this.options.sources.includes(id)) throw new ApiError(404, 'not-found', `There is no source ${id}.`)
    return id
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    throw new ApiError(400, 'validation', 'The body is not JSON.')
  }
}

function invalid(field: string, reason: string): ApiError {
  return new ApiError(422, 'validation', `${field} ${reason}.`, field)
}

type Fields = Record<string, unknown>

/** The fields of a body, all of them known and the required ones there. */
function fieldsOf(body: unknown, required: string[], optional: string[]): Fields {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw invalid('body', 'must be an object')
  const fields = body as Fields
  for (const name of required) if (!(name in fields)) throw invalid(name, 'is required')
  for (const name of Object.keys(fields)) {
    if (!required.includes(name) && !optional.includes(name)) throw invalid(name, 'is not allowed')
  }
  return fields
}

function text(fields: Fields, name: string): string {
  const value = fields[name]
  if (typeof value !== 'string' || (value === '' && name !== 'description')) throw invalid(name, 'must be a text')
  return value
}

function flag(fields: Fields, name: string): boolean {
  const value = fields[name]
  if (typeof value !== 'boolean') throw invalid(name, 'must be true or false')
  return value
}

/** Declared settings: of each, everything is mandatory. */
function settingsOf(value: unknown): FunctionSetting[] {
  if (!Array.isArray(value)) throw invalid('settings', 'must be a list')
  return value.map((entry: unknown) => {
    const given = fieldsOf(entry, ['name', 'label', 'description', 'type', 'required', 'sensitive'], [])
    const type = text(given, 'type')
    if (!['STRING', 'BOOLEAN', 'ARRAY', 'TEXT_MAP'].includes(type)) throw invalid('type', 'is unknown')
    return {
      name: text(given, 'name'),
      label: text(given, 'label'),
      description: text(given, 'description'),
      type,
      required: flag(given, 'required'),
      sensitive: flag(given, 'sensitive')
    }
  })
}

/** The values of an instance's settings: only those that are declared, and all that are required. */
function valuesOf(value: unknown, declared: FunctionSetting[]): Record<string, unknown> {
  const required = declared.filter((setting) => setting.required).map(({ name }) => name)
  return fieldsOf(
    value,
    required,
    declared.map(({ name }) => name)
  )
}

function page<Entry>(entries: Entry[], query: URLSearchParams) {
  const count = Number(query.get('pagination[count]') ?? 10)
  if (!Number.isInteger(count) || count < 1 || count > 1000) throw invalid('pagination.count', 'must be from 1 to 1000')
  const cursor = query.get('pagination[cursor]') ?? 'MA=='
  const start = Number(atob(cursor))
  const next = start + count < entries.length ? btoa(String(start + count)) : undefined
  return {
    entries: entries.slice(start, start + count),
    pagination: { current: cursor, ...(next && { next }), totalEntries: entries.length }
  }
}
