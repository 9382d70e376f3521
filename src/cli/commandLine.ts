import { Command, InvalidArgumentError, Option } from 'commander'
import { version } from '../../package.json'
import { RUNS_FROM_SOURCE } from './engine/package'
import type { BuildOptions, DeployOptions } from './function'
import type { SendOptions } from './send'
import type { ServeOptions } from './serve'
import { UsageError } from './usageError'

/** What the commands do; each resolves to its exit status, and throws UsageError for a person's mistake. */
export interface Commands {
  send(files: string[], options: SendOptions): Promise<number>
  serve(options: ServeOptions): Promise<number>
  generate(options: GenerateOptions): Promise<number>
  validate(): Promise<number>
  functionBuild(options: BuildOptions): Promise<number>
  functionTry(files: string[], options: TryOptions): Promise<number>
  functionDeploy(options: DeployOptions): Promise<number>
}

/** The options of `heap-destination function try`. */
type TryOptions = Pick<SendOptions, 'region' | 'mappings' | 'verbose' | 'json' | 'failed' | 'resume'>

/** The options of `heap-destination generate`. */
interface GenerateOptions {
  check?: boolean
}

/**
 * The command line of `heap-destination`: its commands, their options, and the messages for mistakes in them.
 *
 * @param end called with the exit status of the command that was run
 */
export function commandLine(commands: Commands, end: (status: number) => void): Command {
  /** Says a person's mistake in one line. */
  async function run(command: Command, start: () => Promise<number>): Promise<void> {
    try {
      end(await start())
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      command.error(`error: ${error.message}`)
    }
  }

  const program = new Command('heap-destination').description(
    'Run, test and build the Heap destination for Segment. Without --live, nothing leaves this machine.'
  )
  program.version(version)

  program
    .command('send')
    .description('take Segment events through the destination and show what Heap stores')
    .argument(
      '[files...]',
      'files or folders of JSON, or of one event per line (NDJSON), or - for standard input (default: the examples)',
      givenEach
    )
    .option('--live', 'post to the real Heap; needs --app-id')
    .option('--app-id <id>', 'the number of the Heap environment', appId)
    .addOption(
      new Option('--region <region>', 'where Heap stores the data').choices(REGIONS).default('US').argParser(region)
    )
    .option('--mappings <file>', 'a file of mappings, in place of those that a new destination starts with', given)
    .option('--verbose', 'show what was sent for every event, not only for the first')
    .option('--json', 'print one JSON object per line, one for each event, for scripts')
    .option('--failed <file>', 'write what could not be delivered there, with the reason, to send it again', given)
    .option('--resume', 'go on where a send of the same files was stopped')
    .option('--rate <events>', 'with --live, events a minute (default: 15000, which Heap allows)', aboveZero)
    .option('--retries <times>', 'how often to send again what Heap may take later', wholeNumber, 7)
    .action(async (files: string[], options: SendOptions, command: Command) => {
      needAppId(options, command)
      await run(command, () => commands.send(files, options))
    })

  program
    .command('serve')
    .description('test the destination as with actions-cli, and take the events of Segment SDKs, on this machine')
    .addOption(new Option('--port <port>', 'where to listen').env('PORT').default(3000).argParser(port))
    .option('--live', 'post to the real Heap; needs --app-id')
    .option('--app-id <id>', 'the number of the Heap environment for the events of SDKs', appId)
    .addOption(
      new Option('--region <region>', 'where Heap stores the data').choices(REGIONS).default('US').argParser(region)
    )
    .option('--mappings <file>', 'a file of mappings, in place of those that a new destination starts with', given)
    .action(async (options: ServeOptions, command: Command) => {
      needAppId(options, command)
      await run(command, () => commands.serve(options))
    })

  program
    .command('generate')
    .description('write the types and the public schema that follow from the definition')
    .option('--check', 'only say what is stale, and exit with 1 if anything is')
    .action(async (options: GenerateOptions, command: Command) => {
      needSource(command)
      await run(command, () => commands.generate(options))
    })

  program
    .command('validate')
    .description('say what is wrong with the definition of the destination, and exit with 1 if anything is')
    .action(async (_options: object, command: Command) => {
      needSource(command)
      await run(command, () => commands.validate())
    })

  const segmentFunction = program
    .command('function')
    .description('run the destination in your own Segment workspace, as a Destination Function')

  segmentFunction
    .command('build')
    .description('write the destination as one script for Segment’s Functions')
    .option('--mappings <file>', 'the subscriptions of an Actions destination, in place of the presets', given)
    .option('--out <file>', 'where to write the script, or - for the standard output', given, 'heap-function.js')
    .option('--readable', 'leave the script as it was written; it is twice as large')
    .action(async (options: BuildOptions, command: Command) => {
      await run(command, () => commands.functionBuild(options))
    })

  segmentFunction
    .command('try')
    .description('take Segment events through that script, in a stand-in of Segment’s runtime; show what Heap stores')
    .argument(
      '[files...]',
      'files or folders of JSON or NDJSON, or - for standard input (default: the examples)',
      givenEach
    )
    .addOption(
      new Option('--region <region>', 'where Heap stores the data').choices(REGIONS).default('US').argParser(region)
    )
    .option('--mappings <file>', 'the subscriptions of an Actions destination, in place of the presets', given)
    .option('--verbose', 'show what was sent of every event, not of the first alone')
    .option('--json', 'print one JSON object per event, one per line, for scripts')
    .option('--failed <file>', 'write what could not be delivered there, with the reason, to send it again', given)
    .option('--resume', 'go on where it was stopped')
    .action(async (files: string[], options: TryOptions, command: Command) => {
      await run(command, () => commands.functionTry(files, options))
    })

  segmentFunction
    .command('deploy')
    .description('make or update the function in your workspace; needs SEGMENT_PUBLIC_API_TOKEN in the environment')
    .option('--name <name>', 'what the function is called', given, 'Heap')
    .option('--function <id>', 'the function to update, where several have that name', given)
    .addOption(
      new Option('--workspace-region <region>', 'of your workspace').choices(REGIONS).default('US').argParser(region)
    )
    .option('--mappings <file>', 'the subscriptions of an Actions destination, in place of the presets', given)
    .option('--source <id>', 'connect it to this source, with HEAP_API_KEY if that is in the environment', given)
    .option('--app-id <id>', 'with --source, the number of the Heap environment', appId)
    .addOption(
      new Option('--region <region>', 'with --source, where Heap stores the data')
        .choices(REGIONS)
        .default('US')
        .argParser(region)
    )
    .option('--enable', 'with --source, let it send at once; otherwise it is connected, but disabled')
    .option('--dry-run', 'say what would change, and change nothing')
    .action(async (options: DeployOptions, command: Command) => {
      await run(command, () => commands.functionDeploy(options))
    })

  return program
}

const REGIONS = ['US', 'EU']

function region(text: string): string {
  const found = REGIONS.find((one) => one === text.trim().toUpperCase())
  if (found === undefined) throw new InvalidArgumentError(`Allowed choices are ${REGIONS.join(', ')}.`)
  return found
}

function needAppId({ live, appId }: { live?: boolean; appId?: string }, command: Command): void {
  if (live && appId === undefined) command.error('error: --live needs --app-id, the number of your Heap environment')
}

function needSource(command: Command): void {
  if (RUNS_FROM_SOURCE) return
  command.error(`error: ${command.name()} works on the source of the destination: run it in a clone of its repository`)
}

/** A text that is there: that of a variable which a script has not set is none, and must not count as an option left out. */
function given(text: string): string {
  if (text === '') throw new InvalidArgumentError('It is empty.')
  return text
}

function givenEach(text: string, before: string[] = []): string[] {
  return [...before, given(text)]
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text.trim())) throw new InvalidArgumentError('It is a whole number.')
  return Number(text)
}

function aboveZero(text: string): number {
  const number = wholeNumber(text)
  if (number === 0) throw new InvalidArgumentError('It is at least 1.')
  return number
}

function port(text: string): number {
  const number = wholeNumber(text)
  if (number > 65_534) throw new InvalidArgumentError('It is at most 65534; the port above it is used too.')
  return number
}

function appId(text: string): string {
  const id = text.trim()
  if (!/^\d+$/.test(id)) throw new InvalidArgumentError('It is a number, such as 12343283.')
  return id
}
