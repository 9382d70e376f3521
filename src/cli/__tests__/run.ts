import { spawn } from 'node:child_process'
import path from 'node:path'

/** The folder of the project. */
export const ROOT = path.join(__dirname, '../../..')

/** What a program printed, and the status it ended with. */
export interface Run {
  status: number | null
  output: string
  errors: string
}

/** Runs `heap-destination` as a person does, in a process of its own. */
export function heapDestination(args: string[], { cwd = ROOT, input = '' } = {}): Promise<Run> {
  return runNode([path.join(ROOT, 'bin/heap-destination.js'), ...args], { cwd, input })
}

/** Runs node in a process of its own. */
export function runNode(args: string[], options: { cwd?: string; input?: string } = {}): Promise<Run> {
  return run(process.execPath, args, options)
}

/** Runs a program in a process of its own. */
export function run(program: string, args: string[], { cwd = ROOT, input = '' } = {}): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd })
    let output = ''
    let errors = ''
    child.stdout.on('data', (text) => (output += text))
    child.stderr.on('data', (text) => (errors += text))
    child.on('error', reject)
    child.on('close', (status) => resolve({ status, output, errors }))
    child.stdin.end(input)
  })
}
