import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { buildSync } from 'esbuild'
import type { BuildOptions } from 'esbuild'
import { bundledPackages, noticesOf } from './licences'

const ROOT = path.join(__dirname, '..')

const MOST_GZIPPED_BYTES = 20_000

/** Bundles the command with its libraries, so that who installs the package need not install them, into index.js of a folder. */
export function bundleCommand(folder: string): void {
  bundle(path.join(folder, 'index.js'), {
    entryPoints: ['src/cli/index.ts'],
    platform: 'node',
    target: 'node20',
    // In one file of CommonJS, a command is still loaded only when it is asked for.
    format: 'cjs',
    mainFields: ['module', 'main'],
    // The package depends on the first two. The author's commands want a clone, and never run from a bundle.
    minify: true,
    // For stack traces.
    keepNames: true,
    external: ['@segment/actions-core', 'liquidjs', './author/*']
  })
}

/**
 * Bundles the plugin for analytics.js, for browsers, into heap.js of a folder.
 *
 * @returns how much a visitor downloads
 * @throws {Error} if that is more than a page should be asked for
 */
export function bundleForBrowsers(folder: string): string {
  const code = bundle(path.join(folder, 'heap.js'), {
    entryPoints: ['src/browser-destinations/heap/plugin.ts'],
    minify: true,
    format: 'esm',
    target: 'es2020'
  })
  const gzipped = gzipSync(code, { level: 9 }).length
  if (gzipped > MOST_GZIPPED_BYTES) {
    throw new Error(
      `heap.js is ${kilobytes(gzipped)} KB gzipped; it must be at most ${kilobytes(MOST_GZIPPED_BYTES)} KB.`
    )
  }
  // The rest of the package is CommonJS.
  write(path.join(folder, 'package.json'), '{ "type": "module" }\n')
  return `${kilobytes(code.length)} KB, ${kilobytes(gzipped)} KB gzipped`
}

/** Bundles into a file, with the notices of the bundled packages beside it. */
function bundle(file: string, options: BuildOptions): Uint8Array {
  const { outputFiles, metafile } = buildSync({
    ...options,
    absWorkingDir: ROOT,
    bundle: true,
    write: false,
    legalComments: 'none',
    metafile: true
  })
  const [{ contents }] = outputFiles
  write(file, contents)
  write(path.join(path.dirname(file), 'THIRD-PARTY-LICENSES.txt'), noticesOf(bundledPackages(metafile)))
  return contents
}

/** At once, so that whoever reads the file meanwhile gets a whole one. */
function write(file: string, contents: string | Uint8Array): void {
  mkdirSync(path.dirname(file), { recursive: true })
  const unfinished = `${file}.${process.pid}`
  writeFileSync(unfinished, contents)
  renameSync(unfinished, file)
}

function kilobytes(bytes: number): string {
  return (bytes / 1000).toFixed(1)
}
