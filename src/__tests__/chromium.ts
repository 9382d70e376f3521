import { createReadStream, createWriteStream, existsSync, mkdirSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createBrotliDecompress } from 'node:zlib'
import type { Browser } from 'playwright-core'
import { extract } from 'tar-fs'
import { BUNDLE } from '../../scripts/testSetup'
import { version } from '../../node_modules/@sparticuz/chromium/package.json'

const NODE_MODULES = path.join(__dirname, '../../node_modules')
const PACKED = path.join(NODE_MODULES, '@sparticuz/chromium/bin')
const UNPACKED = path.join(NODE_MODULES, '.cache', `sparticuz-chromium-${version}`)
/** Its own names folders of another machine, and without a font a page that shows text ends. */
const FONTS = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${UNPACKED}/fonts</dir>
  <cachedir>${UNPACKED}/fonts-cache</cachedir>
</fontconfig>
`

/** Where the browser that npm brought is run from. */
export const PACKED_CHROMIUM = path.join(UNPACKED, 'chromium')

/** Whatever a page asks for, and a test did not think of. */
const ONLY_THIS_MACHINE =
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, EXCLUDE 127.0.0.1'

const NO_CHROMIUM =
  'There is no Chromium for the tests in a real browser. Install Chromium or Google Chrome, or name one in CHROMIUM_PATH.'

/** A machine as far as it decides which browser is found. */
export interface Machine {
  platform: NodeJS.Platform
  arch: string
  env: NodeJS.ProcessEnv
  exists: (path: string) => boolean
}

const THIS_MACHINE: Machine = {
  platform: process.platform,
  arch: process.arch,
  env: process.env,
  exists: existsSync
}

/**
 * The path of the browser for the tests: the one that CHROMIUM_PATH names, or an installed one, or on Linux x64 the one that npm
 * brought. Throws where there is none.
 */
export function findChromium(machine: Machine = THIS_MACHINE): string {
  const named = machine.env.CHROMIUM_PATH
  if (named) {
    if (machine.exists(named)) return named
    throw new Error(`CHROMIUM_PATH names ${named}, where there is nothing. Correct it, or unset it.`)
  }
  const installed = usualPlaces(machine).find(machine.exists)
  if (installed) return installed
  if (machine.platform === 'linux' && machine.arch === 'x64' && machine.exists('/lib64/ld-linux-x86-64.so.2')) {
    return PACKED_CHROMIUM
  }
  throw new Error(NO_CHROMIUM)
}

function usualPlaces({ platform, env }: Machine): string[] {
  if (platform === 'darwin') {
    const apps = ['Google Chrome', 'Chromium', 'Microsoft Edge'].map((app) => `${app}.app/Contents/MacOS/${app}`)
    return ['/Applications', `${env.HOME}/Applications`].flatMap((folder) => apps.map((app) => `${folder}/${app}`))
  }
  if (platform === 'win32') {
    const programs = ['Google\\Chrome\\Application\\chrome.exe', 'Microsoft\\Edge\\Application\\msedge.exe']
    const folders = [env.PROGRAMFILES, env['PROGRAMFILES(X86)'], env.LOCALAPPDATA]
    return folders.flatMap((folder) => (folder ? programs.map((program) => `${folder}\\${program}`) : []))
  }
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
  const folders = (env.PATH ?? '').split(':').filter((folder) => folder)
  return names.flatMap((name) => folders.map((folder) => `${folder}/${name}`))
}

/** Why there is no browser; nothing where there is one. */
const noChromium = problemOf(findChromium)

/**
 * What jest gives, for tests in a real browser. Where there is none, these are skipped, and of a run one test fails and says so.
 */
export const beforeAll = noChromium ? (): void => undefined : globalThis.beforeAll
export const describe = noChromium ? globalThis.describe.skip : globalThis.describe
export const it = noChromium ? globalThis.it.skip : globalThis.it

if (noChromium && isFirstOfRun()) {
  globalThis.it('finds a browser for the tests that need one', () => Promise.reject(noChromium))
}

const launched: Browser[] = []
afterAll(() => Promise.all(launched.map((browser) => browser.close())))

/** Starts a headless browser for the tests of a file, and ends it after them. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = findChromium()
  const isPacked = executablePath === PACKED_CHROMIUM
  if (isPacked) await unpack()
  // Its system libraries and fonts come with it.
  const libraries = {
    LD_LIBRARY_PATH: path.join(UNPACKED, 'al2023/lib'),
    FONTCONFIG_FILE: path.join(UNPACKED, 'fonts.conf')
  }
  // It takes a while to load, which whoever looks for a browser only need not wait for.
  const { chromium } = await import('playwright-core')
  const browser = await chromium.launch({
    executablePath,
    // A process for each page would take longer to start than most pages take.
    args: ['--no-sandbox', '--disable-gpu', '--renderer-process-limit=1', ONLY_THIS_MACHINE],
    env: { ...process.env, ...(isPacked ? libraries : {}) }
  })
  launched.push(browser)
  return browser
}

function problemOf(find: () => string): Error | undefined {
  try {
    find()
    return undefined
  } catch (error) {
    // A stack trace would hide the one line that helps.
    return Object.assign(error as Error, { stack: (error as Error).message })
  }
}

function isFirstOfRun(): boolean {
  try {
    mkdirSync(path.join(BUNDLE, `no-browser-${process.env.TEST_RUN}`))
    return true
  } catch {
    return false
  }
}

/** Unpacks the browser that npm brought, once for each of its versions. Tests that do so at the same time don't meet. */
async function unpack(): Promise<void> {
  if (existsSync(UNPACKED)) return
  await mkdir(path.dirname(UNPACKED), { recursive: true })
  const folder = await mkdtemp(`${UNPACKED}-`)
  const decompress = (name: string, into: NodeJS.WritableStream): Promise<void> =>
    pipeline(createReadStream(path.join(PACKED, name)), createBrotliDecompress(), into)
  try {
    await decompress('chromium.br', createWriteStream(path.join(folder, 'chromium'), { mode: 0o755 }))
    await decompress('al2023.tar.br', extract(path.join(folder, 'al2023')))
    await decompress('fonts.tar.br', extract(path.join(folder, 'fonts')))
    await writeFile(path.join(folder, 'fonts.conf'), FONTS)
    await rename(folder, UNPACKED)
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    // Another test may have been faster.
    if (!existsSync(UNPACKED)) throw error
  }
}
