import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { visit } from '../browser-destinations/heap/__tests__/site'
import { launchChromium } from './chromium'
import { codeBlock, ROOT } from './docs'

const run = promisify(execFile)

describe('the package', () => {
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'package-'))
    const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: ROOT })
    const tarball = stdout.trim().split('\n').at(-1)
    await writeFile(path.join(folder, 'package.json'), '{"private": true}')
    const packages = [`./${tarball}`, '@segment/analytics-next']
    await run('npm', ['install', '--silent', '--no-audit', '--no-fund', '--prefer-offline', ...packages], {
      cwd: folder
    })
  }, 90_000)
  afterAll(() => rm(folder, { recursive: true }))

  it('runs the example of docs/package.md', async () => {
    await writeFile(
      path.join(folder, 'example.js'),
      codeBlock('docs/package.md', "const { Destination } = require('@segment")
    )
    // No Heap here: its host is taken by nock, which the package brings for its command.
    const preload = path.join(folder, 'heap.js')
    await writeFile(
      preload,
      `require('nock')('https://heapanalytics.com').post('/api/integrations/track').reply(200, 'stored')`
    )
    const { stdout } = await run(process.execPath, ['--require', preload, 'example.js'], { cwd: folder })
    expect(stdout).toBe(codeBlock('docs/package.md', '{\n  status: 200'))
  })

  it('puts Heap on a page with the snippet of docs/device-mode.md', async () => {
    await writeFile(path.join(folder, 'app.js'), codeBlock('docs/device-mode.md', 'import { AnalyticsBrowser }'))
    const { outputFiles } = await build({
      entryPoints: [path.join(folder, 'app.js')],
      bundle: true,
      write: false,
      format: 'iife'
    })
    const browser = await launchChromium()
    const site = await visit(await browser.newContext(), {
      script: outputFiles[0].text,
      csp: codeBlock('docs/device-mode.md', 'script-src').trim()
    })
    try {
      await site.page.waitForFunction(() => window.heapCalls?.length >= 4)
      const [library, ...calls] = await site.heapCalls()
      expect(library).toStrictEqual(['library', '12343283', { shouldFetchServerConfig: false }])
      const shown = calls.map(([name, ...args]) => {
        return `heap.${String(name)}(${args.map((arg) => JSON.stringify(arg)).join(', ')})\n`
      })
      expect(shown.join('')).toBe(codeBlock('docs/device-mode.md', 'heap.identify('))
      expect(site.requests).toStrictEqual(['GET https://cdn.us.heap-api.com/config/12343283/heap_config.js'])
      expect([...site.warnings, ...site.errors]).toStrictEqual([])
    } finally {
      await site.leave()
      await browser.close()
    }
  })

  it('has types that fit a site with a type of its own for Heap', async () => {
    const snippet = codeBlock('docs/device-mode.md', 'import { AnalyticsBrowser }')
    const own = 'declare global { interface Window { heap: { load(id: string): void }; heapReadyCb: string } }'
    await writeFile(path.join(folder, 'app.ts'), `${snippet}\n${own}\nwindow.heap.load('12343283')`)
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--target', 'es2022', '--lib', 'es2022,dom']
    const modules = ['--module', 'esnext', '--moduleResolution', 'bundler']
    const compiler = path.join(ROOT, 'node_modules/typescript/bin/tsc')
    const { stdout } = await run(process.execPath, [compiler, ...options, ...modules, 'app.ts'], {
      cwd: folder
    }).catch((error: { stdout: string }) => error)
    expect(stdout).toBe('')
  })

  it('is as small for a visitor as docs/device-mode.md says', async () => {
    const { stdout } = await run(process.execPath, ['scripts/build-browser.js'], { cwd: ROOT })
    expect(stdout).toBe(codeBlock('docs/device-mode.md', 'dist/browser/heap.js:'))
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

  it('brings the command with its examples', async () => {
    const command = path.join(folder, 'node_modules/.bin/heap-destination')
    const { stdout } = await run(command, ['send'], { cwd: folder })
    expect(stdout.trim().split('\n').at(-1)).toBe('10 of 10 events delivered.')
  })
})
