import { Command, InvalidArgumentError, Option } from 'commander'
import { generate } from './commands/generate'
import { send } from './commands/send'
import type { SendOptions } from './commands/send'

const program = new Command('heap-destination').description(
  'Run, test and build the Heap destination for Segment. Without --live, nothing leaves this machine.'
)

program
  .command('send')
  .description('take Segment events through the destination and show what Heap stores')
  .argument('[files...]', 'files or folders of JSON or NDJSON, or - for standard input (default: the examples)')
  .option('--live', 'post to the real Heap; needs --app-id')
  .option('--app-id <id>', 'the number of the Heap environment', appId)
  .addOption(new Option('--region <region>', 'where Heap stores the data').choices(['US', 'EU']).default('US'))
  .option('--json', 'print a JSON object a line, for scripts')
  .action(async (files: string[], options: SendOptions, command: Command) => {
    if (options.live && options.appId === undefined)
      command.error('error: --live needs --app-id, the number of your Heap environment')
    process.exitCode = await send(files, options)
  })

program
  .command('generate')
  .description('write the types and the public schema that follow from the definition')
  .option('--check', 'only say what is stale, and exit with 1 if anything is')
  .action(async (options: { check?: boolean }) => {
    process.exitCode = await generate(options)
  })

// Whoever reads the output may stop reading, as head does: then there is nobody left to tell anything.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(1)
})

void program.parseAsync()

function appId(text: string): string {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It is a number, such as 12343283.')
  return text
}
