import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { engineFile } from '../../function'
import type { EngineOptions } from '../../function'
import { PACKAGE_DIRECTORY, RUNS_FROM_SOURCE } from '../engine/package'

/** The framework and the destination as one script: made of the source, or as the package brings it. */
export async function engineFor(options: EngineOptions): Promise<string> {
  if (!RUNS_FROM_SOURCE) return readFile(path.join(PACKAGE_DIRECTORY, 'dist/function', engineFile(options)), 'utf8')
  const { bundleEngine } = require('../../function/engine') as typeof import('../../function/engine')
  return (await bundleEngine(options)).code
}
