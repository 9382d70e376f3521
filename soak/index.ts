import { soak } from './soak'

const EVENTS = Number(process.argv[2] ?? 200_000)
const MOST_MEGABYTES = 300

/** Sends 200,000 events through faults, a kill and a resume; exit status 1 if any was lost or doubled. */
async function main(): Promise<void> {
  const result = await soak(EVENTS)
  const { output, lost, doubled, stale, peakMegabytes } = result
  console.log(output.trim())
  console.table({
    'track calls': result.sent,
    'of them stored': result.stored,
    'lines of --failed': result.failed,
    requests: result.requests,
    'of them struck by a fault': result.faults,
    'events in them, with those sent again': result.events,
    lost: lost.length,
    doubled: doubled.length,
    'profiles out of date': stale.length,
    'peak memory in MB': peakMegabytes,
    seconds: result.seconds
  })
  const failed = lost.length + doubled.length + stale.length > 0 || peakMegabytes >= MOST_MEGABYTES
  console.log(
    failed
      ? `Not as it must be: ${JSON.stringify([lost, doubled, stale].map((ids) => ids.slice(0, 5)))}`
      : 'As it must be.'
  )
  process.exitCode = failed ? 1 : 0
}

void main()
