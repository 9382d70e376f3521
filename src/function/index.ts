import type { JSONObject } from '@segment/actions-core'
import { parseFql, validate } from '@segment/destination-subscriptions'
import type { Condition } from '@segment/destination-subscriptions'
import type { Mapping } from './script'

/** A mapping of the customer's, found sound. */
export interface Subscription {
  name?: string
  partnerAction: string
  /** FQL, such as `type = "track"`. */
  subscribe: string
  mapping?: JSONObject
}

/** A Destination Function for Segment: one script. */
export interface FunctionScript {
  code: string
  /** The handlers that it has: those for the calls that some mapping can take, and onDelete and onBatch. */
  handlers: string[]
}

/** The name of the engine in the script. */
export const ENGINE = 'heapDestination'

/** Which engine a script needs. */
export interface EngineOptions {
  /** With Liquid, which mappings may use. */
  liquid: boolean
  /** With the names and the layout as they were written. */
  readable: boolean
}

/** The file that the package has an engine in, compressed. */
export function engineFile({ liquid, readable }: EngineOptions): string {
  return `engine${liquid ? '-liquid' : ''}${readable ? '-readable' : ''}.js.gz`
}

export interface BuildOptions {
  /** Gives the framework and the destination as one script: see bundleEngine. */
  engine: (options: EngineOptions) => Promise<string>
  /** Leave the names and the layout as they were written. */
  readable?: boolean
  /** Milliseconds after which a call answers for what is undecided; see heapFunction. */
  deadline?: number
}

/** Segment's handlers of one event, by the call that each takes. */
const HANDLERS = {
  track: 'onTrack',
  identify: 'onIdentify',
  page: 'onPage',
  screen: 'onScreen',
  group: 'onGroup',
  alias: 'onAlias'
}

/** Writes the destination with these mappings as the script that Segment's Functions run; the same ones give the same script. */
export async function buildFunction(
  subscriptions: Subscription[],
  { engine, readable = false, deadline = 4500 }: BuildOptions
): Promise<FunctionScript> {
  const mappings = subscriptions.map(mappingOf)
  const framework = await engine({ liquid: usesLiquid(subscriptions), readable })
  const calls = Object.entries(HANDLERS).flatMap(([type, handler]) =>
    mappings.some(({ condition }) => 'type' in condition && canTake(condition, type)) ? handler : []
  )
  const code = `// The Heap destination for Segment, as a Destination Function. Made by: heap-destination function build
${framework}
var destination = ${ENGINE}.heapFunction(${literal(mappings)}, ${deadline});
${calls.map((name) => `async function ${name}(event, settings) { await destination.onEvent(event, settings) }`).join('\n')}
async function onDelete(event, settings) { await destination.onDelete(event, settings) }
async function onBatch(events, settings) { return destination.onBatch(events, settings) }
`
  return { code, handlers: [...calls, 'onDelete', 'onBatch'] }
}

function mappingOf({ name, partnerAction, subscribe, mapping = {} }: Subscription): Mapping {
  return { name: name ?? partnerAction, partnerAction, subscribe, condition: parseFql(subscribe), mapping }
}

/** Whether some event of a kind meets a condition, whatever it must be like otherwise. */
function canTake(condition: Condition, type: string): boolean {
  switch (condition.type) {
    case 'group': {
      const takes = (child: Condition) => canTake(child, type)
      return condition.operator === 'and' ? condition.children.every(takes) : condition.children.some(takes)
    }
    case 'event-type':
      return validate({ type: 'group', operator: 'and', children: [condition] }, { type })
    default:
      return true
  }
}

function usesLiquid(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([key, entry]) => key === '@liquid' || usesLiquid(entry))
}

/** JSON as JavaScript, where a key `__proto__` would otherwise be no key. */
function literal(value: unknown): string {
  return JSON.stringify(value, null, 2).replaceAll('"__proto__":', '["__proto__"]:')
}
