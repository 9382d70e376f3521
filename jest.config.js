// Another zone than UTC, so that a date which takes the machine's own zone shows.
process.env.TZ = 'America/New_York'
// Otherwise each test file that bundles would leave a process of esbuild behind.
process.env.ESBUILD_WORKER_THREADS = '0'

const { availableParallelism } = require('node:os')

/** @type {import('jest').Config} */
module.exports = {
  // Types are checked by `npm run typecheck`; to read them here too takes longer than many a test.
  transform: { '^.+\\.ts$': '@sucrase/jest-plugin' },
  testEnvironment: 'node',
  runtime: '<rootDir>/scripts/testRuntime.js',
  moduleNameMapper: { '^fast-check$': '<rootDir>/scripts/fastCheck.js' },
  globalSetup: '<rootDir>/scripts/testSetup.ts',
  testSequencer: '<rootDir>/scripts/testSequencer.js',
  // Part of the time is spent waiting, so on two cores three work, not jest's one.
  maxWorkers: Math.max(3, availableParallelism() - 1),
  // No test is about time; a slow machine must not fail one.
  testTimeout: 60_000,
  // As jest 27 writes them, which action-destinations runs on the same snapshots.
  snapshotFormat: { escapeString: true, printBasicPrototype: true },
  // Otherwise it looks through all of node_modules before each run.
  roots: ['src', 'soak', 'scripts'].map((folder) => `<rootDir>/${folder}`),
  testMatch: ['**/__tests__/**/*.test.ts'],
  collectCoverageFrom: ['src/destinations/heap/**/*.ts', '!**/__tests__/**', '!**/generated-types.ts'],
  // A line for each file that is not covered, and a summary.
  coverageReporters: [['text', { skipFull: true }], 'text-summary'],
  coverageThreshold: { global: { branches: 100, functions: 100, lines: 100, statements: 100 } }
}
