import { existsSync } from 'node:fs'
import path from 'node:path'

/** The folder of the package: of a clone, or where npm has installed it. */
export const PACKAGE_DIRECTORY = folderWith('package.json', __dirname)

/** Whether this runs from source, as in a clone, and not from the bundle that the package brings. */
export const RUNS_FROM_SOURCE = __filename.endsWith('.ts')

function folderWith(name: string, folder: string): string {
  return existsSync(path.join(folder, name)) ? folder : folderWith(name, path.dirname(folder))
}
