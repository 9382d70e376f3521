const TestSequencer = require('@jest/test-sequencer').default

/** As jest orders tests, but for those of the soak, which wait most of their time: last, everything else would wait for them. */
module.exports = class extends TestSequencer {
  sort(tests) {
    const waits = ({ path }) => path.endsWith('soak.test.ts')
    const sorted = super.sort(tests)
    return [...sorted.filter(waits), ...sorted.filter((test) => !waits(test))]
  }
}
