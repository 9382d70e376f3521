import type { EnvironmentSnapshot } from '../../heap-emulator'
import type { EventResult, RecordedRun } from '../engine/eventResult'
import { printableJson } from '../engine/terminal'
import type { Place } from '../input/jsonEvents'
import type { Tally } from './tally'

/** Reports what a command did, piece by piece. */
export interface Report {
  result(place: Place, result: EventResult<RecordedRun>): void
  /** Something that was not delivered, or could not be read. */
  problem(place: Place, reason: string): void
  /** Called once, at the end. */
  end(tally: Tally, how?: End): void
}

/** How a command came to its end. */
export interface End {
  /** What the emulator holds, if that is to be shown. */
  held?: EnvironmentSnapshot[]
  /** It was stopped before it had read all. */
  isStopped?: boolean
}

/** One JSON object per line, for scripts: one per event, and at the end what the emulator holds. */
export function jsonReport(print: (text: string) => void): Report {
  const line = (value: object) => print(printableJson(JSON.stringify(value)))
  return {
    result(place, result) {
      try {
        line({ ...place, ...result })
      } catch {
        // The event nests too deep to be written.
        const runs = result.runs.map(({ subscription, action, error }) => ({ subscription, action, error }))
        line({ ...place, delivered: result.delivered, excluded: result.excluded, runs })
      }
    },
    problem: (place, reason) => line({ ...place, delivered: false, reason }),
    end: (tally, { held } = {}) => line({ ...tally, ...(held && { held }) })
  }
}
