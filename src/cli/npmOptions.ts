import type { Command } from 'commander'

/**
 * The arguments with the options that npm took for its own: `npm start --json file` starts the command with `file` alone, and leaves
 * `npm_config_json` in the environment.
 *
 * @param args those after the program's name, the command first
 */
export function withNpmOptions(program: Command, args: string[], env: NodeJS.ProcessEnv): string[] {
  if (!env.npm_lifecycle_script?.includes('heap-destination')) return args
  const [name, ...rest] = args
  const command = program.commands.find((one) => one.name() === name)
  if (!command) return args
  const taken: string[] = []
  for (const { long, required } of command.options) {
    if (!long || rest.some((argument) => argument === long || argument.startsWith(`${long}=`))) continue
    const value = long === '--verbose' ? verbosity(env) : env[`npm_config_${long.slice(2).replaceAll('-', '_')}`]
    if (value === undefined || value === 'false') continue
    if (!required) {
      if (value === '') continue
      // Where npm does not know the option, some of its versions take the word behind it for its value.
      taken.push(...(value === 'true' ? [long] : [long, value]))
    } else if (value === 'true') {
      // npm has left the value among the arguments, where nobody can tell it from a file.
      const script = env.npm_lifecycle_event === 'start' ? 'npm start' : `npm run ${env.npm_lifecycle_event}`
      command.error(`error: npm took ${long} for its own. Put -- before the options: ${script} -- ${long} …`)
    } else {
      taken.push(`${long}=${value}`)
    }
  }
  return [name, ...taken, ...rest]
}

/** npm has an option of that name too. */
function verbosity({ npm_config_loglevel }: NodeJS.ProcessEnv): string | undefined {
  return npm_config_loglevel === 'verbose' ? 'true' : undefined
}
