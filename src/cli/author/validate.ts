import path from 'node:path'
import { destination as heapInTheBrowser } from '../../browser-destinations/heap'
import heap from '../../destinations/heap'
import { findingsOf } from './findings'
import { staleFiles } from './generate'

/**
 * `heap-destination validate`: says what is wrong with the definitions of the destination, in the cloud and in the browser, and
 * with their generated files.
 *
 * @returns the exit status: 1 when there is anything
 */
export async function validate(): Promise<number> {
  const stale = Array.from((await staleFiles()).keys(), (file) => {
    return `${path.relative(process.cwd(), file)} is stale: run npm run generate.`
  })
  const findings = [heap, heapInTheBrowser].flatMap((definition) => {
    return findingsOf(definition).map((finding) => `${definition.slug}: ${finding}`)
  })
  findings.push(...stale)
  for (const finding of findings) console.log(finding)
  if (findings.length === 0) console.log('The definition is sound, and every generated file is up to date.')
  return findings.length > 0 ? 1 : 0
}
