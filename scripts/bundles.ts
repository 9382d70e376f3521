import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { buildSync } from 'esbuild'
import type { BuildOptions, Metafile } from 'esbuild'
import { pageBundle } from '../src/cli/serve/page/assets'
import { engineFile } from '../src/function'
import { bundleEngine } from '../src/function/engine'
import { bundledPackages, noticesOf } from './licences'

const ROOT = path.join(__dirname, '..')
const PAGE = path.join(ROOT, 'src/cli/serve/page/client')

const MOST_GZIPPED_BYTES = 7_000

const NOTICES = 'THIRD-PARTY-LICENSES.txt'

/** Bundles the definition of the destination into index.js of a folder: of many small files each takes up a block of the disk. */
export function bundleDestination(folder: string): void {
  bundle(path.join(folder, 'index.js'), {
    platform: 'node',
    target: 'node20',
    entryPoints: ['src/destinations/heap/index.ts'],
    external: ['@segment/actions-core']
  })
}

/**
 * Bundles the command with its libraries, so that whoever installs the package need not install them, into index.js of a folder,
 * and beside it the page of `serve`.
 */
export function bundleCommand(folder: string): void {
  const options: BuildOptions = {
    platform: 'node',
    target: 'node20',
    // In one file of CommonJS, a command is still loaded only when it is asked for.
    format: 'cjs',
    mainFields: ['module', 'main'],
    // The package depends on the first two. The author's commands want a clone, and never run from a bundle; nor is
    // the page bundled there, or what a function is made with.
    minify: true,
    charset: 'utf8',
    // node-fetch takes it where Node has no URL, and it is a fifth of the bundle.
    alias: { 'whatwg-url': 'node:url' },
    external: [
      ...['@segment/actions-core', 'liquidjs', './author/*', 'esbuild', '../../function/engine'],
      // Of express's decoder, the East Asian encodings, in which it takes no JSON.
      './tables/*.json'
    ]
  }
  const bundles = [
    bundle(path.join(folder, 'index.js'), { ...options, entryPoints: ['src/cli/index.ts'] }),
    bundle(path.join(folder, 'page/page.js'), pageBundle(path.join(PAGE, 'main.tsx')))
  ]
  for (const name of ['index.html', 'page.css']) {
    write(path.join(folder, 'page', name), readFileSync(path.join(PAGE, name)))
  }
  writeNotices(folder, bundles)
}

/**
 * Bundles the plugin for analytics.js, for browsers, into a folder: heap.js, and deliveries.js, which it loads together with Heap. The
 * definition of the destination, which a visitor does not download, goes into definition.js.
 *
 * @returns how much a visitor downloads, a line a file
 * @throws {Error} if that is more than a page should be asked for
 */
export function bundleForBrowsers(folder: string): string {
  const options: BuildOptions = { minify: true, format: 'esm', target: 'es2022' }
  const definition = "export { destination } from './src/browser-destinations/heap'"
  const whole = bundle(path.join(folder, 'definition.js'), {
    ...options,
    stdin: { contents: definition, resolveDir: ROOT }
  })
  const heap = bundle(path.join(folder, 'heap.js'), {
    ...options,
    entryPoints: ['src/browser-destinations/heap/plugin.ts'],
    external: ['./deliveries.js'],
    footer: { js: "export{destination}from'./definition.js'" }
  })
  const deliveries = bundle(path.join(folder, 'deliveries.js'), {
    ...options,
    entryPoints: ['src/browser-destinations/heap/deliveries.ts']
  })
  // The rest of the package is CommonJS. A site's bundler leaves out what the site does not import.
  write(path.join(folder, 'package.json'), '{ "type": "module", "sideEffects": false }\n')
  writeNotices(folder, [whole, heap, deliveries])
  return `${sizeOf('heap.js', heap.code)}${sizeOf('deliveries.js', deliveries.code)}`
}

function sizeOf(name: string, code: Uint8Array): string {
  const gzipped = gzipSync(code, { level: 9 }).length
  if (gzipped > MOST_GZIPPED_BYTES) {
    throw new Error(
      `${name} is ${kilobytes(gzipped)} KB gzipped; it must be at most ${kilobytes(MOST_GZIPPED_BYTES)} KB.`
    )
  }
  return `dist/browser/${name}: ${kilobytes(code.length)} KB, ${kilobytes(gzipped)} KB gzipped\n`
}

/** Bundles what the scripts of Segment Functions are made with into a folder, so that whoever installs the package can make them. */
export async function bundleEngines(folder: string): Promise<void> {
  for (const liquid of [false, true]) {
    for (const readable of [false, true]) {
      const { code, metafile } = await bundleEngine({ liquid, readable })
      write(path.join(folder, engineFile({ liquid, readable })), gzipSync(code, { level: 9 }))
      // With Liquid, it has all that it has without.
      if (liquid) write(path.join(folder, NOTICES), noticesOf(bundledPackages(metafile)))
    }
  }
}

interface Bundle {
  code: Uint8Array
  metafile: Metafile
}

/** Bundles into a file. */
function bundle(file: string, options: BuildOptions): Bundle {
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
  return { code: contents, metafile }
}

/** Writes the notices of all packages that are in some bundles of a folder. */
function writeNotices(folder: string, bundles: Bundle[]): void {
  const packages = new Map(
    bundles.flatMap(({ metafile }) => bundledPackages(metafile)).map((one) => [`${one.name} ${one.version}`, one])
  )
  const sorted = Array.from(packages.keys()).sort()
  write(path.join(folder, NOTICES), noticesOf(sorted.flatMap((name) => packages.get(name) ?? [])))
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
