import type { EnvironmentSnapshot, StoredEvent } from '../../heap-emulator'
import { errorText, reasonOf, resultLine } from '../engine/eventResult'
import type { Exchange } from '../engine/recorder'
import { oneLine } from '../engine/terminal'
import type { Place } from '../input/jsonEvents'
import { drawn } from './drawing'
import type { Row } from './drawing'
import type { Report } from './report'
import type { Tally } from './tally'

/** How a report is laid out. */
export interface TextReportOptions {
  /** The width of a line, in characters. */
  width: number
  /** Whether the details of every event are shown; otherwise those of the first. */
  verbose: boolean
}

/** For a person: one line per event, what was sent for the first or for each, and what Heap holds. */
export function textReport(print: (text: string) => void, { width, verbose }: TextReportOptions): Report {
  let isFirst = true
  return {
    result(place, result) {
      print(`${resultLine(result)}  (${placeName(place)})`)
      if (result.runs.length === 0) print(`  ${oneLine(reasonOf(result))}`)
      for (const run of result.runs) {
        if (isFirst || verbose) for (const exchange of run.exchanges) print(exchangeText(exchange, width))
        if (run.error) print(`  ${run.action}: ${oneLine(errorText(run.error))}`)
      }
      isFirst = false
    },
    problem(place, reason) {
      print(`✘ ${placeName(place)} ${oneLine(reason)}`)
      isFirst = false
    },
    end(tally, { held, isStopped } = {}) {
      if (!isFirst) print('')
      for (const environment of held ?? []) print(`${environmentText(environment, width, verbose)}\n`)
      print(tally.read === 0 && isStopped ? 'No event was delivered.' : tallyText(tally))
    }
  }
}

function placeName({ source, line }: Place): string {
  return line === undefined ? oneLine(source) : `${oneLine(source)}:${line}`
}

function exchangeText({ request: { method, url, body }, response, failure }: Exchange, width: number): string {
  const answer = response ? `${response.statusCode} ${textOf(response.body)}`.trim() : (failure ?? 'no response')
  return [`  ${method} ${url} → ${oneLine(answer)}`, ...drawn(Object.entries({ ...(body as object) }), width, 4)].join(
    '\n'
  )
}

function textOf(body: unknown): string {
  return typeof body === 'string' ? body : JSON.stringify(body)
}

function environmentText(environment: EnvironmentSnapshot, width: number, verbose: boolean): string {
  const { region, app_id, events, users, accounts } = environment
  const counts = [counted(events.length, 'event'), counted(users.length, 'user'), counted(accounts.length, 'account')]
  const parts = [`Heap (${region}, App ID ${app_id}) now holds ${counts.slice(0, -1).join(', ')} and ${counts.at(-1)}.`]
  if (events.length > 0) parts.push('  Events', ...eventLines(events, width, verbose))
  if (users.length > 0)
    parts.push(
      '  Users',
      ...drawn(
        users.map(({ identity, properties }) => [identity, orNone(properties)]),
        width,
        4
      )
    )
  if (accounts.length > 0)
    parts.push(
      '  Accounts',
      ...drawn(
        accounts.map(({ account_id, properties }) => [account_id, orNone(properties)]),
        width,
        4
      )
    )
  return parts.join('\n')
}

function eventLines(events: StoredEvent[], width: number, verbose: boolean): string[] {
  const rows = events.map(({ event, user, user_identifier, timestamp }): Row => {
    const who = user ?? `anonymous visitor ${Object.values(user_identifier).join(' ')}`
    return [event, timestamp === undefined ? who : `${who}, ${timestamp}`]
  })
  if (!verbose) return drawn(rows, width, 4)
  return rows.flatMap((row, index) => [
    ...drawn([row], width, 4),
    ...drawn(Object.entries(events[index].properties), width, 6)
  ])
}

function orNone(properties: object): unknown {
  return Object.keys(properties).length > 0 ? properties : 'no properties'
}

function tallyText({ read, delivered, excluded, unreadable, failures }: Tally): string {
  if (read === 0)
    return unreadable > 0 ? 'Nothing was sent: no event could be read.' : 'Nothing was sent: there was no event.'
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

function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
