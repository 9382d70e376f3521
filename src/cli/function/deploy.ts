import { setTimeout } from 'node:timers/promises'
import { UsageError } from '../usageError'
import { scriptFor, sizeOf } from './build'
import { SegmentApi } from './segmentApi'
import type { ConnectedDestination, FunctionSetting, WorkspaceFunction, WorkspaceRegion } from './segmentApi'
import { SETTINGS } from './settings'

/** The options of `heap-destination function deploy`. */
export interface DeployOptions {
  name: string
  /** The ID of the function to update, where its name says too little. */
  function?: string
  workspaceRegion: WorkspaceRegion
  /** A file of subscriptions to use instead of the presets. */
  mappings?: string
  /** The ID of a source to connect the function to. */
  source?: string
  appId?: string
  region: 'US' | 'EU'
  /** Let the source send at once. */
  enable?: boolean
  dryRun?: boolean
}

/** What `deploy` has of the world around it. */
export interface DeployHost {
  env: Partial<Record<'SEGMENT_PUBLIC_API_TOKEN' | 'HEAP_API_KEY', string>>
  fetch: typeof globalThis.fetch
  report: (line: string) => void
  wait: (milliseconds: number) => Promise<unknown>
}

/**
 * `heap-destination function deploy`: brings the function of a workspace up to date, or makes it, and connects it.
 *
 * @returns the exit status
 * @throws {UsageError} for what is missing, cannot be told apart or is refused by Segment
 */
export function deploy(options: DeployOptions): Promise<number> {
  return deployIn({ env: process.env, fetch, report: console.log, wait: setTimeout }, options)
}

/** {@link deploy} with another world around it than that of the process. */
export async function deployIn(host: DeployHost, options: DeployOptions): Promise<number> {
  const token = host.env.SEGMENT_PUBLIC_API_TOKEN?.trim()
  const apiKey = host.env.HEAP_API_KEY?.trim() || undefined
  if (!token) {
    throw new UsageError(
      'SEGMENT_PUBLIC_API_TOKEN is not set. Put a token of Segment’s Public API in it; a Workspace Owner makes one in Segment under Settings > Workspace settings > Access Management > Tokens.'
    )
  }
  // No header can carry it, which would look as if Segment could not be reached.
  if (/[^\x21-\x7e]/.test(token)) {
    throw new UsageError(
      'SEGMENT_PUBLIC_API_TOKEN holds a character that no token has, such as a line break or a curly quotation mark. Copy the token again.'
    )
  }
  if (options.source !== undefined && options.appId === undefined) {
    throw new UsageError('--source needs --app-id, the number of your Heap environment.')
  }
  if (options.source === undefined && (options.enable || options.appId !== undefined)) {
    throw new UsageError('--app-id and --enable need --source, the ID of the source that the function is connected to.')
  }
  const { code } = await scriptFor(options.mappings)
  const secrets = [token, ...(apiKey ? [apiKey] : [])]
  const { fetch, wait } = host
  const api = new SegmentApi({ token, region: options.workspaceRegion, fetch, wait, secrets })
  return new Deployment(host, options, api, code, apiKey).run()
}

/** One deployment: finds the function, says what will change, and changes it. */
class Deployment {
  constructor(
    private readonly host: DeployHost,
    private readonly options: DeployOptions,
    private readonly api: SegmentApi,
    private readonly code: string,
    private readonly apiKey: string | undefined
  ) {}

  async run(): Promise<number> {
    const { source, dryRun } = this.options
    const found = await this.find()
    const deployed = found ? await this.update(found) : await this.create()
    if (source !== undefined) await this.connect(deployed, source)
    if (dryRun) this.host.report('Nothing was changed, as of --dry-run.')
    return 0
  }

  private async find(): Promise<WorkspaceFunction | undefined> {
    const { name, function: id } = this.options
    if (id !== undefined) return this.checked(await this.api.function(id))
    const named = (await this.api.functions()).filter(({ displayName }) => nameOf(String(displayName)) === name)
    if (named.length > 1) {
      const list = named.map((one) => `${one.displayName}: ${one.id}`).join(', ')
      throw new UsageError(`${named.length} functions are called ${name}. Say which one with --function: ${list}.`)
    }
    return named.length === 1 ? this.api.function(named[0].id) : undefined
  }

  private checked(found: WorkspaceFunction): WorkspaceFunction {
    if (found.resourceType === 'DESTINATION') return found
    throw new UsageError(`${found.id} (${found.displayName}) is no destination function, so it is left alone.`)
  }

  /** @returns the function; undefined where it was not made, as of --dry-run */
  private async create(): Promise<WorkspaceFunction | undefined> {
    const { name, dryRun } = this.options
    this.host.report(`There is no function called ${name} yet. This makes it, with a script of ${sizeOf(this.code)}.`)
    if (dryRun) return undefined
    const fields = {
      code: this.code,
      displayName: name,
      resourceType: 'DESTINATION',
      settings: SETTINGS,
      description: 'Sends events, and the properties of people and accounts, to Heap.'
    }
    const made = (await this.api.createFunction(fields)) ?? (await this.find())
    if (!made)
      throw new UsageError(
        'Segment took the function, but does not list it. Look for it in Segment under Connections > Catalog > Functions.'
      )
    this.host.report(`Made ${made.displayName}, ${made.id}.`)
    return made
  }

  private async update(found: WorkspaceFunction): Promise<WorkspaceFunction> {
    const { report } = this.host
    const title = `${found.displayName}, ${found.id},`
    const changes = {
      ...(found.code?.trim() !== this.code.trim() && { code: this.code }),
      ...(!sameSettings(found.settings ?? [], SETTINGS) && { settings: SETTINGS })
    }
    if (Object.keys(changes).length === 0) {
      report(`${title} is up to date.`)
      return found
    }
    if ('code' in changes)
      report(`${title} gets another script: ${sizeOf(found.code ?? '')} now, ${sizeOf(this.code)} then.`)
    if ('settings' in changes) report(`${title} gets other settings: ${SETTINGS.map(({ name }) => name).join(', ')}.`)
    report('This changes every connected instance of it at once.')
    if (this.options.dryRun) return found
    await this.api.updateFunction(found.id, changes)
    report(`Updated ${found.displayName}.`)
    return found
  }

  private async connect(deployed: WorkspaceFunction | undefined, source: string): Promise<void> {
    const { report } = this.host
    const { enable, dryRun, appId, region, name } = this.options
    const connected = await this.api.connectedDestinations(source)
    const own = connected.filter(({ metadata }) => deployed !== undefined && metadata.id === deployed.catalogId)
    this.warnOfOthers(connected.filter((one) => !own.includes(one)))
    if (own.length > 0) return this.keep(own[0], source)

    report(
      `This connects it to ${source} with the App ID ${appId} in the ${region}, ${this.apiKey ? 'with' : 'without'} an API key, ${enable ? 'enabled' : 'disabled: switch it on in Segment, or run this again with --enable'}.`
    )
    if (dryRun || !deployed) return
    if (deployed.catalogId === undefined)
      throw new UsageError(`Segment does not say how to connect ${deployed.id}. Connect it in Segment.`)
    const settings = { appId, region, ...(this.apiKey && { apiKey: this.apiKey }) }
    const { id } = await this.api.connect({
      sourceId: source,
      metadataId: deployed.catalogId,
      name,
      enabled: enable ?? false,
      settings
    })
    report(`Connected, as ${id}.`)
  }

  /** What is connected stays as it is, but for --enable. */
  private async keep({ id, enabled, settings = {} }: ConnectedDestination, source: string): Promise<void> {
    const { report } = this.host
    const { enable, dryRun, appId, region } = this.options
    const there = { appId: textOf(settings.appId), region: textOf(settings.region).toUpperCase() || 'US' }
    if (there.appId !== appId || there.region !== region) {
      throw new UsageError(
        `It is connected to ${source} already, as ${id}, with the App ID ${there.appId} in the ${there.region}. Change that in Segment, or leave out --source.`
      )
    }
    if (enabled || !enable) {
      report(`It is connected to ${source} already, as ${id}, and ${enabled ? 'enabled' : 'disabled'}. That stays so.`)
      return
    }
    report(`It is connected to ${source} already, as ${id}. It is enabled now.`)
    if (!dryRun) await this.api.enable(id)
  }

  private warnOfOthers(connected: ConnectedDestination[]): void {
    for (const { id, enabled, metadata, name } of connected) {
      if (!enabled || !/\bheap\b/i.test(metadata.name ?? name ?? '')) continue
      this.host.report(
        `Mind that ${metadata.name ?? name}, ${id}, is enabled for this source too. With both enabled, events may arrive twice.`
      )
    }
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.trim() : ''
}

/** A function's name without that of the workspace, which Segment appends in parentheses: "Heap" of "Heap (acme)". */
function nameOf(displayName: string): string {
  if (!displayName.endsWith(')')) return displayName
  let depth = 0
  for (let at = displayName.length - 1; at > 0; at--) {
    if (displayName[at] === ')') depth++
    if (displayName[at] === '(' && --depth === 0) return displayName.slice(0, at).trimEnd()
  }
  return displayName
}

function sameSettings(there: FunctionSetting[], here: FunctionSetting[]): boolean {
  const written = (settings: FunctionSetting[]) =>
    JSON.stringify(
      settings.map(({ name, label, description, type, required, sensitive }) => [
        name,
        label,
        description,
        type,
        required,
        sensitive
      ])
    )
  return written(there) === written(here)
}
