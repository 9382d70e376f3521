import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { Script } from 'node:vm'
import { buildSync } from 'esbuild'
import ts from 'typescript'
import { visitInJsdom } from '../browser-destinations/heap/__tests__/siteInJsdom'
import { environment } from '../cli/__tests__/run'
import { codeBlock, ROOT } from './docs'

const run = promisify(execFile)

/** What is installed where nothing was, and nothing else comes with it. */
let folder: string
/** What packing has printed: what the build says, and the name of the tarball. */
let packing: string

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'package-'))
  packing = (await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: ROOT, env: environment() }))
    .stdout
  const tarball = packing.trim().split('\n').at(-1)
  await writeFile(path.join(folder, 'package.json'), '{"private": true}')
  await run('npm', ['install', '--silent', '--no-audit', '--no-fund', '--prefer-offline', `./${tarball}`], {
    cwd: folder
  })
}, 90_000)
afterAll(() => rm(folder, { recursive: true }))

/** Runs the installed command. */
function heapDestination(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  return run(path.join(folder, 'node_modules/.bin/heap-destination'), args, { cwd: folder })
}

describe('the package', () => {
  it('brings at most 30 packages and 16 MB', async () => {
    const modules = path.join(folder, 'node_modules')
    const lock = JSON.parse(await readFile(path.join(modules, '.package-lock.json'), 'utf8')) as { packages: object }
    expect(Object.keys(lock.packages).length).toBeLessThanOrEqual(30)
    const entries = await readdir(modules, { recursive: true, withFileTypes: true })
    const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name))
    const stats = await Promise.all(files.map((file) => stat(file)))
    expect(stats.reduce((bytes, { size }) => bytes + size, 0)).toBeLessThanOrEqual(16_000_000)
    // What others add to it on the disk can change; what is ours must leave them 14 MB. A block has 512 bytes.
    const own = stats.filter((_stat, index) => files[index].includes('/node_modules/heap-destination/'))
    expect(own.reduce((blocks, one) => blocks + one.blocks, 0) / 2048).toBeLessThanOrEqual(2.2)
  })

  it('runs the example of docs/package.md', async () => {
    await writeFile(
      path.join(folder, 'example.js'),
      codeBlock('docs/package.md', "const { Destination } = require('@segment")
    )
    // No Heap here: its host is taken by nock.
    const nock = JSON.stringify(require.resolve('nock'))
    const preload = path.join(folder, 'heap.js')
    await writeFile(
      preload,
      `require(${nock})('https://heapanalytics.com').post('/api/integrations/track').reply(200, 'stored')`
    )
    const { stdout } = await run(process.execPath, ['--require', preload, 'example.js'], { cwd: folder })
    expect(stdout).toBe(codeBlock('docs/package.md', '{\n  status: 200'))
  })

  it('gives the definition of the destination in the browser to Segment’s own builds', async () => {
    await writeFile(
      path.join(folder, 'definition.mjs'),
      `import { destination } from 'heap-destination/browser'
      console.log(destination.slug, Object.keys(destination.actions).join())`
    )
    const { stdout } = await run(process.execPath, ['definition.mjs'], { cwd: folder })
    expect(stdout).toBe('actions-heap-web identifyUser,trackEvent\n')
  })
})

describe('the command of the package', () => {
  it('says its version', async () => {
    const { version } = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8')) as { version: string }
    expect((await heapDestination('--version')).stdout).toBe(`${version}\n`)
  })

  it('sends the examples, which come with it', async () => {
    const { stdout } = await heapDestination('send')
    expect(stdout.trim().split('\n').at(-1)).toBe('10 of 10 events delivered.')
  })

  it('serves an event of a Segment SDK', async () => {
    const command = path.join(folder, 'node_modules/heap-destination/bin/heap-destination.js')
    const server = spawn(process.execPath, [command, 'serve', '--port', '0'], { cwd: folder })
    try {
      const [greeting] = (await once(server.stdout.setEncoding('utf8'), 'data')) as [string]
      const url = /http:\S+\d/.exec(greeting)?.[0]
      const event = { type: 'track', event: 'Signed Up', messageId: 'message-0001', userId: 'alice' }
      const response = await fetch(`${url}/v1/track`, { method: 'POST', body: JSON.stringify(event) })
      expect(response.status).toBe(200)
      expect(await (await fetch(`${url}/heap`)).json()).toMatchObject([{ events: [{ event: 'Signed Up' }] }])
      // The page, and the thread that evaluates mappings for it.
      expect(await (await fetch(String(url))).text()).toContain('<script src="/page/page.js"')
      expect(await (await fetch(`${url}/page/page.js`)).text()).toContain('Map with this event')
      const subscription = { partnerAction: 'trackEvent', subscribe: 'type = "track"', mapping: { event: 'Mapped' } }
      const preview = await fetch(`${url}/page/preview`, {
        method: 'POST',
        headers: { origin: String(url), 'content-type': 'application/json' },
        body: JSON.stringify({ event, subscription })
      })
      expect(await preview.json()).toMatchObject({ trigger: { isTaken: true }, fields: { event: { value: 'Mapped' } } })
    } finally {
      server.kill()
      await once(server, 'close')
    }
  })

  it.each(['generate', 'validate'])('says that %s wants a clone', async (name) => {
    await expect(heapDestination(name)).rejects.toMatchObject({
      code: 1,
      stderr: `error: ${name} works on the source of the destination: run it in a clone of its repository\n`
    })
  })

  it('brings the notices of the packages that it is bundled with', async () => {
    const notices = 'node_modules/heap-destination/dist/cli/THIRD-PARTY-LICENSES.txt'
    expect(await readFile(path.join(folder, notices), 'utf8')).toContain('Copyright (c) 2011 TJ Holowaychuk')
  })
})

describe('the package on a site', () => {
  beforeAll(async () => {
    // The site has analytics.js already.
    const analytics = 'node_modules/@segment/analytics-next'
    await symlink(path.join(ROOT, analytics), path.join(folder, analytics))
  })

  it('puts Heap on a page with the snippet of docs/device-mode.md', async () => {
    await writeFile(path.join(folder, 'app.js'), codeBlock('docs/device-mode.md', 'import { AnalyticsBrowser }'))
    const { outputFiles } = buildSync({
      entryPoints: [path.join(folder, 'app.js')],
      bundle: true,
      write: false,
      format: 'iife'
    })
    const site = await visitInJsdom({ script: new Script(outputFiles[0].text) })
    try {
      await site.page.waitForFunction(() => window.heapCalls?.length >= 5)
      const [library, ...calls] = await site.page.evaluate(() => window.heapCalls)
      expect(library).toStrictEqual(['library', '12343283', { shouldFetchServerConfig: false }])
      const shown = calls.map(([name, ...args]) => {
        const texts = args.map((arg) => JSON.stringify(arg).replace(/(?<="anonymous_id":")[\w-]{36}/, '…'))
        return `heap.${String(name)}(${texts.join(', ')})\n`
      })
      expect(shown.join('')).toBe(codeBlock('docs/device-mode.md', 'heap.identify('))
      expect(site.requests).toStrictEqual(['GET https://cdn.us.heap-api.com/config/12343283/heap_config.js'])
      expect([...site.warnings, ...site.errors]).toStrictEqual([])
    } finally {
      await site.leave()
    }
  })

  it('has types that resolve, and fit a site with a type of its own for Heap', async () => {
    const snippet = codeBlock('docs/device-mode.md', 'import { AnalyticsBrowser }')
    const own = 'declare global { interface Window { heap: { load(id: string): void }; heapReadyCb: string } }'
    await writeFile(path.join(folder, 'app.ts'), `${snippet}\n${own}\nwindow.heap.load('12343283')`)
    await writeFile(
      path.join(folder, 'definitions.ts'),
      `import heap from 'heap-destination'
      import { destination } from 'heap-destination/browser'
      const actions: string[] = [...Object.keys(heap.actions), destination.actions.trackEvent.title]
      // @ts-expect-error A type that does not resolve would fit anything.
      const one: number = heap.name
      // @ts-expect-error
      const other: number = destination.name
      export { actions, one, other }`
    )
    const program = ts.createProgram(
      ['app.ts', 'definitions.ts'].map((name) => path.join(folder, name)),
      {
        noEmit: true,
        strict: true,
        target: ts.ScriptTarget.ES2022,
        lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
        module: ts.ModuleKind.ESNext,
        moduleResolution: ts.ModuleResolutionKind.Bundler
      }
    )
    // The package's own types are checked too, but not what others answer for.
    const files = program
      .getSourceFiles()
      .filter(({ fileName }) => !/node_modules\/(?!heap-destination\/)/.test(fileName))
    expect(files.map(({ fileName }) => path.basename(fileName))).toEqual(
      expect.arrayContaining(['app.ts', 'definitions.ts', 'heap.d.ts'])
    )
    const problems = files.flatMap((file) => program.getSemanticDiagnostics(file))
    expect(problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))).toStrictEqual([])
  })

  it('is as small for a visitor as docs/device-mode.md says', () => {
    const sizes = packing.split(/^/m).filter((line) => line.startsWith('dist/browser/'))
    expect(sizes.join('')).toBe(codeBlock('docs/device-mode.md', 'dist/browser/heap.js:'))
  })
})
