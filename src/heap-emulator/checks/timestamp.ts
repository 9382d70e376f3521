import { HeapError } from '../heapError'
import { readString } from './shape'
import type { JsonObject } from './shape'
import { placeOf, quote } from './wording'

const ISO_8601 =
  /^(\d{4})-(\d{2})-(\d{2})T([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(?:Z|[+-](?:[01]\d|2[0-3]):?[0-5]\d)$/

/** A date and time that exist, with a time zone (Heap, Track: ISO 8601). */
export function readTimestamp(object: JsonObject, at: string): string {
  const value = readString(object, 'timestamp', at)
  const match = ISO_8601.exec(value)
  if (!match || !isCalendarDay(Number(match[1]), Number(match[2]), Number(match[3]))) {
    throw new HeapError(
      400,
      `${placeOf(at, 'timestamp')} is ${quote(value)}; it must be a real ISO 8601 date and time with a time zone`
    )
  }
  return value
}

function isCalendarDay(year: number, month: number, day: number): boolean {
  // Day 0 of the next month is the last day of this one. Date.UTC takes the years below 100 for 19xx; the calendar
  // repeats every 400 years, so a year of the 2000s stands for them.
  return month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate()
}
