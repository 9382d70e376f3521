import { writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import fetch, { Response } from 'node-fetch'
import { buildFunction } from '../../function'
import type { FunctionScript } from '../../function'
import { FunctionsRuntime } from '../../segment-functions'
import type { ErrorType } from '../../segment-functions'
import { EMULATED_APP_ID, loadDefinition } from '../engine/definition'
import { isSameFile } from '../engine/files'
import { activeSubscriptions } from '../engine/subscriptions'
import { UsageError } from '../usageError'
import { engineFor } from './engine'

/** The options of `heap-destination function build`. */
export interface BuildOptions {
  /** A file of subscriptions to use instead of the presets. */
  mappings?: string
  /** The file to write, or - for the standard output. */
  out: string
  readable?: boolean
}

/**
 * `heap-destination function build`: writes the destination as a script for Segment's Functions.
 *
 * @returns the exit status
 * @throws {UsageError} for mappings that cannot work and a file that cannot be written
 */
export async function build({ mappings, out, readable }: BuildOptions): Promise<number> {
  if (mappings !== undefined && isSameFile(mappings, out)) {
    throw new UsageError(`The script would overwrite the mappings in ${out}. Give --out another name.`)
  }
  const { code, handlers } = await scriptFor(mappings, readable)
  // What goes into a pipe is the script alone.
  const say = out === '-' ? console.error : console.log
  if (out === '-') process.stdout.write(code)
  else write(out, code)
  say(`${out === '-' ? 'The script' : out} has ${sizeOf(code)}. Handlers: ${handlers.join(', ')}.`)
  return 0
}

/**
 * The script for the presets, or for the mappings in a file, after it ran in the stand-in of Segment's runtime.
 *
 * @throws {UsageError} if the file cannot be read or a mapping cannot work
 */
export async function scriptFor(mappings: string | undefined, readable = false): Promise<FunctionScript> {
  const definition = loadDefinition()
  const subscriptions = activeSubscriptions(mappings, definition, console.error)
  const script = await buildFunction(subscriptions, { engine: engineFor, readable })
  await runOnce(script)
  return script
}

/** How large a script is, for a person. */
export function sizeOf(code: string): string {
  return `${kilobytes(Buffer.byteLength(code))} KB (${kilobytes(gzipSync(code).length)} KB gzipped)`
}

function kilobytes(bytes: number): string {
  return (bytes / 1000).toFixed(1)
}

/** @throws Error where the script does not come to an end by itself, whatever it says of the event */
async function runOnce({ code, handlers }: FunctionScript): Promise<void> {
  const runtime = new FunctionsRuntime(code, { fetch: Object.assign(async () => new Response('{}'), fetch) })
  const results = [
    await runtime.invoke(SAMPLE, { appId: EMULATED_APP_ID }),
    ...(await runtime.invokeBatch([SAMPLE], { appId: EMULATED_APP_ID }))
  ]
  const broken = results.find((result) => !result.delivered && BROKEN.has(result.error))
  if (broken && !broken.delivered) throw new Error(`The script fails in Segment's runtime: ${broken.message}`)
  if (runtime.handlers.join() !== handlers.join()) {
    throw new Error(`The script has other handlers than it should: ${runtime.handlers.join(', ')}`)
  }
}

const BROKEN = new Set<ErrorType | number>(['Bad Request', 'Timeout'])

const SAMPLE = { type: 'track', event: 'Tried', messageId: 'message-0001', userId: 'ann' }

function write(file: string, code: string): void {
  try {
    writeFileSync(file, code)
  } catch (error) {
    throw new UsageError(`${file} cannot be written (${(error as NodeJS.ErrnoException).code}).`)
  }
}
