const TestSequencer = require('@jest/test-sequencer').default

/** Small as they are, these wait for seconds. */
const WAITING = ['soak.test.ts', 'throttle.test.ts']

/** As jest orders tests, but those that wait come early: on a first run they would be the last, and everything else would wait for them. */
module.exports = class extends TestSequencer {
  sort(tests) {
    const sorted = super.sort(tests)
    for (const [index, name] of WAITING.entries()) {
      const found = sorted.findIndex(({ path }) => path.endsWith(name))
      // Not all at once, which would leave nothing to do meanwhile.
      if (found >= 0) sorted.splice(8 * (index + 1), 0, ...sorted.splice(found, 1))
    }
    return sorted
  }
}
