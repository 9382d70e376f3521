import { commandLine } from './commandLine'
import { withNpmOptions } from './npmOptions'

// A command is loaded when it is asked for: the libraries of all of them take longer to load than most commands take.
const program = commandLine(
  {
    send: (files, options) => (require('./send') as typeof import('./send')).send(files, options),
    serve: (options) => (require('./serve') as typeof import('./serve')).serve(options),
    generate: (options) => (require('./author/generate') as typeof import('./author/generate')).generate(options),
    validate: () => (require('./author/validate') as typeof import('./author/validate')).validate(),
    functionBuild: (options) => segmentFunction().build(options),
    functionTry: async (files, options) => {
      const { functionPipeline, BATCH_SIZE } = segmentFunction()
      const through = await functionPipeline(options.mappings)
      const { send } = require('./send') as typeof import('./send')
      return send(files, { ...options, through, batch: BATCH_SIZE, retries: 0 })
    },
    functionDeploy: (options) => segmentFunction().deploy(options)
  },
  (status) => (process.exitCode = status)
)

// The reader of the output may stop reading, as head does. Then nobody is left to tell.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') console.error(`The output cannot be written: ${error.message}`)
  process.exit(1)
})

program
  .parseAsync(withNpmOptions(program, process.argv.slice(2), process.env), { from: 'user' })
  .catch((error: unknown) => {
    // Someone may be editing the destination's source; they want to know where it breaks, not where tsx was.
    console.error(error instanceof Error && error.name === 'TransformError' ? error.message : error)
    process.exitCode = 1
  })

function segmentFunction() {
  return require('./function') as typeof import('./function')
}
