import { spawn } from 'node:child_process'
import path from 'node:path'
import { BUNDLE } from '../../../scripts/testSetup'

/** The folder of the project. */
export const ROOT = path.join(__dirname, '../../..')

/** `heap-destination` as the package brings it, to run with node. */
export const COMMAND = path.join(BUNDLE, 'index.js')

/** `heap-destination` as a clone runs it, which takes three times as long to start. */
export const COMMAND_FROM_SOURCE = path.join(ROOT, 'bin/heap-destination.js')

/**
 * The environment of a program that a test starts. In a clone it has esbuild read a hundred files, each in a process of its own if
 * it may not keep one, as jest.config.js asks for.
 */
export function environment(): NodeJS.ProcessEnv {
  return { ...process.env, ESBUILD_WORKER_THREADS: '1' }
}

/** What a program printed, and the status it ended with. */
export interface Run {
  status: number | null
  output: string
  errors: string
}

/** Runs `heap-destination` as a person does, in a process of its own. */
export function heapDestination(args: string[], { cwd = ROOT, input = '' } = {}): Promise<Run> {
  return runNode([COMMAND, ...args], { cwd, input })
}

/** Runs node in a process of its own. */
export function runNode(args: string[], options: { cwd?: string; input?: string } = {}): Promise<Run> {
  return run(process.execPath, args, options)
}

/** Runs a program in a process of its own. */
export function run(program: string, args: string[], { cwd = ROOT, input = '' } = {}): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: environment() })
    let output = ''
    let errors = ''
    child.stdout.on('data', (text) => (output += text))
    child.stderr.on('data', (text) => (errors += text))
    child.on('error', reject)
    child.on('close', (status) => resolve({ status, output, errors }))
    child.stdin.end(input)
  })
}
