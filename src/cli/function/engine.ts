import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { engineFile } from '../../function'
import type { EngineOptions } from '../../function'
import { PACKAGE_DIRECTORY, RUNS_FROM_SOURCE } from '../engine/package'

/** Those that were made, by the names that they have in the package. */
const engines = new Map<string, Promise<string>>()

/** The framework and the destination as one script: made of the source, once a process, or as the package brings it. */
export async function engineFor(options: EngineOptions): Promise<string> {
  const name = engineFile(options)
  if (!RUNS_FROM_SOURCE)
    return gunzipSync(await readFile(path.join(PACKAGE_DIRECTORY, 'dist/function', name))).toString()
  const { bundleEngine } = require('../../function/engine') as typeof import('../../function/engine')
  const engine = engines.get(name) ?? bundleEngine(options).then(({ code }) => code)
  engines.set(name, engine)
  return engine
}
