import path from 'node:path'
import { loadDefinition } from '../destination'
import { findingsOf } from '../validate'
import { staleFiles } from './generate'

/**
 * `heap-destination validate`: says what is wrong with the definition of the destination and its generated files.
 *
 * @returns the exit status: 1 when there is anything
 */
export async function validate(): Promise<number> {
  const stale = Array.from((await staleFiles()).keys(), (file) => {
    return `${path.relative(process.cwd(), file)} is stale: run npm run generate.`
  })
  const findings = [...findingsOf(loadDefinition()), ...stale]
  for (const finding of findings) console.log(finding)
  if (findings.length === 0) console.log('The definition is sound, and every generated file is up to date.')
  return findings.length > 0 ? 1 : 0
}
