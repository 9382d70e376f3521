import { Readable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { programOf } from '../../__tests__/program'
import type { Run } from '../../__tests__/run'
import { sendIn } from '..'
import type { Host } from '../host'

/** A `heap-destination send` that runs in this process. */
export interface Sending {
  /** What Ctrl-C does the first time. */
  stop: () => void
  ended: Promise<Run>
}

/** Runs `heap-destination send` in this process, as the command line does, but for waits that are short. */
export function sendHere(args: string[], host: Partial<Host> = {}): Promise<Run> {
  return startHere(args, host).ended
}

/** {@link sendHere}, to be stopped. */
export function startHere(args: string[], changes: Partial<Host> = {}): Sending {
  const controller = new AbortController()
  const output: string[] = []
  const errors: string[] = []
  const host: Host = {
    print: (text) => output.push(`${text}\n`),
    say: (text) => errors.push(`${text}\n`),
    width: 120,
    progress: { start: () => undefined, update: () => undefined, stop: () => undefined },
    input: Readable.from([]),
    signal: controller.signal,
    now: Date.now,
    wait: (_ms, signal) => setTimeout(1, undefined, { signal }),
    ...changes
  }
  return { stop: () => controller.abort(), ended: run(args, host, output, errors) }
}

async function run(args: string[], host: Host, output: string[], errors: string[]): Promise<Run> {
  let status: number | null = null
  const send = (...given: Parameters<typeof sendIn> extends [Host, ...infer Rest] ? Rest : never) =>
    sendIn(host, ...given)
  const program = programOf({ send }, (ended) => (status = ended), {
    writeOut: (text) => output.push(text),
    writeErr: (text) => errors.push(text)
  })
  try {
    await program.parseAsync(['send', ...args], { from: 'user' })
  } catch (error) {
    if (!(error instanceof Error && 'exitCode' in error)) throw error
    status = Number(error.exitCode)
  }
  return { status, output: output.join(''), errors: errors.join('') }
}
