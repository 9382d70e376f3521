import { InvalidPayloadError } from './invalidPayload'

/** Epoch seconds reach this number in the year 5138, epoch milliseconds did in 1973: smaller numbers are seconds. */
const FIRST_MILLISECONDS = 1e11

/** A time zone at the end of a date: Z, a name such as GMT or EST, or an offset behind a time of day; a comment may follow. */
const ZONE = /(?:z|[a-z]{3,4}|\d:\d\d.*[+-]\d\d(?::?\d\d)?)(?:\s*\(.*\))?$/i

/**
 * A timestamp as ISO 8601 in UTC, to the millisecond.
 *
 * @param timestamp a date in words or ISO 8601, UTC where it names no time zone; or epoch seconds or milliseconds, told apart by size
 * @throws InvalidPayloadError for what is no date between the years 0 and 9999
 */
export function isoTimestamp(timestamp: string | number): string {
  const text = String(timestamp).trim()
  const time = /^[+-]?\d+(\.\d+)?$/.test(text) ? fromEpoch(Number(text)) : fromText(text)
  const date = new Date(time)
  const year = date.getUTCFullYear()
  if (!(year >= 0 && year <= 9999)) {
    throw new InvalidPayloadError(
      `Timestamp "${timestamp}" is not a date that Heap accepts. Send ISO 8601, such as 2026-11-23T10:00:00.000Z, or epoch seconds or milliseconds.`
    )
  }
  return date.toISOString()
}

function fromEpoch(epoch: number): number {
  return Math.abs(epoch) < FIRST_MILLISECONDS ? epoch * 1000 : epoch
}

/** Segment's own timestamps end in Z. Without a zone, `Date.parse` would take the zone of the machine. It understands `Z` behind a digit and ` UTC` behind a word. */
function fromText(text: string): number {
  if (text.endsWith('Z') || ZONE.test(text)) return Date.parse(text)
  return Date.parse(text + (/\d$/.test(text) ? 'Z' : ' UTC'))
}
