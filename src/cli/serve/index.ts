import { HeapEmulator, interceptHeap } from '../../heap-emulator'
import { EMULATED_APP_ID } from '../engine/definition'
import { errorOf } from '../engine/errors'
import { reasonOf, resultLine } from '../engine/eventResult'
import type { EventResult } from '../engine/eventResult'
import { oneLine } from '../engine/terminal'
import { startServer } from './server'
import type { RunningServer } from './server'
import { UsageError } from '../usageError'

/** The options of `heap-destination serve`. */
export interface ServeOptions {
  port: number
  /** Post to the real Heap; without it nothing leaves the machine. */
  live?: boolean
  appId?: string
  region: 'US' | 'EU'
  /** A file of mappings to use instead of the presets. */
  mappings?: string
}

/** The API key that the emulator knows, to try deletion with. */
const EMULATED_API_KEY = 'test-key'

/** The emulator holds only the latest events, users and accounts, so that memory levels off. */
const KEPT = 10_000

const UNSEEN = ['unhandledRejection', 'uncaughtException']

/**
 * `heap-destination serve`: the protocol of actions-cli and a Segment source on this machine, until Ctrl-C.
 *
 * @param stop resolves when the server is to end
 * @param print called with the output, one line or several at a time
 * @returns the exit status
 * @throws {UsageError} if the port is taken or the mappings cannot work
 */
export async function serve(
  { port, live, appId = EMULATED_APP_ID, region, mappings }: ServeOptions,
  stop: Promise<void> = interrupted(),
  print: (text: string) => void = console.log
): Promise<number> {
  const emulator = live
    ? undefined
    : new HeapEmulator({ keepRequests: 0, keep: KEPT, apiKeys: { [appId]: EMULATED_API_KEY } })
  const interception = emulator && interceptHeap(emulator, { allowLocal: true })
  // Someone may be editing the destination's source: an error in it that nothing waits for does not end the server.
  const sayUnseen = (error: unknown) => print(oneLine(`The destination failed unseen: ${errorOf(error).message}`))
  for (const kind of UNSEEN) process.on(kind, sayUnseen)
  try {
    const server = await startServer({
      port,
      settings: { appId, region },
      emulator,
      mappingsFile: mappings,
      onResult: (result) => print(lineOf(result)),
      say: print
    }).catch(portTaken(port))
    const heap = live ? `the real one, App ID ${appId}` : `the emulator, App ID ${appId}, API key ${EMULATED_API_KEY}`
    print(greeting(server, heap))
    await stop
    await server.stop()
    return 0
  } finally {
    interception?.restore()
    for (const kind of UNSEEN) process.off(kind, sayUnseen)
  }
}

/** Ctrl-C, or what a supervisor sends. */
function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
}

function greeting({ url }: RunningServer, heap: string): string {
  return `Listening on ${url}. Heap is ${heap}. Ctrl-C ends it.
  The page         ${url}
  Segment SDKs     new Analytics({ writeKey: 'any', host: '${url}' })
  Actions Tester   POST ${url}/trackEvent and the like
  What happens     ${url}/events
  What Heap holds  ${url}/heap`
}

function lineOf(result: EventResult): string {
  const { delivered, runs } = result
  return `${resultLine(result)} ${delivered ? `→ ${runs.map(({ action }) => action).join(', ')}` : oneLine(reasonOf(result))}`
}

function portTaken(port: number): (error: unknown) => never {
  return (error) => {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE') throw new UsageError(`Port ${port} is taken. Name another with --port.`)
    if (code === 'EACCES') throw new UsageError(`Port ${port} may not be used. Name another with --port.`)
    throw error
  }
}
