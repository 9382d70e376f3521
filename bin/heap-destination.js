#!/usr/bin/env node
// Runs the TypeScript sources as they are, so that there is nothing to build before the command works.
require('tsx/cjs')
require('../src/cli/index.ts')
