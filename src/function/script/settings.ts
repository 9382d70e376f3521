import type { Settings } from '../../destinations/heap/generated-types'

/** What Segment hands to a function: texts by the names of the settings; an empty one as such, or not at all. */
export type FunctionSettings = Record<string, unknown>

/**
 * The settings of the destination. What is empty is not set, and a region may be written in any case.
 *
 * Where a person adds a setting in Segment's editor, Segment makes its name of the label: "Data Region" may be `dataRegion`.
 */
export function settingsFrom(given: FunctionSettings | null | undefined): Settings {
  const region = textOf(given, 'region', 'dataregion').toUpperCase()
  const apiKey = textOf(given, 'apikey')
  return {
    // Of an empty App ID, the destination says where to find one.
    appId: textOf(given, 'appid'),
    ...(region !== '' && { region }),
    ...(apiKey !== '' && { apiKey })
  }
}

/** @param names in lower case, without what is no letter */
function textOf(given: FunctionSettings | null | undefined, ...names: string[]): string {
  const isMeant = (name: string) => names.includes(name.toLowerCase().replace(/[^a-z]/g, ''))
  const texts = Object.entries(given ?? {}).flatMap(([name, value]) =>
    isMeant(name) ? String((value as string | null) ?? '').trim() : []
  )
  return texts.find((text) => text !== '') ?? ''
}
