import path from 'node:path'
import type { DestinationDefinition } from '@segment/actions-core'
import type { Settings } from '../destinations/heap/generated-types'

/** The folder of the destination's source. */
export const DESTINATION_DIRECTORY = path.join(__dirname, '../destinations/heap')

/**
 * The destination's definition as its source stands now.
 *
 * @throws whatever its source throws, such as a SyntaxError
 */
export function loadDefinition(): DestinationDefinition<Settings> {
  for (const file of Object.keys(require.cache)) {
    if (file.startsWith(DESTINATION_DIRECTORY + path.sep)) delete require.cache[file]
  }
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  return (require('../destinations/heap') as { default: DestinationDefinition<Settings> }).default
}
