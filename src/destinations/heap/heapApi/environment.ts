import { ErrorCodes, IntegrationError } from '@segment/actions-core'
import type { Settings } from '../generated-types'
import { quoted } from '../rules/text'

/** Heap, Data Residency: data of an EU environment must not go to the US host. */
export const HOSTS = { US: 'https://heapanalytics.com', EU: 'https://c.eu.heap-api.com' }

/** Where a customer's data goes: the host of the region and the ID of the environment. */
export interface Environment {
  host: string
  appId: string
}

/**
 * Reads the environment from the settings.
 *
 * @throws IntegrationError when the App ID is no number (Heap would take the data and store it nowhere) or the region is unknown.
 */
export function environmentOf({ appId, region = 'US' }: Settings): Environment {
  // Segment checks the settings on onEvent and onBatch only.
  const id = String(appId ?? '').trim()
  if (!/^\d+$/.test(id)) {
    // It is not shown, as it may be the API Key in the wrong place.
    throw new IntegrationError(
      'App ID is not a Heap environment ID, which is a number such as 12343283. Copy it from Heap, under Account > Manage > Projects.',
      ErrorCodes.BAD_REQUEST,
      400
    )
  }
  if (region !== 'US' && region !== 'EU') {
    const given = quoted(region)
    throw new IntegrationError(
      `Data Region ${given} is unknown, so nothing was sent. Select US or EU, whichever your Heap environment is in.`,
      ErrorCodes.BAD_REQUEST,
      400
    )
  }
  return { host: HOSTS[region], appId: id }
}
