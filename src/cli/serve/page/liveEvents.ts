import { randomBytes } from 'node:crypto'
import { reasonOf } from '../../engine/eventResult'
import type { EventResult, RecordedRun } from '../../engine/eventResult'
import type { Subscription } from '../../engine/subscriptions'
import { fateOf } from './evaluation'
import type { LiveSummary } from './protocol'

/** So many events are kept, the latest. */
const MOST_EVENTS = 10_000
/** And of the whole results so many characters of JSON, the latest; of older events the summary stays. */
const MOST_TEXT = 64 * 1024 * 1024

interface Kept {
  summary: LiveSummary
  /** The result as JSON; missing where it nests too deep to be written, or is let go. */
  text?: string
  /** Those that were in use then. */
  subscriptions: Subscription[]
}

/** A whole result, and the mappings that made it. */
export interface KeptResult {
  summary: LiveSummary
  result?: EventResult<RecordedRun>
  subscriptions: Subscription[]
}

/** The latest events of a server, for the page. */
export class LiveEvents {
  private readonly boot = randomBytes(4).toString('hex')
  /** The event of number n stands at n − first. */
  private kept: Kept[] = []
  private first = 1
  private firstWithText = 1
  private textLength = 0

  /** Adds what became of an event; gives its summary. */
  add(result: EventResult<RecordedRun>, subscriptions: Subscription[]): LiveSummary {
    const number = this.first + this.kept.length
    const text = jsonOf(result)
    const summary = summaryOf(result, `${this.boot}-${number}`)
    this.kept.push({ summary, text, subscriptions })
    this.textLength += text?.length ?? 0
    if (this.kept.length > MOST_EVENTS + MOST_EVENTS / 10) this.letGo(MOST_EVENTS)
    while (this.textLength > MOST_TEXT && this.firstWithText < number) this.letTextGo(this.firstWithText++)
    return summary
  }

  /** The whole of an event; undefined for one that is not kept. */
  find(id: string): KeptResult | undefined {
    const kept = this.at(this.numberOf(id) ?? 0)
    if (!kept) return undefined
    const { summary, text, subscriptions } = kept
    return {
      summary,
      subscriptions,
      ...(text !== undefined && { result: JSON.parse(text) as EventResult<RecordedRun> })
    }
  }

  /** The latest events whose whole results are kept, oldest first. */
  latest(count: number): EventResult<RecordedRun>['event'][] {
    return this.kept
      .slice(-count)
      .flatMap(({ text }) => (text === undefined ? [] : (JSON.parse(text) as EventResult).event))
  }

  private at(number: number): Kept | undefined {
    return this.kept[number - this.first]
  }

  private numberOf(id: string): number | undefined {
    const [boot, number] = id.split('-')
    return boot === this.boot ? Number(number) : undefined
  }

  private letGo(most: number): void {
    const end = this.first + this.kept.length - most
    for (; this.firstWithText < end; this.firstWithText++) this.letTextGo(this.firstWithText)
    this.kept = this.kept.slice(-most)
    this.first = end
  }

  private letTextGo(number: number): void {
    const kept = this.at(number)
    if (!kept) return
    this.textLength -= kept.text?.length ?? 0
    delete kept.text
  }
}

function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}

/** Such a name or reason is enough to know an event by. */
const MOST_SHOWN = 300

function summaryOf(result: EventResult, id: string): LiveSummary {
  const { event } = result
  const name = shown(event.type === 'track' ? event.event : event.name)
  const who = shown(event.userId ?? event.anonymousId)
  return {
    id,
    at: new Date().toISOString(),
    type: event.type,
    ...(name !== undefined && { name }),
    ...(who !== undefined && { who }),
    fate: fateOf(result),
    reason: result.delivered ? '' : cut(reasonOf(result))
  }
}

function shown(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? cut(String(value)) : undefined
}

function cut(text: string): string {
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text
}
