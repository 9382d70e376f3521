import { randomUUID } from 'node:crypto'
import path from 'node:path'
import { bundleCommand } from './bundles'

/** Where the tests find the command as the package brings it. */
export const BUNDLE = path.join(__dirname, '../node_modules/.cache/heap-destination')

/** What jest does before all tests. */
export default function setup(): void {
  process.env.TEST_RUN = randomUUID()
  // It starts in a third of the time that the source takes.
  bundleCommand(BUNDLE)
}
