import { once } from 'node:events'
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import type { SegmentEvent } from '@segment/actions-core'
import type { Settings } from '../../../destinations/heap/generated-types'
import { RUNS_FROM_SOURCE } from '../../engine/package'
import type { Subscription } from '../../engine/subscriptions'
import type { BatchedFate, Task } from './evaluation'
import type { Reply } from './evaluationWorker'
import type { Preview } from './protocol'

/** A destination that evaluates mappings in a thread of its own, one task after the other. */
export class Evaluator {
  private thread: Thread | undefined
  private last: Promise<unknown> = Promise.resolve()

  constructor(private readonly settings: Settings) {}

  /** What a mapping makes of an event. @throws the signal's reason if it came before the turn of this one */
  preview(event: SegmentEvent, subscription: Subscription, signal: AbortSignal): Promise<Preview> {
    return this.inOrder({ kind: 'preview', event, subscription }, signal) as Promise<Preview>
  }

  /** What becomes of events. @throws the signal's reason if it came before the turn of this one */
  batch(events: SegmentEvent[], subscriptions: Subscription[], signal: AbortSignal): Promise<BatchedFate[]> {
    return this.inOrder({ kind: 'batch', events, subscriptions }, signal) as Promise<BatchedFate[]>
  }

  /** Forgets the destination: the next task is evaluated with its source as it stands then. */
  async restart(): Promise<void> {
    const { thread } = this
    this.thread = undefined
    await thread?.worker.terminate()
  }

  private inOrder(task: Task, signal: AbortSignal): Promise<unknown> {
    const turn = this.last.then(() => {
      // Whoever asked has asked something newer meanwhile, or gone.
      signal.throwIfAborted()
      return this.run(task)
    })
    this.last = turn.catch(() => undefined)
    return turn
  }

  private async run(task: Task): Promise<unknown> {
    const { worker, ended } = (this.thread ??= startThread(this.settings, () => (this.thread = undefined)))
    worker.postMessage(task)
    const [reply] = (await Promise.race([once(worker, 'message'), ended])) as [Reply]
    if ('error' in reply) throw new Error(reply.error)
    return reply.value
  }
}

interface Thread {
  worker: Worker
  /** Rejects once the thread has ended, with the reason. */
  ended: Promise<never>
}

function startThread(settings: Settings, onEnd: () => void): Thread {
  const worker = new Worker(path.join(__dirname, RUNS_FROM_SOURCE ? '../../index.ts' : 'index.js'), {
    workerData: settings,
    ...(RUNS_FROM_SOURCE && { execArgv: ['--require', require.resolve('tsx/cjs')] })
  })
  worker.unref()
  const ended = new Promise<never>((_resolve, reject) => {
    worker.once('error', reject)
    worker.once('exit', () => reject(new Error('The evaluation was ended, as the destination was loaded anew.')))
  })
  ended.catch(onEnd)
  return { worker, ended }
}
