import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const ROOT = path.join(__dirname, '../..')

/** The code block of the README that starts with this line. */
async function readmeBlock(firstLine: string): Promise<string> {
  const readme = await readFile(path.join(ROOT, 'README.md'), 'utf8')
  const block = [...readme.matchAll(/^```\w*\n([\s\S]*?)^```$/gm)].find(([, text]) => text.startsWith(firstLine))
  if (!block) throw new Error(`The README has no code block that starts with ${firstLine}`)
  return block[1]
}

describe('the package', () => {
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'package-'))
    const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: ROOT })
    const tarball = stdout.trim().split('\n').at(-1)
    await writeFile(path.join(folder, 'package.json'), '{"private": true}')
    await run('npm', ['install', '--silent', '--no-audit', '--no-fund', '--prefer-offline', `./${tarball}`], {
      cwd: folder
    })
  }, 90_000)
  afterAll(() => rm(folder, { recursive: true }))

  it('runs the example of the README as it stands there', async () => {
    await writeFile(path.join(folder, 'example.js'), await readmeBlock("const { Destination } = require('@segment"))
    // No Heap here: its host is taken by nock, which the package brings for its command.
    const preload = path.join(folder, 'heap.js')
    await writeFile(
      preload,
      `require('nock')('https://heapanalytics.com').post('/api/integrations/track').reply(200, 'stored')`
    )
    const { stdout } = await run(process.execPath, ['--require', preload, 'example.js'], { cwd: folder })
    expect(stdout).toBe(await readmeBlock('{\n  status: 200'))
  })

  it('brings the command with its examples', async () => {
    const command = path.join(folder, 'node_modules/.bin/heap-destination')
    const { stdout } = await run(command, ['send'], { cwd: folder })
    expect(stdout.trim().split('\n').at(-1)).toBe('10 of 10 events delivered.')
  })
})
