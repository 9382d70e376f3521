import type { Settings } from '../../destinations/heap/generated-types'

/** What Segment hands to a function: texts, of which an empty one may arrive as such or not at all. */
export type FunctionSettings = Partial<Record<'appId' | 'region' | 'apiKey', string | null>>

/** The settings of the destination: what is empty is not set, and a region may be written in any case. */
export function settingsFrom(given: FunctionSettings | null | undefined): Settings {
  const appId = textOf(given?.appId)
  const region = textOf(given?.region).toUpperCase()
  const apiKey = textOf(given?.apiKey)
  return {
    // Of an empty App ID, the destination says where to find one.
    appId,
    // Any other region is told by the destination's schema.
    ...(region !== '' && { region }),
    ...(apiKey !== '' && { apiKey })
  }
}

function textOf(value: string | null | undefined): string {
  return String(value ?? '').trim()
}
