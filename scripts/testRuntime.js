const path = require('node:path')
const { setFlagsFromString } = require('node:v8')
const { Script } = require('node:vm')
const Runtime = require('jest-runtime').default

// As it comes, the V8 of Node 20 spends a seventh of a run on optimizing functions that few test files run often.
if (process.versions.v8.startsWith('11.')) setFlagsFromString('--interrupt-budget=300000')

// All processors are busy with tests, so to collect garbage in several threads takes time from them. `npm test` also gives new objects
// 64 MB, four times the usual, so that fewer are still in use, and copied, each time.
setFlagsFromString('--no-parallel-scavenge')
setFlagsFromString('--no-concurrent-marking')

/** Passed to each module: to look one up in the context of a test file is slow. Those that a test may replace are not among them. */
const GLOBALS =
  'Array Boolean Buffer Error JSON Map Math Number Object Promise RegExp Set String Symbol TypeError WeakMap'.split(' ')

/** What this worker has compiled for the test files before, by file. */
const compiled = new Map()

/** Jest's own runtime, but for what makes a run a quarter longer. */
module.exports = class extends Runtime {
  constructor(config, environment, resolver, transformer, cache, coverage, testPath, globalConfig) {
    // The destination is covered by its own tests alone, so the others run it as it is.
    const isOwnTest = testPath.startsWith(path.join(config.rootDir, 'src/destinations/heap', path.sep))
    const collectCoverage = coverage.collectCoverage && isOwnTest
    super(config, environment, resolver, transformer, cache, { ...coverage, collectCoverage }, testPath, globalConfig)

    const { executor } = this
    const compileAnew = executor.compile.bind(executor)
    const opening = `(function (${GLOBALS}) { return function (${executor.injectedModuleParameters}) {`

    executor.compile = (source, file) => {
      const context = environment.getVmContext()
      // To import later, a module must know its test file.
      if (!context || source.includes('import(')) return compileAnew(source, file)
      let known = compiled.get(file)
      if (known?.source !== source) {
        const script = new Script(`${opening}${source}\n}})`, { filename: file, columnOffset: -opening.length })
        known = { source, script }
        compiled.set(file, known)
      }
      return known.script.runInContext(context)(...GLOBALS.map((name) => environment.global[name]))
    }
  }
}
