import path from 'node:path'
import type { BaseDefinition, DestinationDefinition, GlobalSetting } from '@segment/actions-core'
import type { Settings } from '../../destinations/heap/generated-types'
import { PACKAGE_DIRECTORY } from './package'

/** An environment that needs no account: the one of Heap's own documentation. */
export const EMULATED_APP_ID = '12343283'

/** The folder of the destination's source. */
export const DESTINATION_DIRECTORY = path.join(PACKAGE_DIRECTORY, 'src/destinations/heap')

/** The folder of the destination's half in the browser. */
export const BROWSER_DESTINATION_DIRECTORY = path.join(PACKAGE_DIRECTORY, 'src/browser-destinations/heap')

/**
 * The destination's definition, from its source as it is now.
 *
 * @throws whatever its source throws, such as a SyntaxError, and Error if it exports none
 */
export function loadDefinition(): DestinationDefinition<Settings> {
  for (const file of Object.keys(require.cache)) {
    if (file.startsWith(DESTINATION_DIRECTORY + path.sep)) delete require.cache[file]
  }
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { default: definition } = require('../../destinations/heap') as { default?: DestinationDefinition<Settings> }
  if (!definition) throw new Error('it has no default export, which is the definition')
  return definition
}

/** What the definition of a destination in the cloud and of one in the browser have in common. */
export interface Definition extends BaseDefinition {
  authentication?: { fields: Record<string, GlobalSetting> }
  settings?: Record<string, GlobalSetting>
}

/** The settings of a destination; in the cloud they are under `authentication`. */
export function settingsOf({ authentication, settings }: Definition): Record<string, GlobalSetting> {
  return settings ?? authentication?.fields ?? {}
}
