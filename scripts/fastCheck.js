// What a test gets that imports fast-check: a property that fails says so, rather than look without end for a smaller example.
const fc = require('../node_modules/fast-check/lib/cjs/fast-check')

fc.configureGlobal({ interruptAfterTimeLimit: 50_000, markInterruptAsFailure: true })

module.exports = fc
