import { InvalidPayloadError } from './invalidPayload'
import { quoted, storable, trimmed } from './text'

/** An event's time as epoch has 9 or 10 digits in seconds and 12 or 13 in milliseconds: from 2000 to 2286. */
const FIRST_EPOCH_SECOND = 946_684_800
const EPOCH_SECONDS = /^(\d{9,10})(?:\.(\d+))?$/
const EPOCH_MILLISECONDS = /^(\d{9,10})(\d{3})(?:\.\d+)?$/

/** What programs print for a date that they do not have, apart from year 1 and the start of the epoch. */
const NO_DATE =
  /^(?:[+-]?0+(?:\.0+)?|-62135596800(?:000)?|0000([-/])00\1(?:00)(?!\d).*|0?1([-/.])0?1\2(?:000[01])(?!\d).*)$/

/** The start of the epoch may be printed in the time of any place on earth. */
const FARTHEST_ZONE_MS = 14 * 60 * 60 * 1000

/** No date is longer, with its fractions, the name of its zone and all. */
const MAX_LENGTH = 1000

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

const MONTH =
  '(?<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\\.?'
const WEEKDAY = '(?:(?<weekday>sun|mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?)(?:day)?\\.?,?\\s*)?'
const DAY = '(?<day>\\d{1,2})'
const YEAR = '(?<year>\\d{4})'
/** One digit is an hour only where a colon or AM or PM says so. */
const HOUR = '(?:\\d\\d|\\d(?=:|\\s*[ap]))'
const HALF = '(?:\\s*[ap]\\.?m\\.?)?'
const TIME = `(?<time>${HOUR}:\\d\\d(?::\\d\\d(?:[.,]\\d+)?)?${HALF})`
/** ISO 8601 leaves out what is zero, and in its basic form the colons. */
const ISO_TIME = `(?:(?:t|\\s+)(?<time>${HOUR}(?::?\\d\\d(?::?\\d\\d(?:[.,]\\d+)?)?)?${HALF})\\s*(?<zone>.*))?`
const ZONE = '(?<zone>.*)'
const THEN_TIME = `(?:,?\\s+(?:at\\s+)?${TIME}\\s*${ZONE})?`

/** The forms of a date that are taken, each whole. Of no other form is it certain which number is the day. */
const FORMS = [
  // ISO 8601, extended and basic
  `${YEAR}(?<separator>[-/])(?<month>\\d\\d?)\\k<separator>${DAY}${ISO_TIME}`,
  `${YEAR}(?<month>\\d\\d)(?<day>\\d\\d)${ISO_TIME}`,
  `${YEAR}-(?<month>\\d\\d)`,
  // RFC 2822: Mon, 23 Nov 2026 10:00:00 +0100
  `${WEEKDAY}${DAY}[-\\s]\\s*${MONTH}[-\\s]\\s*${YEAR}${THEN_TIME}`,
  // JavaScript: Mon Nov 23 2026 10:00:00 GMT+0100 (Central European Standard Time)
  `${WEEKDAY}${MONTH}\\s+${DAY},?\\s+${YEAR}${THEN_TIME}`,
  // Java and C: Mon Nov 23 10:00:00 PST 2026
  `${WEEKDAY}${MONTH}\\s+${DAY}\\s+${TIME}\\s*${ZONE}\\s${YEAR}`,
  `${WEEKDAY}${MONTH}\\s+${DAY}\\s+${TIME}\\s+${YEAR}\\s+${ZONE}`
].map((form) => new RegExp(`^${form}$`, 'i'))

const CLOCK = new RegExp(`^(${HOUR})(?::?(\\d\\d)(?::?(\\d\\d)(?:[.,](\\d+))?)?)?\\s*(?:([ap])\\.?m\\.?)?$`, 'i')

/** A zone with its name behind it, as JavaScript, Java and Go add it: GMT+0100 (CET), +01:00[Europe/Berlin], +0000 UTC m=+0.1 */
const NAMED_ZONE = /^([^\s([].*?)\s*(?:\(.*\)|\[.*\])$|^([+\u2212-]\S+)\s[a-z]{3,5}(?:\sm=\S+)?$/i

const OFFSET = /^(?:gmt|utc|ut)?\s*([+\u2212-])(?:(\d\d):?(\d\d)|(\d\d?)(?::(\d\d))?)$/i

/** Hours to UTC of the names that stand for one zone everywhere. Source: RFC 2822; the European ones as Java prints them. */
const ZONES = new Map([
  ['', 0],
  ['z', 0],
  ['ut', 0],
  ['utc', 0],
  ['gmt', 0],
  ['wet', 0],
  ['west', 1],
  ['cet', 1],
  ['cest', 2],
  ['eet', 2],
  ['eest', 3],
  ['est', -5],
  ['edt', -4],
  ['cst', -6],
  ['cdt', -5],
  ['mst', -7],
  ['mdt', -6],
  ['pst', -8],
  ['pdt', -7]
])

/**
 * A timestamp as ISO 8601 in UTC, to the millisecond; the same wherever it runs.
 *
 * @param timestamp ISO 8601, RFC 2822 or what JavaScript, Java and C print, in UTC where it names no time zone; or epoch
 * seconds or milliseconds from the year 2000 on, told apart by size
 * @returns undefined for nothing and for the zero of a clock (year 1, the start of 1970), which no event happened at
 * @throws InvalidPayloadError for what is not certain to be one instant
 */
export function isoTimestamp(timestamp: string | number | null | undefined): string | undefined {
  if (typeof timestamp === 'string' && isIsoTimestamp(timestamp)) return timestamp
  if (timestamp === undefined || timestamp === null) return undefined
  const text = trimmed(storable(String(timestamp)))
  if (text === undefined || NO_DATE.test(text)) return undefined
  const time = timeIn(text)
  if (Math.abs(time) <= FARTHEST_ZONE_MS) return undefined
  const date = new Date(time)
  const year = date.getUTCFullYear()
  if (year <= 1) return undefined
  if (!(year <= 9999)) {
    const given = quoted(timestamp)
    throw new InvalidPayloadError(
      `Timestamp ${given} is not a date that Heap accepts. Send ISO 8601, such as 2026-11-23T10:00:00.000Z, or epoch seconds or milliseconds.`
    )
  }
  return date.toISOString()
}

/** Whether it is just what Segment writes, and what is sent to Heap: 2026-11-23T10:00:00.000Z, from 1971 on. */
function isIsoTimestamp(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\dT[0-2]\d:[0-5]\d:[0-5]\d\.\d{3}Z$/.test(text)) return false
  const year = Number(text.slice(0, 4))
  const isDay = isDayOf(year, Number(text.slice(5, 7)), Number(text.slice(8, 10)))
  return isDay && year > 1970 && text.slice(11, 13) < '24'
}

function isDayOf(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false
  if (month === 2) return day <= ((year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28)
  return day <= (month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31)
}

/** Milliseconds since 1970, or NaN. */
function timeIn(text: string): number {
  if (text.length > MAX_LENGTH) return NaN
  return fromEpoch(text) ?? fromDate(text)
}

function fromEpoch(text: string): number | undefined {
  const milliseconds = EPOCH_MILLISECONDS.exec(text)
  const [, seconds, fraction = ''] = milliseconds ?? EPOCH_SECONDS.exec(text) ?? []
  if (seconds === undefined || Number(seconds) < FIRST_EPOCH_SECOND) return undefined
  return Number(seconds) * 1000 + toMilliseconds(fraction)
}

/** What is behind the decimal point of seconds, without what a millisecond cannot hold. */
function toMilliseconds(fraction: string): number {
  return Number(fraction.slice(0, 3).padEnd(3, '0'))
}

/** Milliseconds since 1970 of a date in one of the forms; NaN for a date that does not exist or whose zone nobody knows. */
function fromDate(text: string): number {
  for (const form of FORMS) {
    const { groups } = form.exec(text) ?? {}
    if (groups) return timeOf(groups)
  }
  return NaN
}

function timeOf({ year, month, day = '1', weekday, time = '', zone = '' }: Record<string, string | undefined>): number {
  const monthNumber = Number(month) || MONTHS.indexOf(String(month).slice(0, 3).toLowerCase()) + 1
  if (!isDayOf(Number(year), monthNumber, Number(day))) return NaN
  // Beside the name of a month, 24:00 is how JavaScript may print the midnight at which the day begins.
  if (!Number(month) && time.startsWith('24')) return NaN
  const date = new Date(0)
  date.setUTCFullYear(Number(year), monthNumber - 1, Number(day))
  if (weekday !== undefined && WEEKDAYS[date.getUTCDay()] !== weekday.slice(0, 3).toLowerCase()) return NaN
  return date.getTime() + sinceMidnight(time) - offsetOf(zone.trim())
}

/** Milliseconds since midnight; NaN for a time that no clock shows. */
function sinceMidnight(time: string): number {
  const [, hour = '0', minute = '0', second = '0', fraction = '', half] = CLOCK.exec(time) ?? []
  let hours = Number(hour)
  if (half !== undefined) {
    if (hours < 1 || hours > 12) return NaN
    hours = (hours % 12) + (half.toLowerCase() === 'p' ? 12 : 0)
  }
  const milliseconds = ((hours * 60 + Number(minute)) * 60 + Number(second)) * 1000 + toMilliseconds(fraction)
  // 24:00 is the midnight at which the day ends. Source: ISO 8601.
  const isOnClock = (hours < 24 || milliseconds === 24 * 3_600_000) && Number(minute) < 60 && Number(second) < 60
  return isOnClock ? milliseconds : NaN
}

/** Milliseconds that a zone is ahead of UTC; NaN for a zone that nobody knows. */
function offsetOf(zone: string): number {
  const [, commented, offset] = NAMED_ZONE.exec(zone) ?? []
  const name = commented ?? offset ?? zone
  const hoursAhead = ZONES.get(name.toLowerCase())
  if (hoursAhead !== undefined) return hoursAhead * 3_600_000
  const [, sign, hours, minutes, shortHours, shortMinutes] = OFFSET.exec(name) ?? []
  const minutesAhead = Number(minutes ?? shortMinutes ?? 0)
  const milliseconds = (Number(hours ?? shortHours) * 60 + minutesAhead) * 60_000
  if (!(milliseconds <= FARTHEST_ZONE_MS && minutesAhead < 60)) return NaN
  return sign === '+' ? milliseconds : -milliseconds
}
