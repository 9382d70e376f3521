import { realpathSync } from 'node:fs'
import path from 'node:path'

/** Whether two names are of one file, also through links, and where it is not there yet. */
export function isSameFile(one: string, other: string): boolean {
  return realPath(one) === realPath(other)
}

function realPath(file: string): string {
  try {
    return realpathSync(file)
  } catch {
    return path.resolve(file)
  }
}
