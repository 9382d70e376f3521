import path from 'node:path'
import { HeapEmulator, interceptHeap } from '../../heap-emulator'
import { readEvents } from '../events'
import { sendEvent } from '../journey'
import { jsonReport, tableReport } from '../report'

/** The options of `heap-destination send`. */
export interface SendOptions {
  /** Post to the real Heap; without it nothing leaves the machine. */
  live?: boolean
  appId?: string
  region: 'US' | 'EU'
  json?: boolean
}

/** What is sent where nothing is named. */
const EXAMPLES = path.relative(process.cwd(), path.join(__dirname, '../../../examples'))

/** An environment that needs no account: the one of Heap's own documentation. */
const EMULATED_APP_ID = '12343283'

/**
 * `heap-destination send`: takes events through the destination into Heap or its emulator and shows what became of each.
 *
 * @returns the exit status: 0 only when every event was read and delivered
 */
export async function send(
  sources: string[],
  { live, appId = EMULATED_APP_ID, region, json }: SendOptions
): Promise<number> {
  const emulator = live ? undefined : new HeapEmulator()
  const interception = emulator && interceptHeap(emulator)
  const report = json ? jsonReport(console.log) : tableReport(console.log, Math.max(process.stdout.columns ?? 120, 60))
  const totals = { read: 0, delivered: 0, unreadable: 0 }

  for await (const read of readEvents(sources.length > 0 ? sources : [EXAMPLES])) {
    if ('trouble' in read) {
      totals.unreadable++
      report.trouble(read, read.trouble)
      continue
    }
    const journey = await sendEvent(read.event, { appId, region })
    totals.read++
    if (journey.delivered) totals.delivered++
    report.journey({ source: read.source, line: read.line }, journey)
  }

  report.end(totals, emulator?.snapshot())
  interception?.restore()
  return totals.delivered === totals.read && totals.unreadable === 0 ? 0 : 1
}
