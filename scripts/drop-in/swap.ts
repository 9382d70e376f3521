import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Checkout } from './checkout'
import { BROWSER, CLOUD, HALVES } from './halves'
import type { Plan } from './halves'

/** Where the checkout's own files wait meanwhile: on its disk, and out of sight of git and of its tools. */
const ASIDE = 'node_modules/.cache/heap-drop-in'
const JOURNAL = `${ASIDE}/journal.json`

const REPLACED = HALVES.flatMap(({ replaced }) => replaced)

interface Journal {
  process: number
  /** What of {@link REPLACED} the checkout had. */
  had: string[]
}

/** Why a folder cannot take the destination, and what to do; undefined if it can. */
export async function reasonAgainst(checkout: Checkout): Promise<string | undefined> {
  const name = await packageName(checkout)
  if (name !== 'action-destinations' || !existsSync(checkout.at('.git'))) {
    return `${checkout.root} is not a checkout of action-destinations. Give the path of its root.`
  }
  if (!existsSync(checkout.at('node_modules/.bin/eslint'))) {
    return `${checkout.root} is not installed. Run "yarn install" in it first.`
  }
  const built = [
    `packages/destinations-manifest/dist/index.js`,
    `${path.posix.dirname(BROWSER.folder)}/dist/cjs/index.js`
  ]
  if (!built.every((file) => existsSync(checkout.at(file)))) {
    return `${checkout.root} is not built, and its checks run on what is built. Run "NODE_ENV=production yarn build" in it first.`
  }
  return changes(checkout)
}

async function packageName(checkout: Checkout): Promise<unknown> {
  try {
    return (JSON.parse(await readFile(checkout.at('package.json'), 'utf8')) as { name?: unknown }).name
  } catch {
    return undefined
  }
}

/** What git says has changed where the destination goes. */
async function changes(checkout: Checkout): Promise<string | undefined> {
  const folders = [CLOUD.folder, path.posix.dirname(BROWSER.folder)]
  const { status, output, text } = await checkout.git(
    'status',
    '--porcelain',
    '--untracked-files=all',
    '--',
    ...folders
  )
  if (status !== 0) return `git cannot tell the state of ${checkout.root}: ${text.trim()}`
  if (output === '') return undefined
  return `${checkout.root} has uncommitted changes where the destination goes. Commit or stash them first:\n${output.trimEnd()}`
}

/** Moves the checkout's own files aside and writes the planned ones in their place. */
export async function putIn(checkout: Checkout, plans: Plan[]): Promise<void> {
  const had = REPLACED.filter((name) => existsSync(checkout.at(name)))
  const journal: Journal = { process: process.pid, had }
  await mkdir(checkout.at(ASIDE), { recursive: true })
  await writeFile(checkout.at(JOURNAL), JSON.stringify(journal))
  for (const name of had) {
    await mkdir(path.dirname(checkout.at(ASIDE, name)), { recursive: true })
    await rename(checkout.at(name), checkout.at(ASIDE, name))
  }
  for (const { files } of plans) {
    for (const [file, text] of files) {
      await mkdir(path.dirname(checkout.at(file)), { recursive: true })
      await writeFile(checkout.at(file), text)
    }
  }
}

/**
 * Puts the checkout's own files back, if there are any aside.
 *
 * @throws Error if another run that is under way put them there, or if git does not find the checkout as it was
 */
export async function putBack(checkout: Checkout): Promise<boolean> {
  const journal = await readJournal(checkout)
  if (!journal) return false
  if (journal.process !== process.pid && isRunning(journal.process)) {
    throw new Error(`Another drop-in (process ${journal.process}) is using ${checkout.root}. Wait until it has ended.`)
  }
  for (const name of REPLACED) {
    const aside = checkout.at(ASIDE, name)
    // What it had and is not aside was not moved yet.
    if (journal.had.includes(name) && !existsSync(aside)) continue
    await rm(checkout.at(name), { recursive: true, force: true })
    if (journal.had.includes(name)) await rename(aside, checkout.at(name))
  }
  await rm(checkout.at(ASIDE), { recursive: true })
  const left = await changes(checkout)
  if (left !== undefined) throw new Error(`The checkout could not be put back as it was. ${left}`)
  return true
}

async function readJournal(checkout: Checkout): Promise<Journal | undefined> {
  try {
    return JSON.parse(await readFile(checkout.at(JOURNAL), 'utf8')) as Journal
  } catch {
    return undefined
  }
}

function isRunning(id: number): boolean {
  try {
    return process.kill(id, 0)
  } catch {
    return false
  }
}
