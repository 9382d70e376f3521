import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { destination as heapInTheBrowser } from '../../browser-destinations/heap'
import heap from '../../destinations/heap'
import { BROWSER_DESTINATION_DIRECTORY, DESTINATION_DIRECTORY } from '../engine/definition'
import { generateFiles } from './generatedFiles'

/** The generated files that are stale, by their path, with what they should hold. */
export async function staleFiles(): Promise<Map<string, string>> {
  const stale = new Map([
    ...(await generateFiles(heap, DESTINATION_DIRECTORY)),
    ...(await generateFiles(heapInTheBrowser, BROWSER_DESTINATION_DIRECTORY))
  ])
  for (const [file, text] of stale) {
    if ((await readFile(file, 'utf8').catch(() => undefined)) === text) stale.delete(file)
  }
  return stale
}

/**
 * `heap-destination generate`: writes the types and the public schema that follow from the definition.
 *
 * @param check only names what is stale
 * @returns the exit status: 1 when `check` found something stale
 */
export async function generate({ check }: { check?: boolean }): Promise<number> {
  const stale = await staleFiles()
  for (const [file, text] of stale) {
    console.log(`${check ? 'Stale' : 'Wrote'}: ${path.relative(process.cwd(), file)}`)
    if (check) continue
    await mkdir(path.dirname(file), { recursive: true })
    await writeFile(file, text)
  }
  if (stale.size === 0) console.log('Every generated file is up to date.')
  else if (check) console.log('Run npm run generate and commit what it writes.')
  return check && stale.size > 0 ? 1 : 0
}
