import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'

/** How a tool ended. */
export interface Run {
  status: number | null
  /** What it wrote to standard output. */
  output: string
  /** All that it wrote. */
  text: string
}

/** The tools of a checkout, run with its own folder as theirs. */
export class Checkout {
  readonly root: string
  readonly #signal: AbortSignal

  constructor(root: string, signal: AbortSignal) {
    this.root = root
    this.#signal = signal
  }

  /** A path in the checkout. */
  at(...names: string[]): string {
    return path.join(this.root, ...names)
  }

  /** Runs a command of action-destinations' own command line. */
  cli(...args: string[]): Promise<Run> {
    return this.#run(process.execPath, [this.at('bin/run'), ...args], '.')
  }

  /** Runs a tool that the checkout has installed, in a folder of the checkout: the folder's version of it before the root's. */
  tool(name: string, args: string[], folder = '.'): Promise<Run> {
    const installed = [this.at(folder, 'node_modules/.bin', name), this.at('node_modules/.bin', name)]
    return this.#run(installed.find((file) => existsSync(file)) ?? name, args, folder)
  }

  git(...args: string[]): Promise<Run> {
    return this.#run('git', args, '.')
  }

  #run(command: string, args: string[], folder: string): Promise<Run> {
    return new Promise((resolve, reject) => {
      this.#signal.throwIfAborted()
      // In a group of its own, so that whatever it starts ends with it.
      const child = spawn(command, args, {
        cwd: this.at(folder),
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, TZ: 'UTC', NODE_OPTIONS: '--max-old-space-size=4096 --no-deprecation', FORCE_COLOR: '0' }
      })
      const stop = () => killGroup(child.pid)
      this.#signal.addEventListener('abort', stop)
      const [output, text] = [[] as string[], [] as string[]]
      child.stdout.setEncoding('utf8').on('data', (part: string) => {
        output.push(part)
        text.push(part)
      })
      child.stderr.setEncoding('utf8').on('data', (part: string) => text.push(part))
      child.on('error', reject)
      child.on('close', (status) => {
        this.#signal.removeEventListener('abort', stop)
        if (this.#signal.aborted) reject(this.#signal.reason as Error)
        else resolve({ status, output: output.join(''), text: text.join('') })
      })
    })
  }
}

function killGroup(id: number | undefined): void {
  try {
    if (id !== undefined) process.kill(-id, 'SIGKILL')
  } catch {
    // It has just ended.
  }
}
