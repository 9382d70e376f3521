import { parentPort, workerData } from 'node:worker_threads'
import type { Settings } from '../../../destinations/heap/generated-types'
import { errorOf } from '../../engine/errors'
import { Evaluation } from './evaluation'
import type { Task } from './evaluation'

/** What the thread answers to a task. */
export type Reply = { value: unknown } | { error: string }

const evaluation = new Evaluation(workerData as Settings)

async function run(task: Task): Promise<unknown> {
  return task.kind === 'preview'
    ? evaluation.preview(task.event, task.subscription)
    : evaluation.batch(task.events, task.subscriptions)
}

parentPort?.on('message', (task: Task) => {
  const answer = (reply: Reply) => parentPort?.postMessage(reply)
  run(task).then(
    (value) => answer({ value }),
    (error: unknown) => answer({ error: errorOf(error).message })
  )
})
