import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import type { DestinationDefinition } from '@segment/actions-core'

/** The destination that Segment publishes; the newest at the time of the comparison. */
export const PUBLISHED = '@segment/action-destinations@3.497.0'

const FOLDER = path.resolve('bench/.published')
const HEAP = path.join(FOLDER, 'package/dist/destinations/heap')

/** The flatten that the published destination uses. */
export type Flat = (data: object) => Record<string, string>

/** Fetches the published package, which cannot be installed whole, unless an earlier run did. */
export function fetchPublished(): void {
  if (existsSync(HEAP)) return
  mkdirSync(FOLDER, { recursive: true })
  const tarball = execFileSync('npm', ['pack', '--silent', PUBLISHED], { cwd: FOLDER, encoding: 'utf8' }).trim()
  execFileSync('tar', ['xzf', tarball], { cwd: FOLDER })
}

/** The published flatten. */
export async function publishedFlat(): Promise<Flat> {
  const { flat } = (await import(path.join(HEAP, 'flat.js'))) as { flat: Flat }
  return flat
}

/** The published destination, under a name of one word: its own fails every event in the framework's validation. */
export async function publishedDestination(): Promise<DestinationDefinition> {
  const module = (await import(path.join(HEAP, 'index.js'))) as { default: unknown }
  // A CommonJS module may come wrapped once more.
  const found = module.default as DestinationDefinition | { default: DestinationDefinition }
  return { ...('default' in found ? found.default : found), name: 'Published' }
}
