import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import path from 'node:path'
import ts from 'typescript'

export const ROOT = path.join(__dirname, '../..')

/** One half of the destination: where it is here, and where action-destinations has it. Paths start at the root of either. */
export interface Half {
  name: string
  source: string
  /** The package whose compiler options and tests hold there. */
  package: string
  folder: string
  /** Where what only tests use goes: the folder of a test is searched for tests alone. */
  testUtilities?: string
  metadata: string
  /** What of the checkout gives way, and comes back: the folder, the metadata and what is built from them. */
  replaced: string[]
}

export const CLOUD: Half = {
  name: 'cloud',
  source: 'src/destinations/heap',
  package: 'packages/destination-actions',
  folder: 'packages/destination-actions/src/destinations/heap',
  metadata: 'packages/destination-actions/src/destinations/heap/metadata.json',
  replaced: ['packages/destination-actions/src/destinations/heap']
}

export const BROWSER: Half = {
  name: 'browser',
  source: 'src/browser-destinations/heap',
  package: 'packages/browser-destinations',
  folder: 'packages/browser-destinations/destinations/heap/src',
  testUtilities: 'packages/browser-destinations/destinations/heap/src/test-utilities',
  metadata: 'packages/browser-destinations/destinations/heap/metadata.json',
  replaced: ['src', 'metadata.json', 'dist'].map((name) => `packages/browser-destinations/destinations/heap/${name}`)
}

export const HALVES = [CLOUD, BROWSER]

/** What the browser's half uses of the cloud's; action-destinations has no such place, so it comes along. */
const RULES = `${CLOUD.source}/rules`

/** The files of a half as they go into a checkout, and the tests that cannot run there. */
export interface Plan {
  /** The text of each file, by its path in the checkout. */
  files: Map<string, string>
  leftBehind: { file: string; why: string }[]
}

/**
 * Plans how a half goes into a checkout: every file as it is, but for the imports of what goes to another place, such as
 * `rules/`, which comes along with the browser's half. A test stays behind if it imports what the checkout does not have.
 *
 * @throws Error if a file that is no test imports such a thing
 */
export async function plan(half: Half, checkout: string, root = ROOT): Promise<Plan> {
  const destinations = new Map<string, string>()
  for (const file of await filesIn(root, half.source)) destinations.set(file, placeOf(half, file))
  if (half === BROWSER) {
    for (const file of await filesIn(root, RULES)) {
      if (!isTest(file)) destinations.set(file, `${half.folder}/rules/${path.posix.relative(RULES, file)}`)
    }
  }
  return move(half, destinations, checkout, root)
}

/** What each file imports. */
type Imports = Map<string, ReturnType<typeof importsOf>>

async function move(half: Half, destinations: Map<string, string>, checkout: string, root: string): Promise<Plan> {
  const texts = new Map<string, string>()
  const imports: Imports = new Map()
  for (const file of destinations.keys()) {
    const text = await readFile(path.join(root, file), 'utf8')
    texts.set(file, text)
    imports.set(file, file.endsWith('.ts') ? importsOf(text) : [])
  }
  const leftBehind: Plan['leftBehind'] = []
  for (let next; (next = unfit(half, destinations, imports, checkout));) {
    // Of the other half, only what this one uses was asked for.
    if (next.file.startsWith(`${half.source}/`)) leftBehind.push(next)
    destinations.delete(next.file)
  }
  const files = new Map<string, string>()
  for (const [file, place] of destinations) {
    let text = texts.get(file) ?? ''
    for (const { name, start } of [...(imports.get(file) ?? [])].reverse()) {
      const target = targetOf(half, file, name, destinations, checkout) ?? name
      text = text.slice(0, start) + target + text.slice(start + name.length)
    }
    files.set(place, text)
  }
  return { files, leftBehind: leftBehind.sort((one, other) => one.file.localeCompare(other.file)) }
}

/** A file that is of no use there, or a test that cannot run, among those that are still to go. */
function unfit(
  half: Half,
  destinations: Map<string, string>,
  imports: Imports,
  checkout: string
): Plan['leftBehind'][number] | undefined {
  const [usedByCode, usedByTests] = [new Set([`${half.source}/index.ts`]), new Set<string>()]
  for (const file of destinations.keys()) {
    for (const { name } of imports.get(file) ?? []) {
      const imported = sourceOf(file, name, destinations)
      if (imported) (isTest(file) ? usedByTests : usedByCode).add(imported)
    }
  }
  for (const file of destinations.keys()) {
    const isUsed = isTest(file) ? !isTestUtility(file) || usedByTests.has(file) : usedByCode.has(file)
    if (file.endsWith('.ts') && !isUsed) return { file, why: 'nothing that goes there uses it' }
  }
  for (const file of destinations.keys()) {
    const missing = imports.get(file)?.find(({ name }) => targetOf(half, file, name, destinations, checkout) === null)
    if (!missing) continue
    if (isTest(file)) return { file, why: `it needs ${missing.name}` }
    throw new Error(`${file} imports ${missing.name}, which action-destinations does not have.`)
  }
  return undefined
}

/** The names that a text imports, and where in it each stands. */
function importsOf(text: string): { name: string; start: number }[] {
  const { importedFiles } = ts.preProcessFile(text)
  // A position is that of the opening quote.
  return importedFiles.map(({ fileName, pos }) => ({ name: fileName, start: pos + 1 }))
}

/** The name by which a file in the checkout imports the same, or null if the checkout does not have it. */
function targetOf(
  half: Half,
  file: string,
  name: string,
  destinations: Map<string, string>,
  checkout: string
): string | null {
  if (!name.startsWith('.')) return isBuiltin(name) || isInstalled(half, name, checkout) ? name : null
  const place = path.posix.dirname(destinations.get(file) ?? placeOf(half, file))
  const ours = sourceOf(file, name, destinations)
  if (ours === undefined) {
    return moduleFiles(path.posix.join(place, name)).some((there) => existsSync(path.join(checkout, there)))
      ? name
      : null
  }
  const there = path.posix.join(place, name)
  const wanted = destinations.get(ours) ?? ''
  return moduleFiles(there).includes(wanted) ? name : relativeName(place, wanted)
}

/** Which of our files that go there an import means. */
function sourceOf(file: string, name: string, destinations: Map<string, string>): string | undefined {
  if (!name.startsWith('.')) return undefined
  return moduleFiles(path.posix.join(path.posix.dirname(file), name)).find((candidate) => destinations.has(candidate))
}

function relativeName(from: string, file: string): string {
  const name = path.posix.relative(from, file.replace(/(\/index)?\.ts$/, ''))
  return name.startsWith('.') ? name : `./${name}`
}

/** The files that an import without an ending can mean. */
function moduleFiles(name: string): string[] {
  return [`${name}.ts`, path.posix.join(name, 'index.ts'), name]
}

function isInstalled(half: Half, name: string, checkout: string): boolean {
  const [scope, rest] = name.split('/')
  const packageName = scope.startsWith('@') ? `${scope}/${rest}` : scope
  return [half.package, '.'].some((folder) => existsSync(path.join(checkout, folder, 'node_modules', packageName)))
}

function placeOf(half: Half, file: string): string {
  const name = path.posix.relative(half.source, file)
  if (name === 'metadata.json') return half.metadata
  if (half.testUtilities && isTestUtility(file)) return path.posix.join(half.testUtilities, path.posix.basename(file))
  return path.posix.join(half.folder, name)
}

function isTest(file: string): boolean {
  return file.includes('/__tests__/')
}

function isTestUtility(file: string): boolean {
  return isTest(file) && file.endsWith('.ts') && !file.endsWith('.test.ts')
}

/** Every file in a folder and its folders, by its path from the root. */
export async function filesIn(root: string, folder: string): Promise<string[]> {
  const entries = await readdir(path.join(root, folder), { withFileTypes: true, recursive: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name))
  return files.map((file) => path.relative(root, file).split(path.sep).join('/')).sort()
}
