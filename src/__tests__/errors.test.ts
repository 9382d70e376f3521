import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { Destination } from '@segment/actions-core'
import type { JSONObject, SegmentEvent } from '@segment/actions-core'
import ts from 'typescript'
import heap from '../destinations/heap'
import { HeapEmulator, interceptHeap } from '../heap-emulator'
import { ROOT, tableRows } from './docs'

const PAGE = 'docs/errors.md'

/** A text of the source that a person may read as an error or a part of one, in the pieces between what is filled in. */
type Message = { file: string; pieces: string[] }

/** What a person reads in the mapping page and not in an error. */
const LABELS = new Set(['label', 'description', 'title', 'subscribe', 'defaultSubscription'])

/** Every text of at least three words in the source of a folder, but for labels. */
function messagesIn(folder: string): Message[] {
  const names = readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
  const files = names.filter((name) => /^(?!.*__tests__).*\.ts$/.test(name) && !name.endsWith('generated-types.ts'))
  return files.flatMap((name) => {
    const file = path.join(folder, name)
    const source = ts.createSourceFile(file, readFileSync(path.join(ROOT, file), 'utf8'), ts.ScriptTarget.Latest)
    return textsIn(source).flatMap((pieces) => (/\w \S+ \w/.test(pieces.join('…')) ? { file, pieces } : []))
  })
}

function textsIn(node: ts.Node): string[][] {
  if (ts.isPropertyAssignment(node) && ts.isIdentifier(node.name) && LABELS.has(node.name.text)) return []
  const own =
    ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)
      ? [[node.text]]
      : ts.isTemplateExpression(node)
        ? [[node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)]]
        : []
  const inner: string[][] = []
  ts.forEachChild(node, (child) => void inner.push(...textsIn(child)))
  return [...own, ...inner]
}

/** The messages in the first column of the tables of a section, in which `…` stands for what is filled in. */
function listed(heading: string): string[] {
  return tableRows(PAGE, heading).flatMap(([cell]) => Array.from(cell.matchAll(/`([^`]+)`/g), ([, message]) => message))
}

const SECTIONS = [
  '## Refused before anything is sent',
  '## From Segment’s framework',
  '## From Heap',
  '## Settings and deletion',
  '## In the browser’s console'
]

/** So much of a message says which it is. */
const TELLING = 12

/** The pieces of a text that say which message it is. */
function telling(pieces: string[]): string[] {
  return pieces.map((piece) => piece.trim()).filter((piece) => piece.length >= TELLING)
}

describe('docs/errors.md', () => {
  const messages = [...messagesIn('src/destinations/heap'), ...messagesIn('src/browser-destinations/heap')]

  it('lists every message of the sources', () => {
    const page = SECTIONS.flatMap(listed).join('\n')
    expect(messages.length).toBeGreaterThan(40)
    const missing = messages.filter(({ pieces }) => telling(pieces).some((piece) => !page.includes(piece)))
    expect(missing).toStrictEqual([])
  })

  it('lists no message that is gone', () => {
    const known = messages.flatMap(({ pieces }) => pieces).filter((piece) => piece.trim().length > 3)
    const longestFirst = known.sort((a, b) => b.length - a.length)
    const own = SECTIONS.filter((section) => section !== '## From Segment’s framework').flatMap(listed)
    const gone = own.filter((message) => {
      const rest = longestFirst.reduce((text, piece) => text.replaceAll(piece, ''), message)
      return rest.replace(/[^a-z]/gi, '').length > TELLING
    })
    expect(gone).toStrictEqual([])
  })

  it('lists what becomes of each event in examples/refused', async () => {
    const folder = path.join(ROOT, 'examples/refused')
    const patterns = SECTIONS.flatMap(listed).map((message) => {
      return new RegExp(`^${message.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replaceAll('…', '.+')}$`)
    })
    const interception = interceptHeap(new HeapEmulator())
    const unlisted: string[] = []
    try {
      for (const name of readdirSync(folder)) {
        const event = JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as SegmentEvent
        const settings = { appId: '12343283', subscriptions: heap.presets as unknown as JSONObject }
        await new Destination(heap).onEvent(event, settings).catch(({ message }: Error) => {
          if (!patterns.some((pattern) => pattern.test(message))) unlisted.push(message)
        })
      }
    } finally {
      interception.restore()
    }
    expect(unlisted).toStrictEqual([])
  })
})
