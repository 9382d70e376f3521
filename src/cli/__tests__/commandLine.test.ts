import { withNpmOptions } from '../npmOptions'
import { commandsBelow, programOf } from './program'

let said = ''
const program = programOf({}, () => undefined, { writeErr: (text) => (said += text) })
beforeEach(() => (said = ''))

/** As npm 11 starts the command for `npm start`. */
const START = { npm_lifecycle_event: 'start', npm_lifecycle_script: 'node bin/heap-destination.js send' }

describe('options that npm took for its own', () => {
  it.each([
    ['npm start --json file', { npm_config_json: 'true' }, ['send', 'file'], ['send', '--json', 'file']],
    ['npm start --verbose file', { npm_config_loglevel: 'verbose' }, ['send', 'file'], ['send', '--verbose', 'file']],
    ['npm start --region=EU file', { npm_config_region: 'EU' }, ['send', 'file'], ['send', '--region=EU', 'file']],
    [
      'npm start --live --app-id=5 file',
      { npm_config_live: 'true', npm_config_app_id: '5' },
      ['send', 'file'],
      ['send', '--live', '--app-id=5', 'file']
    ],
    [
      'npm start --resume file, as npm 8 reads it',
      { npm_config_resume: 'file' },
      ['send'],
      ['send', '--resume', 'file']
    ],
    ['npm start --mappings= file', { npm_config_mappings: '' }, ['send', 'file'], ['send', '--mappings=', 'file']],
    ['npm start --no-live file', { npm_config_live: '' }, ['send', 'file'], ['send', 'file']],
    ['npm start -- --json file', { npm_config_json: 'true' }, ['send', '--json', 'file'], ['send', '--json', 'file']],
    ['npm start --loglevel silent file', { npm_config_loglevel: 'silent' }, ['send', 'file'], ['send', 'file']],
    ['npm start --check file', { npm_config_check: 'true' }, ['send', 'file'], ['send', 'file']],
    ['npm start, of a command that there is not', { npm_config_json: 'true' }, ['oops'], ['oops']]
  ])('%s', (_typed, env, args, wanted) => {
    expect(withNpmOptions(program, args, { ...START, ...env })).toStrictEqual(wanted)
  })

  it.each([
    [['send', 'out.ndjson', 'file'], START, { npm_config_failed: 'true' }, '--failed', 'npm start -- --failed …'],
    [
      ['serve', '3001'],
      { npm_lifecycle_event: 'serve', npm_lifecycle_script: 'node bin/heap-destination.js serve' },
      { npm_config_port: 'true' },
      '--port',
      'npm run serve -- --port …'
    ]
  ])('%j: an option whose value is lost is said to be', (args, script, env, option, way) => {
    expect(() => withNpmOptions(program, args, { ...script, ...env })).toThrow()
    expect(said).toBe(`error: npm took ${option} for its own. Put -- before the options: ${way}\n`)
  })

  it('are none where another script started the command, or nothing of npm', () => {
    const env = { npm_config_json: 'true', npm_lifecycle_event: 'test', npm_lifecycle_script: 'jest --coverage' }
    expect(withNpmOptions(program, ['send', 'file'], env)).toStrictEqual(['send', 'file'])
    expect(withNpmOptions(program, ['send', 'file'], { npm_config_json: 'true' })).toStrictEqual(['send', 'file'])
  })
})

describe('a value that is empty, as that of a variable which a script has not set,', () => {
  const commands = commandsBelow(program)
  const options = commands.flatMap(([words, { options }]) =>
    options.filter(({ required }) => required).map(({ long }): [string, string[]] => [String(long), words])
  )
  const withFiles = commands.filter(([, { registeredArguments }]) => registeredArguments.length > 0)

  it.each(options)('is refused for %s of %j', async (option, words) => {
    await expect(program.parseAsync([...words, option, ''], { from: 'user' })).rejects.toThrow()
    expect(said).toMatch(/^error: option '(\S+) <.+>' argument '' is invalid\. .+\.\n$/)
    expect(said).toContain(`'${option} `)
  })

  it.each(withFiles)('is refused among the files of %j', async (words) => {
    await expect(program.parseAsync([...words, 'events.json', ''], { from: 'user' })).rejects.toThrow()
    expect(said).toBe("error: command-argument value '' is invalid for argument 'files'. It is empty.\n")
  })
})
