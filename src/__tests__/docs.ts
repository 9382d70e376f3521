import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** The folder of the project. */
export const ROOT = path.join(__dirname, '../..')

/** Every page that a person reads, by its path from the root. */
export const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync(path.join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`)
]

/** The text of a page, such as `docs/mappings.md`. */
export function pageText(page: string): string {
  return readFileSync(path.join(ROOT, page), 'utf8')
}

/** The code blocks of a page, in order, each with the language behind its fence. */
export function codeBlocks(page: string): { language: string; text: string }[] {
  return Array.from(pageText(page).matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm), ([, language, text]) => ({
    language,
    text
  }))
}

/**
 * The code block of a page that starts with this text.
 *
 * @throws Error where the page has none
 */
export function codeBlock(page: string, start: string): string {
  const block = codeBlocks(page).find(({ text }) => text.startsWith(start))
  if (!block) throw new Error(`${page} has no code block that starts with ${start}`)
  return block.text
}

/** The rows of every table in a section of a page, each as the text of its cells; the section ends at the next heading. */
export function tableRows(page: string, heading: string): string[][] {
  const [, rest] = pageText(page).split(`\n${heading}\n`)
  if (rest === undefined) throw new Error(`${page} has no heading ${heading}`)
  const lines = rest.split(/^#/m)[0].split('\n')
  const isRule = (line?: string) => line !== undefined && /^\|[| -]+$/.test(line)
  const rows = lines.filter((line, index) => line.startsWith('|') && !isRule(line) && !isRule(lines[index + 1]))
  return rows.map((row) => {
    return row
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim())
  })
}

/** Whether a program printed what a block shows, where a line that is `…` stands for any number of lines. */
export function matchesOutput(output: string, block: string): boolean {
  const parts = block.trimEnd().split(/^…\n/m)
  const escaped = parts.map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
  return new RegExp(`^${escaped.join('(?:.*\\n)*')}$`).test(output.trimEnd())
}
