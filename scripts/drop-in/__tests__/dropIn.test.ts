import { execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { environment } from '../../../src/cli/__tests__/run'
import { dropIn } from '../dropIn'
import { BROWSER, CLOUD, plan, ROOT } from '../halves'

const HEAP_IN_THE_BROWSER = path.posix.dirname(BROWSER.folder)
const TOOLS = ['bin/run', ...['eslint', 'tsc', 'prettier', 'jest'].map((name) => `node_modules/.bin/${name}`)]
const PACKAGES = ['@segment/actions-core', '@segment/analytics-next', '@segment/browser-destination-runtime', 'nock']

/** A checkout of action-destinations, as far as a drop-in looks at it: what each test gets a copy of. */
let published: string
/** The copy of a test. */
let checkout: string

beforeAll(() => {
  published = checkout = temporaryFolder()
  write('package.json', '{ "name": "action-destinations" }')
  write('.gitignore', 'node_modules\ndist\nfake.json\ncalls.log\n')
  write(`${CLOUD.folder}/index.ts`, 'published')
  write(CLOUD.metadata, publishedMetadata('message_id'))
  write('packages/destination-actions/src/lib/test-data.ts', 'published')
  write(`${BROWSER.folder}/index.ts`, 'published')
  write(BROWSER.metadata, publishedMetadata('name'))
  write(`${HEAP_IN_THE_BROWSER}/dist/cjs/index.js`, 'built from the published')
  write('packages/destinations-manifest/dist/index.js', '')
  for (const name of PACKAGES) mkdirSync(path.join(checkout, 'node_modules', name), { recursive: true })
  for (const name of TOOLS) {
    mkdirSync(path.dirname(path.join(checkout, name)), { recursive: true })
    cpSync(path.join(__dirname, 'fakeTool.js'), path.join(checkout, name))
    chmodSync(path.join(checkout, name), 0o755)
  }
  behave({})
  git('init', '--quiet')
  commit()
})
afterAll(() => rmSync(published, { recursive: true }))

beforeEach(() => {
  checkout = temporaryFolder()
  cpSync(published, checkout, { recursive: true })
  process.env.FAKE_CHECKOUT = checkout
  process.env.FAKE_OURS = ROOT
})
afterEach(() => rmSync(checkout, { recursive: true }))

function temporaryFolder(): string {
  return realpathSync(mkdtempSync(path.join(tmpdir(), 'drop-in-test-')))
}

function write(file: string, text: string): void {
  mkdirSync(path.dirname(path.join(checkout, file)), { recursive: true })
  writeFileSync(path.join(checkout, file), text)
}

/** What the published destination says of itself, as far as the tools ask: which field of its one old action is required. */
function publishedMetadata(...required: string[]): string {
  const fields = Object.fromEntries(required.map((key) => [key, { required: true }]))
  return JSON.stringify({
    name: 'Published',
    authentication: { fields: { appId: { required: true } } },
    actions: { trackEvent: { fields } }
  })
}

function commit(): void {
  git('add', '--all')
  git('-c', 'user.name=test', '-c', 'user.email=test@example.com', 'commit', '--quiet', '--message', 'Published')
}

function read(file: string): string {
  return readFileSync(path.join(checkout, file), 'utf8')
}

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: checkout, encoding: 'utf8' })
}

/** Tools that fail, and one that never ends. */
function behave(behaviour: { fails?: string[]; hangs?: string }): void {
  write('fake.json', JSON.stringify(behaviour))
}

interface Call {
  name: string
  args: string[]
  folder: string
  TZ: string
  id: number
}

function calls(): Call[] {
  if (!existsSync(path.join(checkout, 'calls.log'))) return []
  // The last line may be under way.
  const lines = read('calls.log').split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line) as Call)
}

async function run(signal = new AbortController().signal): Promise<{ status: number; lines: string[] }> {
  const lines: string[] = []
  const status = await dropIn(checkout, signal, (line) => lines.push(line))
  return { status, lines }
}

function expectAsItWas(): void {
  expect(git('status', '--porcelain')).toBe('')
  expect(read(`${HEAP_IN_THE_BROWSER}/dist/cjs/index.js`)).toBe('built from the published')
  expect(existsSync(path.join(checkout, HEAP_IN_THE_BROWSER, 'dist/esm'))).toBe(false)
  expect(existsSync(path.join(checkout, 'node_modules/.cache/heap-drop-in'))).toBe(false)
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20))
}

describe('a checkout that is fit', () => {
  it('is given both halves, whose checks all pass, and is put back as it was', async () => {
    const { status, lines } = await run()
    expect(lines.filter((line) => !line.startsWith('  '))).toStrictEqual([
      expect.stringMatching(
        /^src\/destinations\/heap goes to packages\/destination-actions\/src\/destinations\/heap: \d+ files\.$/
      ),
      expect.stringMatching(
        /^src\/browser-destinations\/heap goes to packages\/browser-destinations\/destinations\/heap\/src: \d+ files\.$/
      ),
      '✔ tsc, cloud: the whole package, and our tests',
      '✔ tsc, browser: built as ES modules and as CommonJS',
      expect.stringMatching(/^✔ Validate: Heap/),
      expect.stringMatching(/^✔ Type generator: \d+ files, the same as ours to the byte$/),
      '✔ Metadata generator: 2 files, the same as ours to the byte',
      '✔ Required fields: none is new',
      '✔ Secret fields: none is open',
      '✔ ESLint: 1 files, 2 warnings',
      '✔ Prettier: nothing to format',
      '✔ jest, cloud: Tests: 3 passed, 3 total',
      '✔ jest, browser: Tests: 3 passed, 3 total',
      'The checkout is put back as it was.',
      'Every check of action-destinations passes, for both halves.'
    ])
    expect(status).toBe(0)
    expectAsItWas()
    expect(calls().filter(({ name }) => name === 'jest')).toMatchObject([
      { args: ['--ci', 'src/destinations/heap/'], folder: CLOUD.package, TZ: 'UTC' },
      { args: ['--ci', 'destinations/heap/src/'], folder: BROWSER.package, TZ: 'UTC' }
    ])
  })

  it('has our files alone while its checks run', async () => {
    behave({ hangs: 'validate' })
    const stop = new AbortController()
    const running = run(stop.signal)
    await until(() => calls().some(({ name }) => name === 'validate'))
    expect(read(`${CLOUD.folder}/index.ts`)).toBe(readFileSync(path.join(ROOT, CLOUD.source, 'index.ts'), 'utf8'))
    expect(read(BROWSER.metadata)).toBe(readFileSync(path.join(ROOT, BROWSER.source, 'metadata.json'), 'utf8'))
    expect(read(`${BROWSER.folder}/rules/flatten.ts`)).toContain('export function flattenTyped')
    expect(read(`${HEAP_IN_THE_BROWSER}/dist/cjs/index.js`)).toBe('ours')
    stop.abort(new Error('Stopped.'))
    await expect(running).rejects.toThrow('Stopped.')
    expectAsItWas()
  })
})

describe('checks that fail', () => {
  it('say what they have found, each after the others, and the checkout is put back', async () => {
    const tools = ['tsc', 'validate', 'generate:types', 'generate:metadata-payload', 'validate-secret-fields']
    behave({ fails: [...tools, 'eslint', 'prettier', 'jest'] })
    write(CLOUD.metadata, publishedMetadata())
    commit()
    const { status, lines } = await run()
    const [types, ...verdicts] = lines.filter((line) => /^[✔✖]/.test(line)).sort((one) => (/ Type/.test(one) ? -1 : 0))
    expect(verdicts).toStrictEqual([
      '✖ tsc, cloud\n    tsc has found something.',
      '✖ tsc, browser\n    tsc has found something.',
      '✖ Validate\n    ✖ Validating definition for Heap: \n        The preset "Track Calls" is wrong.',
      '✖ Metadata generator\n    generate:metadata-payload has found something.',
      '✖ Required fields\n    Required, and were not before: trackEvent.message_id',
      '✖ Secret fields\n    Secrets whose type is not password: apiKey, apiKey',
      `✖ ESLint\n    ${CLOUD.folder}/index.ts:7 Unexpected var. (no-var)`,
      '✖ Prettier\n    prettier has found something.',
      '✖ jest, cloud\n    jest has found something.',
      '✖ jest, browser\n    jest has found something.'
    ])
    // What differs from ours is shown.
    expect(types).toMatch(/^✖ Type generator\n/)
    expect(types).toContain(`\n    +++ theirs/${CLOUD.folder}/generated-types.ts\n`)
    expect(types).toContain('\n    +// theirs')
    expect(lines.at(-1)).toBe('Checks that fail: 11.')
    expect(status).toBe(1)
    expectAsItWas()
  })
})

describe('a checkout that is not fit is refused and left alone', () => {
  it.each<[string, () => void, string]>([
    [
      'another repository',
      () => write('package.json', '{ "name": "other" }'),
      '{checkout} is not a checkout of action-destinations. Give the path of its root.'
    ],
    [
      'one without packages',
      () => rmSync(path.join(checkout, 'node_modules'), { recursive: true }),
      '{checkout} is not installed. Run "yarn install" in it first.'
    ],
    [
      'one that is not built',
      () => rmSync(path.join(checkout, 'packages/destinations-manifest/dist'), { recursive: true }),
      '{checkout} is not built, and its checks run on what is built. Run "NODE_ENV=production yarn build" in it first.'
    ],
    [
      'a change of the destination',
      () => write(`${CLOUD.folder}/index.ts`, 'mine'),
      `{checkout} has uncommitted changes where the destination goes. Commit or stash them first:\n M ${CLOUD.folder}/index.ts`
    ],
    [
      'a new file of its half in the browser',
      () => write(`${BROWSER.folder}/mine.ts`, 'mine'),
      `{checkout} has uncommitted changes where the destination goes. Commit or stash them first:\n?? ${BROWSER.folder}/mine.ts`
    ]
  ])('%s', async (_what, change, reason) => {
    change()
    const before = git('status', '--porcelain')
    expect(await run()).toStrictEqual({ status: 2, lines: [reason.replace('{checkout}', checkout)] })
    expect(git('status', '--porcelain')).toBe(before)
    expect(calls()).toStrictEqual([])
  })

  it('a folder that is not there', async () => {
    const missing = path.join(checkout, 'missing')
    const lines: string[] = []
    expect(await dropIn(missing, new AbortController().signal, (line) => lines.push(line))).toBe(2)
    expect(lines).toStrictEqual([`${missing} is not a checkout of action-destinations. Give the path of its root.`])
  })
})

describe('npm run drop-in', () => {
  /** Starts the script, and waits until its checks have come to the tool that never ends. */
  async function startHanging(): Promise<{
    script: ReturnType<typeof spawn>
    ended: Promise<number | null>
    tool: Call
  }> {
    behave({ hangs: 'tsc' })
    const script = spawn(
      process.execPath,
      ['--require', 'tsx/cjs', path.join(ROOT, 'scripts/drop-in/index.ts'), checkout],
      {
        cwd: ROOT,
        env: environment(),
        stdio: 'ignore'
      }
    )
    const ended = new Promise<number | null>((resolve) => script.on('close', resolve))
    await until(() => script.exitCode !== null || calls().some(({ name }) => name === 'tsc'))
    const [tool] = calls().slice(-1)
    return { script, ended, tool }
  }

  it('puts the checkout back on Ctrl-C, and ends what it started', async () => {
    const { script, ended, tool } = await startHanging()
    script.kill('SIGINT')
    expect(await ended).toBe(130)
    expectAsItWas()
    expect(() => process.kill(tool.id, 0)).toThrow('ESRCH')
  })

  it('puts back what a run that was killed has left', async () => {
    const { script, ended, tool } = await startHanging()
    await expect(run()).rejects.toThrow(`Another drop-in (process ${script.pid}) is using ${checkout}.`)
    script.kill('SIGKILL')
    await ended
    process.kill(tool.id, 'SIGKILL')
    rmSync(path.join(checkout, 'packages/destinations-manifest/dist'), { recursive: true })
    const { lines } = await run()
    expect(lines).toStrictEqual([
      'A run before this one was cut short; the checkout is put back as it was.',
      expect.stringMatching('is not built')
    ])
    expectAsItWas()
  })
})

describe('the plan of a half', () => {
  let root: string

  beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), 'drop-in-root-'))
  })
  afterEach(() => {
    rmSync(root, { recursive: true })
  })

  function ours(files: Record<string, string>): void {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(root, file)), { recursive: true })
      writeFileSync(path.join(root, file), text)
    }
  }

  it('brings the rules along, and names them by where they are put', async () => {
    ours({
      'src/destinations/heap/rules/flatten.ts': `import { cut } from './text'\n`,
      'src/destinations/heap/rules/text.ts': '',
      'src/destinations/heap/rules/__tests__/text.test.ts': `import '../text'\n`,
      'src/browser-destinations/heap/index.ts': `import { f } from '../../destinations/heap/rules/flatten'\nimport a from './act'\n`,
      'src/browser-destinations/heap/act/index.ts': `import type { T } from '../../../destinations/heap/rules/text'\n`,
      'src/browser-destinations/heap/metadata.json': '{}'
    })
    const { files, leftBehind } = await plan(BROWSER, checkout, root)
    expect(Object.fromEntries(files)).toStrictEqual({
      [`${BROWSER.folder}/index.ts`]: `import { f } from './rules/flatten'\nimport a from './act'\n`,
      [`${BROWSER.folder}/act/index.ts`]: `import type { T } from '../rules/text'\n`,
      [`${BROWSER.folder}/rules/flatten.ts`]: `import { cut } from './text'\n`,
      [`${BROWSER.folder}/rules/text.ts`]: '',
      [BROWSER.metadata]: '{}'
    })
    expect(leftBehind).toStrictEqual([])
  })

  it('leaves behind a test that needs what is not there, and what nothing uses that goes along', async () => {
    const folder = 'src/browser-destinations/heap'
    ours({
      'src/destinations/heap/rules/text.ts': '',
      [`${folder}/index.ts`]: '',
      [`${folder}/plugin.ts`]: `import './elsewhere'\n`,
      [`${folder}/__tests__/pure.test.ts`]: `import { page } from './page'\nimport '..'\nimport 'node:fs'\n`,
      [`${folder}/__tests__/page.ts`]: `import '..'\nexport const page = 1\n`,
      [`${folder}/__tests__/site.test.ts`]: `import './site'\n`,
      [`${folder}/__tests__/site.ts`]: `import './server'\nimport '../../../__tests__/chromium'\n`,
      [`${folder}/__tests__/server.ts`]: '',
      [`${folder}/__tests__/random.test.ts`]: `import fc from 'fast-check'\n`
    })
    const { files, leftBehind } = await plan(BROWSER, checkout, root)
    expect(Object.fromEntries(files)).toStrictEqual({
      [`${BROWSER.folder}/index.ts`]: '',
      [`${BROWSER.folder}/__tests__/pure.test.ts`]: `import { page } from '../test-utilities/page'\nimport '..'\nimport 'node:fs'\n`,
      [`${BROWSER.folder}/test-utilities/page.ts`]: `import '..'\nexport const page = 1\n`
    })
    expect(leftBehind).toStrictEqual([
      { file: `${folder}/__tests__/random.test.ts`, why: 'it needs fast-check' },
      { file: `${folder}/__tests__/server.ts`, why: 'nothing that goes there uses it' },
      { file: `${folder}/__tests__/site.test.ts`, why: 'it needs ./site' },
      { file: `${folder}/__tests__/site.ts`, why: 'it needs ../../../__tests__/chromium' },
      { file: `${folder}/plugin.ts`, why: 'nothing that goes there uses it' }
    ])
  })

  it('stops at a file of the destination that needs what is not there', async () => {
    ours({ 'src/destinations/heap/index.ts': `import pRetry from 'p-retry'\n` })
    await expect(plan(CLOUD, checkout, root)).rejects.toThrow(
      'src/destinations/heap/index.ts imports p-retry, which action-destinations does not have.'
    )
  })
})
