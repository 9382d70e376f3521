import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Checkout, Run } from './checkout'
import { BROWSER, CLOUD, filesIn, HALVES } from './halves'
import type { Half, Plan } from './halves'

/** What a check of action-destinations says of the destination: that it passes, or what is wrong, and a word beside. */
export interface Verdict {
  passed: boolean
  text: string
}

/** One of the checks that action-destinations runs on a pull request. */
export interface Check {
  name: string
  run: () => Promise<Verdict>
}

/** The fields that a customer must fill in, by action; those of the destination itself under "settings". */
export type RequiredFields = Record<string, string[]>

/**
 * The checks; what is built comes first, as validate loads it.
 *
 * @param before the required fields of each half as the checkout had it
 */
export function checksOf(checkout: Checkout, plans: Plan[], before: RequiredFields[]): Check[] {
  const paths = HALVES.flatMap(({ folder }) => ['-p', `${folder}/index.ts`])
  const generates = (name: string, command: string): (() => Promise<Verdict>) => {
    return () => generatorWritesOurs(checkout, plans, name, () => checkout.cli(command, ...paths))
  }
  return [
    { name: 'tsc, cloud', run: () => compileCloud(checkout) },
    { name: 'tsc, browser', run: () => compileBrowser(checkout) },
    { name: 'Validate', run: () => validate(checkout) },
    { name: 'Type generator', run: generates('generated-types.ts', 'generate:types') },
    { name: 'Metadata generator', run: generates('metadata.json', 'generate:metadata-payload') },
    { name: 'Required fields', run: () => requireNothingNew(checkout, before) },
    { name: 'Secret fields', run: () => hideSecrets(checkout) },
    { name: 'ESLint', run: () => lint(checkout) },
    { name: 'Prettier', run: () => format(checkout) },
    ...HALVES.map((half) => ({ name: `jest, ${half.name}`, run: () => test(checkout, half) }))
  ]
}

/** The required fields of a half as it stands in the checkout. */
export async function requiredFields(checkout: Checkout, half: Half): Promise<RequiredFields> {
  return listed(await checkout.cli('list-required-fields', '-p', `${half.folder}/index.ts`), half)
}

/** Has a generator write its files anew, and compares all that there is then with what was put in. */
async function generatorWritesOurs(
  checkout: Checkout,
  plans: Plan[],
  fileName: string,
  generate: () => Promise<Run>
): Promise<Verdict> {
  const files = new Map(plans.flatMap((plan) => [...plan.files]))
  const generated = [...files.keys()].filter((file) => path.posix.basename(file) === fileName)
  for (const file of generated) await rm(checkout.at(file))
  try {
    const { status, text } = await generate()
    if (status !== 0) return failed(text)
    const differences = await differencesFrom(checkout, files)
    if (differences !== '') return failed(differences)
  } finally {
    for (const file of generated) await writeFile(checkout.at(file), files.get(file) ?? '')
  }
  return passed(`${generated.length} files, the same as ours to the byte`)
}

/** What differs between the files that were put in and those that are there now, as a diff. */
async function differencesFrom(checkout: Checkout, files: Map<string, string>): Promise<string> {
  const scratch = await mkdtemp(path.join(tmpdir(), 'drop-in-'))
  try {
    const places = HALVES.flatMap(({ folder, metadata }) => [folder, metadata])
    for (const place of places) {
      for (const file of existsSync(checkout.at(place)) ? await filesAt(checkout, place) : []) {
        await write(path.join(scratch, 'theirs', file), await readFile(checkout.at(file), 'utf8'))
      }
    }
    for (const [file, text] of files) await write(path.join(scratch, 'ours', file), text)
    const diff = await checkout.git('-C', scratch, 'diff', '--no-index', '--no-prefix', '--no-color', 'ours', 'theirs')
    return diff.output
  } finally {
    await rm(scratch, { recursive: true })
  }
}

async function filesAt(checkout: Checkout, place: string): Promise<string[]> {
  return place.endsWith('.json') ? [place] : filesIn(checkout.root, place)
}

async function write(file: string, text: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true })
  await writeFile(file, text)
}

/** The package without its tests, as its typecheck does; then the tests of the destination, which that leaves out. */
async function compileCloud(checkout: Checkout): Promise<Verdict> {
  const scratch = await mkdtemp(path.join(tmpdir(), 'drop-in-'))
  try {
    const state = ['--tsBuildInfoFile', path.join(scratch, 'tsbuildinfo')]
    const source = await checkout.tool('tsc', ['-p', 'tsconfig.build.json', '--noEmit', ...state], CLOUD.package)
    if (source.status !== 0) return failed(source.text)
    await writeFile(path.join(scratch, 'tsconfig.json'), JSON.stringify(testsConfig(checkout)))
    const tests = await checkout.tool('tsc', ['-p', path.join(scratch, 'tsconfig.json')], CLOUD.package)
    return tests.status === 0 ? passed('the whole package, and our tests') : failed(tests.text)
  } finally {
    await rm(scratch, { recursive: true })
  }
}

function testsConfig(checkout: Checkout): object {
  return {
    extends: checkout.at(CLOUD.package, 'tsconfig.json'),
    compilerOptions: {
      noEmit: true,
      composite: false,
      rootDir: checkout.root,
      typeRoots: [CLOUD.package, '.'].map((folder) => checkout.at(folder, 'node_modules/@types'))
    },
    include: [checkout.at(CLOUD.folder)],
    references: []
  }
}

/** Builds the package of the destination; validate runs on what is built. */
async function compileBrowser(checkout: Checkout): Promise<Verdict> {
  const folder = path.posix.dirname(BROWSER.folder)
  const modules = await checkout.tool('tsc', ['--outDir', './dist/esm'], folder)
  if (modules.status !== 0) return failed(modules.text)
  const commonjs = await checkout.tool('tsc', ['--module', 'commonjs', '--outDir', './dist/cjs'], folder)
  return commonjs.status === 0 ? passed('built as ES modules and as CommonJS') : failed(commonjs.text)
}

/** Validates every destination there is, and looks at what it says of ours. */
async function validate(checkout: Checkout): Promise<Verdict> {
  const { text } = await checkout.cli('validate')
  const names = await Promise.all(HALVES.map((half) => destinationName(checkout, half)))
  const isSound = (name: string) => {
    const line = `Validating definition for ${name}`
    const lines = text.split('\n').map((each) => each.trim())
    return lines.includes(`✔ ${line}`) && !lines.some((each) => each.startsWith(`✖ ${line}:`))
  }
  return names.every(isSound) ? passed(names.join(' and ')) : failed(text)
}

async function destinationName(checkout: Checkout, { metadata }: Half): Promise<string> {
  return (JSON.parse(await readFile(checkout.at(metadata), 'utf8')) as { name: string }).name
}

/** Their workflow goes by the destination's name; this goes by its folder, so that a new name hides nothing. */
async function requireNothingNew(checkout: Checkout, before: RequiredFields[]): Promise<Verdict> {
  const added: string[] = []
  for (const [index, half] of HALVES.entries()) {
    const after = await requiredFields(checkout, half)
    for (const [action, fields] of Object.entries(after)) {
      const known = before[index][action]
      // Nobody uses a new action yet.
      if (known) added.push(...fields.filter((field) => !known.includes(field)).map((field) => `${action}.${field}`))
    }
  }
  return added.length === 0 ? passed('none is new') : failed(`Required, and were not before: ${added.join(', ')}`)
}

async function hideSecrets(checkout: Checkout): Promise<Verdict> {
  const open: string[] = []
  for (const half of HALVES) {
    const run = await checkout.cli('validate-secret-fields', '-p', `${half.folder}/index.ts`)
    open.push(...(listed(run, half).settings ?? []))
  }
  return open.length === 0 ? passed('none is open') : failed(`Secrets whose type is not password: ${open.join(', ')}`)
}

/** What a command lists of the one destination it was given. */
function listed({ output, text }: Run, half: Half): RequiredFields {
  try {
    const [fields] = Object.values(JSON.parse(output) as Record<string, RequiredFields>)
    if (fields) return fields
  } catch {
    // Said below.
  }
  throw new Error(`action-destinations could not load the ${half.name} half:\n${text.trim()}`)
}

interface LintedFile {
  filePath: string
  errorCount: number
  warningCount: number
  messages: { severity: number; line?: number; ruleId: string | null; message: string }[]
}

async function lint(checkout: Checkout): Promise<Verdict> {
  const { output, text } = await checkout.tool('eslint', ['--format', 'json', ...patterns()])
  let files: LintedFile[]
  try {
    files = JSON.parse(output) as LintedFile[]
  } catch {
    return failed(text)
  }
  const errors = files.flatMap(({ filePath, messages }) => {
    return messages
      .filter(({ severity }) => severity === 2)
      .map(({ line, message, ruleId }) => `${path.relative(checkout.root, filePath)}:${line} ${message} (${ruleId})`)
  })
  const warnings = files.reduce((sum, { warningCount }) => sum + warningCount, 0)
  return errors.length === 0 ? passed(`${files.length} files, ${warnings} warnings`) : failed(errors.join('\n'))
}

/** The commit hook formats what it commits. */
async function format(checkout: Checkout): Promise<Verdict> {
  const { status, text } = await checkout.tool('prettier', ['--check', ...patterns()])
  return status === 0 ? passed('nothing to format') : failed(text)
}

function patterns(): string[] {
  return HALVES.map(({ folder }) => `${folder}/**/*.ts`)
}

async function test(checkout: Checkout, half: Half): Promise<Verdict> {
  const folder = path.posix.relative(half.package, half.folder)
  const { status, text } = await checkout.tool('jest', ['--ci', `${folder}/`], half.package)
  const summary = text.match(/^(Tests|Snapshots):\s.*/gm)?.map((line) => line.replace(/\s+/g, ' '))
  return status === 0 && summary ? passed(summary.join('; ')) : failed(text)
}

function passed(text: string): Verdict {
  return { passed: true, text }
}

function failed(text: string): Verdict {
  return { passed: false, text: text.trimEnd() }
}
