#!/usr/bin/env node
// In a clone, the source runs as it stands, so that nothing needs building. The package brings a bundle instead.
const { existsSync } = require('node:fs')
const path = require('node:path')

const SOURCE = path.join(__dirname, '../src/cli/index.ts')

if (existsSync(SOURCE)) runSource()
else require('../dist/cli/index.js')

function runSource() {
  require('tsx/cjs')
  try {
    require(SOURCE)
  } catch (error) {
    // The destination's source may be under work; its author wants to know where it breaks, not where tsx was.
    if (error.name !== 'TransformError') throw error
    console.error(error.message)
    process.exitCode = 1
  }
}
