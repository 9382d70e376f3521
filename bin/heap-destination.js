#!/usr/bin/env node
// Runs the TypeScript sources as they are, so that there is nothing to build before the command works.
require('tsx/cjs')
try {
  require('../src/cli/index.ts')
} catch (error) {
  // The destination's source may be under work; its author wants to know where it breaks, not where tsx was.
  if (error.name !== 'TransformError') throw error
  console.error(error.message)
  process.exitCode = 1
}
