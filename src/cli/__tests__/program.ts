import type { Command, OutputConfiguration } from 'commander'
import { commandLine } from '../commandLine'
import type { Commands } from '../commandLine'

const unused = () => Promise.reject(new Error('another command'))

/** The command line with some of its commands, and none that ends the process. */
export function programOf(
  commands: Partial<Commands>,
  end: (status: number) => void,
  output: OutputConfiguration
): Command {
  const program = commandLine(
    {
      send: unused,
      serve: unused,
      generate: unused,
      validate: unused,
      functionBuild: unused,
      functionTry: unused,
      functionDeploy: unused,
      ...commands
    },
    end
  )
  for (const command of [program, ...commandsBelow(program).map(([, command]) => command)]) {
    command.exitOverride().configureOutput(output)
  }
  return program
}

/** Each command below another, by the words that call it. */
export function commandsBelow(parent: Command, words: string[] = []): [words: string[], command: Command][] {
  return parent.commands.flatMap((command): [string[], Command][] => {
    const own = [...words, command.name()]
    return [[own, command], ...commandsBelow(command, own)]
  })
}
