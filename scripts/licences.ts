import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { Metafile } from 'esbuild'

const ROOT = path.join(__dirname, '..')

/** A package whose code is in a bundle. */
export interface BundledPackage {
  name: string
  version: string
  /** An SPDX identifier, such as MIT. */
  licence: string
  /** The text of the licence, which asks to be passed on. */
  text: string
}

/**
 * The packages in a bundle, in the order of their names.
 *
 * @param metafile that esbuild gave with the bundle
 * @throws {Error} naming a package that states no licence
 */
export function bundledPackages({ outputs }: Metafile): BundledPackage[] {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs))
  const folders = new Set(
    // Of some files that are read nothing is left.
    inputs.flatMap(([file, { bytesInOutput }]) => {
      return bytesInOutput > 0 ? (/^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []) : []
    })
  )
  return Array.from(folders, (folder) => packageIn(path.resolve(ROOT, folder))).sort((one, other) =>
    one.name < other.name ? -1 : 1
  )
}

/**
 * A package by its folder.
 *
 * @throws {Error} if it states no licence
 */
export function packageIn(folder: string): BundledPackage {
  const { name, version, license, author } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
    name: string
    version: string
    license?: string
    author?: string | { name: string }
  }
  const text = licenceTextIn(folder)
  const licence = license ?? (text?.startsWith('MIT License') ? 'MIT' : undefined)
  if (!licence) throw new Error(`${name} states no licence, so its code cannot be part of the package.`)
  const holder = typeof author === 'string' ? author : (author?.name ?? 'its authors')
  return { name, version, licence, text: text ?? `Licensed under ${licence} by ${holder}; the package brings no text.` }
}

/** The notices of packages, for a file beside the bundle. */
export function noticesOf(packages: BundledPackage[]): string {
  const notices = packages.map(({ name, version, licence, text }) => `${name} ${version} (${licence})\n\n${text}\n`)
  return ['The code in this folder contains these packages.\n', ...notices].join(`\n${'-'.repeat(80)}\n\n`)
}

/** Some packages have it in their README alone. */
function licenceTextIn(folder: string): string | undefined {
  const names = readdirSync(folder)
  const textOf = (name: string): string => readFileSync(path.join(folder, name), 'utf8')
  const file = names.find((name) => /^(licen[cs]e|copying)/i.test(name))
  if (file) return textOf(file).trim()
  const readme = names.find((name) => /^readme/i.test(name))
  return readme && /^#+ licen[cs]e$([^#]*copyright[^#]*)/im.exec(textOf(readme))?.[1].trim()
}
