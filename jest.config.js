// Another zone than UTC, so that a date which takes the machine's own zone shows.
process.env.TZ = 'America/New_York'

/** @type {import('jest').Config} */
module.exports = {
  transform: { '^.+\\.ts$': ['ts-jest', { diagnostics: false }] },
  testEnvironment: 'node',
  // No test is about time; a slow machine must not fail one.
  testTimeout: 60_000,
  testMatch: ['<rootDir>/{src,soak}/**/__tests__/**/*.test.ts'],
  collectCoverageFrom: ['src/destinations/heap/**/*.ts', '!**/__tests__/**', '!**/generated-types.ts'],
  coverageThreshold: { global: { branches: 100, functions: 100, lines: 100, statements: 100 } }
}
