import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { BuildOptions } from 'esbuild'
import { RUNS_FROM_SOURCE } from '../../engine/package'

/** A file of the page. */
export interface Asset {
  type: string
  text: string
}

/** The build puts the page beside the bundled command. */
const FOLDER = path.join(__dirname, RUNS_FROM_SOURCE ? 'client' : 'page')

/**
 * The files of the page by their path on the server. In a clone the script is bundled from its source when it is first asked for,
 * once for all servers of the process; the package has it ready.
 */
export async function pageAssets(): Promise<Map<string, Asset>> {
  const read = (name: string) => readFileSync(path.join(FOLDER, name), 'utf8')
  return new Map([
    ['/', { type: 'text/html', text: read('index.html') }],
    ['/page/page.css', { type: 'text/css', text: read('page.css') }],
    [
      '/page/page.js',
      { type: 'text/javascript', text: RUNS_FROM_SOURCE ? await (script ??= bundled()) : read('page.js') }
    ]
  ])
}

/** The script, once it was asked for. */
let script: Promise<string> | undefined

async function bundled(): Promise<string> {
  // The package neither has nor needs it.
  const { build } = require('esbuild') as typeof import('esbuild')
  const { outputFiles } = await build({ ...pageBundle(path.join(FOLDER, 'main.tsx')), bundle: true, write: false })
  return outputFiles[0].text
}

/** How esbuild makes the page's script of its source. */
export function pageBundle(entry: string): BuildOptions {
  return {
    entryPoints: [entry],
    minify: true,
    format: 'iife',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact'
  }
}
