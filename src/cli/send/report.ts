import Table from 'cli-table3'
import wrap from 'wrap-ansi'
import type { EnvironmentSnapshot } from '../../heap-emulator'
import { errorText, reasonOf, resultLine } from '../engine/eventResult'
import type { EventResult, RecordedRun } from '../engine/eventResult'
import type { Exchange } from '../engine/recorder'
import { oneLine, printable, printableJson } from '../engine/terminal'
import type { Place } from '../input/jsonEvents'
import type { Tally } from './tally'

/** What a command tells of what it did, piece by piece. */
export interface Report {
  result(place: Place, result: EventResult<RecordedRun>): void
  /** Something that was not delivered, or could not be read. */
  problem(place: Place, reason: string): void
  /** Called once, at the end; `held` is what the emulator holds, if that is to be shown. */
  end(tally: Tally, held?: EnvironmentSnapshot[]): void
}

/** Tables for a person, `width` characters wide. */
export function tableReport(print: (text: string) => void, width: number): Report {
  return {
    result(place, result) {
      print(`${resultLine(result)}  (${placeName(place)})`)
      if (result.runs.length === 0) print(`  ${oneLine(reasonOf(result))}`)
      for (const run of result.runs) print(runText(run, width))
      print('')
    },
    problem(place, reason) {
      print(`✘ ${placeName(place)} ${oneLine(reason)}`)
      print('')
    },
    end(tally, held) {
      for (const environment of held ?? []) print(`${environmentText(environment, width)}\n`)
      print(tallyText(tally))
    }
  }
}

/** A JSON object a line, for scripts: an event each, and at the end what the emulator holds. */
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
    end: (tally, held) => line({ ...tally, ...(held && { held }) })
  }
}

function tallyText({ read, delivered, excluded, unreadable, failures }: Tally): string {
  const lines = [
    `${number(delivered)} of ${number(read)} events delivered.${unreadable > 0 ? ` ${number(unreadable)} more could not be read.` : ''}`,
    ...Object.entries(failures).map(([kind, times]) => `  ${number(times)} not delivered: ${oneLine(kind)}`)
  ]
  if (excluded > 0) lines.push(`  ${number(excluded)} left out: their "integrations" keep them from Heap`)
  return lines.join('\n')
}

function number(value: number): string {
  return value.toLocaleString('en')
}

function placeName({ source, line }: Place): string {
  return `${oneLine(source)}:${line}`
}

function runText({ action, exchanges, error }: RecordedRun, width: number): string {
  const rows = exchanges.map((exchange) => [placeOf(exchange), indented(exchange.request.body), responseOf(exchange)])
  const parts =
    rows.length > 0 ? [table([`${action} posted to`, 'What was posted', 'Answer'], rows, [0.3, 0.54, 0.16], width)] : []
  if (error) parts.push(`  ${action}: ${oneLine(errorText(error))}`)
  return parts.join('\n')
}

function placeOf({ request: { method, url } }: Exchange): string {
  const { origin, pathname } = new URL(url)
  return `${method} ${origin}\n${pathname}`
}

function responseOf({ response, failure }: Exchange): string {
  if (!response) return failure ?? 'no answer'
  const { statusCode, body } = response
  return `${statusCode} ${typeof body === 'string' ? body : JSON.stringify(body)}`.trim()
}

function environmentText({ region, app_id, events, users, accounts }: EnvironmentSnapshot, width: number): string {
  const counts = [counted(events.length, 'event'), counted(users.length, 'user'), counted(accounts.length, 'account')]
  const parts = [`Heap (${region}, App ID ${app_id}) now holds ${counts.slice(0, -1).join(', ')} and ${counts.at(-1)}.`]
  if (events.length > 0) {
    const rows = events.map(({ event, user, user_identifier, timestamp, properties }) => [
      `${event}\n${timestamp ?? ''}`,
      user ?? `anonymous visitor\n${Object.values(user_identifier).join('\n')}`,
      lines(properties)
    ])
    parts.push(table(['Event', 'Belongs to', 'Properties'], rows, [0.26, 0.26, 0.48], width))
  }
  if (users.length > 0) {
    const rows = users.map(({ identity, properties }) => [identity, lines(properties)])
    parts.push(table(['User', 'Properties'], rows, [0.24, 0.76], width))
  }
  if (accounts.length > 0) {
    const rows = accounts.map(({ account_id, properties }) => [account_id, lines(properties)])
    parts.push(table(['Account', 'Properties'], rows, [0.24, 0.76], width))
  }
  return parts.join('\n')
}

function table(head: string[], rows: string[][], shares: number[], width: number): string {
  const colWidths = shares.map((share) => Math.floor(share * (width - shares.length - 1)))
  const drawn = new Table({ head, colWidths, style: { head: [], border: [] } })
  const fit = (text: string, column: number) => {
    const lines = printable(text).split('\n')
    return lines.map((line) => fitted(line, colWidths[column] - 2)).join('\n')
  }
  drawn.push(...rows.map((row) => row.map(fit)))
  return drawn.toString()
}

/** The table's own wrapping would trim the indentation. Wrapping measures character by character, which few lines need. */
function fitted(line: string, width: number): string {
  return line.length <= width && /^[ -~]*$/.test(line) ? line : wrap(line, width, { hard: true, trim: false })
}

function lines(properties: Record<string, unknown>): string {
  return Object.entries(properties)
    .map(([key, value]) => `${key}: ${String(value)}`)
    .join('\n')
}

function indented(body: unknown): string {
  return JSON.stringify(body, null, 2) ?? ''
}

function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
