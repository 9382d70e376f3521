// Builds dist/, which the package consists of: the destination, the command, and what runs in browsers.
import { execFileSync } from 'node:child_process'
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { bundleCommand, bundleDestination, bundleEngines, bundleForBrowsers } from './bundles'

const ROOT = path.join(__dirname, '..')
const DIST = path.join(ROOT, 'dist')

rmSync(DIST, { recursive: true, force: true })
execFileSync(process.execPath, [require.resolve('typescript/bin/tsc'), '-p', 'tsconfig.build.json'], {
  cwd: ROOT,
  stdio: 'inherit'
})
bundleDestination(path.join(DIST, 'destinations/heap'))
bundleCommand(path.join(DIST, 'cli'))
process.stdout.write(bundleForBrowsers(path.join(DIST, 'browser')))
copyTypesOfTheRuntime()
void bundleEngines(path.join(DIST, 'function'))

/** So that the types of what is bundled for browsers resolve where the runtime that is bundled with it is not installed. */
function copyTypesOfTheRuntime(): void {
  const types = path.join(DIST, 'browser-destinations')
  copyFileSync(
    require.resolve('@segment/browser-destination-runtime/types').replace(/\.js$/, '.d.ts'),
    `${types}/runtime.d.ts`
  )
  for (const name of readdirSync(types, { encoding: 'utf8', recursive: true })) {
    const file = path.join(types, name)
    if (!name.endsWith('.d.ts')) continue
    const runtime = path.posix.join(path.posix.relative(path.posix.dirname(name), '.'), 'runtime')
    const text = readFileSync(file, 'utf8')
    writeFileSync(file, text.replaceAll('@segment/browser-destination-runtime/types', runtime))
  }
  const exports = ['plugin.js', 'index.js'].map((name) => `export * from '../browser-destinations/heap/${name}'\n`)
  writeFileSync(path.join(DIST, 'browser/heap.d.ts'), exports.join(''))
}
