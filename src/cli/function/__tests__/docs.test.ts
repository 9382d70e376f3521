import { readFileSync } from 'node:fs'
import path from 'node:path'
import { PublicApi } from '../../../segment-functions'
import { codeBlock, codeBlocks, pageText, ROOT, tableRows } from '../../../__tests__/docs'
import { deployIn } from '../deploy'
import type { DeployOptions } from '../deploy'
import { SETTINGS } from '../settings'

const PAGE = 'docs/segment-function.md'

/** Output, whatever the script's size is today. */
function sizeless(output: string): string {
  return output.trim().replace(/\d+\.\d KB/g, '… KB')
}

describe(PAGE, () => {
  it('shows what deploy says', async () => {
    const { fetch } = new PublicApi({ token: 'token', sources: ['src_1'] })
    const env = { SEGMENT_PUBLIC_API_TOKEN: 'token', HEAP_API_KEY: 'key' }
    const deploy = async (options: Partial<DeployOptions> = {}) => {
      const lines: string[] = []
      const host = { env, fetch, report: (line: string) => lines.push(line), wait: async () => undefined }
      await deployIn(host, { name: 'Heap', workspaceRegion: 'US', region: 'US', ...options })
      return sizeless(lines.join('\n'))
    }
    expect(await deploy()).toBe(sizeless(codeBlock(PAGE, 'There is no function called Heap yet.')))
    expect(await deploy()).toBe(sizeless(codeBlock(PAGE, 'Heap (acme), dfn_1, is up to date.\n')))
    expect(await deploy({ source: 'src_1', appId: '12343283' })).toBe(
      sizeless(codeBlock(PAGE, 'Heap (acme), dfn_1, is up to date.\nThis connects it to src_1'))
    )
  })

  it('names the commands and options that there are', () => {
    const source = readFileSync(path.join(ROOT, 'src/cli/commandLine.ts'), 'utf8')
    const lines = codeBlocks(PAGE).flatMap(({ language, text }) => (language === 'sh' ? text.split('\n') : []))
    const commands = lines.flatMap((line) => /npx heap-destination function (\w+)([^#]*)/.exec(line) ?? [])
    expect(lines.filter((line) => line.startsWith('npx')).length).toBeGreaterThan(7)
    const named = [...commands.join(' ').matchAll(/--[a-z-]+/g), ...pageText(PAGE).matchAll(/`(--[a-z-]+)/g)]
    expect(
      named.map(([text, option]) => option ?? text).filter((option) => !source.includes(`'${option}`))
    ).toStrictEqual([])
    for (const command of ['build', 'try', 'deploy']) expect(source).toContain(`.command('${command}')`)
  })

  it('lists the settings as deploy makes them', () => {
    const word = (flag: boolean) => (flag ? 'yes' : 'no')
    expect(tableRows(PAGE, '## Settings').map((row) => row.slice(0, 5))).toStrictEqual(
      SETTINGS.map(({ label, name, required, sensitive }) => [
        label,
        `\`${name}\``,
        'String',
        word(required),
        word(sensitive)
      ])
    )
  })
})
