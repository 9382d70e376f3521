// Builds dist/browser/heap.js, the plugin for analytics.js, and says how much a visitor downloads.
const fs = require('node:fs')
const path = require('node:path')
const zlib = require('node:zlib')
const esbuild = require('esbuild')

const ROOT = path.join(__dirname, '..')
const FOLDER = path.join(ROOT, 'dist/browser')
const MOST_GZIPPED_BYTES = 20_000

esbuild.buildSync({
  entryPoints: [path.join(ROOT, 'src/browser-destinations/heap/plugin.ts')],
  outfile: path.join(FOLDER, 'heap.js'),
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2020'
})
// The rest of the package is CommonJS.
fs.writeFileSync(path.join(FOLDER, 'package.json'), '{ "type": "module" }\n')
fs.writeFileSync(path.join(FOLDER, 'heap.d.ts'), "export * from '../browser-destinations/heap/plugin.js'\n")

const built = fs.readFileSync(path.join(FOLDER, 'heap.js'))
const gzipped = zlib.gzipSync(built, { level: 9 }).length
console.log(`dist/browser/heap.js: ${kilobytes(built.length)} KB, ${kilobytes(gzipped)} KB gzipped`)
if (gzipped > MOST_GZIPPED_BYTES) {
  console.error(`It must be at most ${kilobytes(MOST_GZIPPED_BYTES)} KB gzipped.`)
  process.exitCode = 1
}

function kilobytes(bytes) {
  return (bytes / 1000).toFixed(1)
}
