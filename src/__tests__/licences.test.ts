import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { bundleForBrowsers } from '../../scripts/bundles'
import { noticesOf, packageIn } from '../../scripts/licences'
import { BUNDLE } from '../../scripts/testSetup'
import { pageText } from './docs'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'licences-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Makes the folder that of a package. */
function isPackage(about: object, files: Record<string, string> = {}): void {
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name: 'odd', version: '1.2.3', ...about }))
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text)
}

describe('a package that is bundled', () => {
  it('is passed on with its licence and its notice', () => {
    isPackage({ license: 'ISC' }, { 'LICENSE.md': 'Copyright Ann\n' })
    expect(packageIn(folder)).toStrictEqual({ name: 'odd', version: '1.2.3', licence: 'ISC', text: 'Copyright Ann' })
    expect(noticesOf([packageIn(folder)])).toContain('odd 1.2.3 (ISC)\n\nCopyright Ann\n')
  })

  it('may have them in its README alone', () => {
    isPackage({}, { 'README.md': '# Odd\n\n## License\n\nMIT License\n\nCopyright Ann\n\n## Thanks\n' })
    expect(packageIn(folder)).toMatchObject({ licence: 'MIT', text: 'MIT License\n\nCopyright Ann' })
  })

  it('is passed on with the name of its author where it brings no notice', () => {
    isPackage({ license: 'MIT', author: { name: 'Ann' } }, { 'README.md': '# Odd\n' })
    expect(packageIn(folder).text).toBe('Licensed under MIT by Ann; the package brings no text.')
  })

  it.each([
    ['nothing', {}, {}],
    ['a README that says nothing of it', {}, { 'README.md': '# Odd\n\nFree for all.\n' }]
  ])('fails the build where all there is of a licence is %s', (_what, about, files) => {
    isPackage(about, files)
    expect(() => packageIn(folder)).toThrow('odd states no licence, so its code cannot be part of the package.')
  })
})

describe('docs/architecture.md', () => {
  it('lists what is bundled, by licence', () => {
    bundleForBrowsers(folder)
    const notices = [BUNDLE, folder].map((bundle) =>
      readFileSync(path.join(bundle, 'THIRD-PARTY-LICENSES.txt'), 'utf8')
    )
    const packages = notices.flatMap((text) => Array.from(text.matchAll(/^-+\n\n(\S+) \S+ \((.*)\)$/gm)))
    const byLicence = new Map<string, Set<string>>()
    for (const [, name, licence] of packages) {
      byLicence.set(licence, (byLicence.get(licence) ?? new Set()).add(name))
    }
    const lines = Array.from(byLicence, ([licence, names]) => `- ${licence}: ${Array.from(names).sort().join(', ')}`)
    const text = pageText('docs/architecture.md').replaceAll(/\n {2}/g, ' ')
    expect(lines.filter((line) => !text.includes(`\n${line}\n`))).toStrictEqual([])
  })
})
