import type { Readable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { ProgressBar } from './progressBar'
import type { Wait } from './retries'

/** The world around `send`. */
export interface Host {
  /** Prints a line of the output. */
  print: (text: string) => void
  /** Says a line to the person that is not part of the output. */
  say: (text: string) => void
  /** How many characters fit in a line of the output. */
  width: number
  /** Shows how far a long send has come. */
  progress: ProgressDisplay
  /** Read in place of the standard input. */
  input: Readable
  /** Stops the send in good order. */
  signal: AbortSignal
  /** In milliseconds, from any zero. */
  now: () => number
  wait: Wait
}

/** Shows a person how far a long send has come. */
export interface ProgressDisplay {
  /** @param bytes how many there are to read, if known */
  start(bytes: number | undefined): void
  /** @param bytes read so far; `events` done so far */
  update(bytes: number, events: number): void
  stop(): void
}

/** The process, its terminal and its clock; the first Ctrl-C stops in good order, the second at once. */
export function processHost(): Host & { dispose: () => void } {
  const controller = new AbortController()
  // Through exit, at which a progress bar restores the terminal.
  const stop = () => (controller.signal.aborted ? process.exit(130) : controller.abort())
  const signals = ['SIGINT', 'SIGTERM'] as const
  for (const signal of signals) process.on(signal, stop)
  let bar: ProgressBar | undefined
  const progress: ProgressDisplay = {
    start(bytes) {
      // Left alone, V8 lets several times as much garbage pile up as there is in use.
      setFlagsFromString('--heap-growing-percent=20')
      if (process.stderr.isTTY) bar = new ProgressBar(process.stderr, bytes)
    },
    update: (bytes, events) => bar?.update(bytes, events),
    stop() {
      bar?.stop()
      bar = undefined
    }
  }
  return {
    print: (text) => (bar && process.stdout.isTTY ? bar.print(text) : console.log(text)),
    say: (text) => (bar ? bar.print(text) : console.error(text)),
    // A log is read in windows of any width; few are narrower than this.
    width: Math.max(process.stdout.columns ?? 80, 40),
    progress,
    input: process.stdin,
    signal: controller.signal,
    now: Date.now,
    wait: (ms, signal) => setTimeout(ms, undefined, { signal }),
    dispose() {
      progress.stop()
      for (const signal of signals) process.removeListener(signal, stop)
    }
  }
}
