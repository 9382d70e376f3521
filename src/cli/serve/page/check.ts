import { once } from 'node:events'
import { Readable } from 'node:stream'
import type { SegmentEvent } from '@segment/actions-core'
import type { Request, Response } from 'express'
import { readEvents } from '../../input/events'
import { STANDARD_INPUT } from '../../input/sources'
import type { BatchedFate } from './evaluation'
import type { CheckResult } from './protocol'

/** Events of a file are evaluated so many at a time. */
const BATCH = 500

/** No file fails for so many different reasons that a person would read them all. */
const MOST_REASONS = 200

/** The longest event that is handed back to be opened, in characters of JSON. */
const MOST_TEXT = 64 * 1024

/**
 * Reads the events of a posted file, and answers with what would become of them: a {@link CheckResult} a line, each with all
 * that was found so far. Nothing is kept, and the reading ends where the answer is no longer waited for.
 */
export async function checkFile(
  request: Request,
  response: Response,
  evaluate: (events: SegmentEvent[], signal: AbortSignal) => Promise<BatchedFate[]>
): Promise<void> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const result: CheckResult = {
    bytes: 0,
    total: Number(request.query.size) || 0,
    counts: { delivered: 0, refused: 0, 'not taken': 0, 'left out': 0, unreadable: 0 },
    reasons: [],
    isDone: false
  }
  const reasons = new Map<string, CheckResult['reasons'][number]>()
  const note = (fate: CheckResult['reasons'][number]['fate'], reason: string, line: number, event?: SegmentEvent) => {
    result.counts[fate]++
    if (fate === 'delivered') return
    const known = reasons.get(`${fate} ${reason}`)
    if (known) known.count++
    else if (reasons.size < MOST_REASONS) {
      const isShort = event !== undefined && lengthOf(event) <= MOST_TEXT
      const entry = { fate, reason, count: 1, line, ...(isShort && { event: { ...event } }) }
      reasons.set(`${fate} ${reason}`, entry as CheckResult['reasons'][number])
    }
  }
  let waiting: { event: SegmentEvent; line: number }[] = []
  const settle = async () => {
    const batch = waiting
    waiting = []
    const fates =
      batch.length === 0
        ? []
        : await evaluate(
            batch.map(({ event }) => event),
            gone.signal
          )
    fates.forEach(({ fate, reason }, index) => note(fate, reason, batch[index].line, batch[index].event))
    result.reasons = Array.from(reasons.values()).sort((one, other) => other.count - one.count)
    if (!response.write(`${JSON.stringify(result)}\n`)) await once(response, 'drain', { signal: gone.signal })
  }
  response.type('application/x-ndjson')
  // A file that cannot be read is left in its middle, which must not close the connection before that is said; the rest is passed over.
  const input = Readable.from(request.iterator({ destroyOnReturn: false }))
  input.once('close', () => request.resume())
  try {
    const onBytes = (bytes: number) => (result.bytes += bytes)
    for await (const read of readEvents({ name: STANDARD_INPUT }, { input, signal: gone.signal, onBytes })) {
      if ('event' in read) waiting.push({ event: read.event, line: read.line })
      else note('unreadable', read.reason, read.line ?? 1)
      if (waiting.length === BATCH) await settle()
    }
    result.isDone = !gone.signal.aborted
    await settle()
    response.end()
  } catch (error) {
    if (!gone.signal.aborted) throw error
  }
}

function lengthOf(event: SegmentEvent): number {
  try {
    return JSON.stringify(event).length
  } catch {
    return Infinity
  }
}
