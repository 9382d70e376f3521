import { createHash } from 'node:crypto'
import { realpathSync, renameSync, writeFileSync } from 'node:fs'
import { isObject } from '../../engine/json'
import { toJson } from '../../engine/mappingFormats'
import { readBytes, readJson } from '../../engine/subscriptions'
import type { Subscription } from '../../engine/subscriptions'
import { UsageError } from '../../usageError'

/**
 * What tells one text of a file from another.
 *
 * @throws {UsageError} if the file cannot be read
 */
export function versionOf(file: string): string {
  return createHash('sha256').update(readBytes(file)).digest('hex')
}

/** The list of mappings that a file of ours holds now. */
export function readMappings(file: string): unknown {
  const held = readJson(file)
  return isObject(held) ? held.subscriptions : held
}

/**
 * Writes mappings to the file that they were read from, wholly or not at all; a list stays a list, and an object keeps what else
 * it holds.
 *
 * @returns the file's new version
 * @throws {UsageError} if the file holds mappings in a form of Segment's, which is not ours to write, or cannot be read
 */
export function writeMappings(file: string, subscriptions: Subscription[]): string {
  const held = readJson(file)
  if (!Array.isArray(held) && !(isObject(held) && Array.isArray(held.subscriptions))) {
    throw new UsageError(
      `${file} holds mappings as Segment or Terraform writes them, so it is left as it is. Export them instead.`
    )
  }
  const text = Array.isArray(held) ? toJson(subscriptions) : `${JSON.stringify({ ...held, subscriptions }, null, 2)}\n`
  // Through a link, the file that it leads to is replaced.
  const real = realpathSync(file)
  writeFileSync(`${real}.tmp`, text)
  renameSync(`${real}.tmp`, real)
  return versionOf(file)
}
