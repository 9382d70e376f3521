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

/** The help of the command, and what it reports of its work. */
const HELP = new Set(['description', 'argument', 'option', 'Option', 'report'])

/** What is given the label of a field. */
const READERS = new Set(['textOf', 'objectOf'])

/** What the command says that is no error, by how it starts. */
const NEWS = ['Listening on', 'the real one, App ID', 'the emulator, App ID', 'Reloaded after a change of']

/** Files of the command that show what became of events, or what is in a mapping; and the commands of an author of the destination. */
const SHOWN =
  /^(send\/(\w*[rR]eport|drawing|progressBar)|engine\/(fql|mappingFormats|terminal)|author\/.*|serve\/page\/.*)\.ts$/

/** Every text of at least three words in the source of a folder, but for labels. */
function messagesIn(folder: string, except = /^$/): Message[] {
  const names = readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' }).filter(
    (name) => !except.test(name)
  )
  const files = names.filter((name) => /^(?!.*__tests__).*\.ts$/.test(name) && !name.endsWith('generated-types.ts'))
  return files.flatMap((name) => {
    const file = path.join(folder, name)
    const source = ts.createSourceFile(file, readFileSync(path.join(ROOT, file), 'utf8'), ts.ScriptTarget.Latest)
    return textsIn(source).flatMap((pieces) => (/\w \S+ \S/.test(pieces.join('…')) ? { file, pieces } : []))
  })
}

function textsIn(node: ts.Node): string[][] {
  if (ts.isPropertyAssignment(node) && ts.isIdentifier(node.name) && LABELS.has(node.name.text)) return []
  if (ts.isCallExpression(node) && READERS.has(calledName(node.expression))) return []
  if ((ts.isCallExpression(node) || ts.isNewExpression(node)) && HELP.has(calledName(node.expression))) {
    return ts.isCallExpression(node) ? textsIn(node.expression) : []
  }
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

function calledName(called: ts.Expression): string {
  if (ts.isPropertyAccessExpression(called)) return called.name.text
  return ts.isIdentifier(called) ? called.text : ''
}

/** The messages in the first column of the tables of a section, in which `…` stands for what is filled in. */
function listed(heading: string): string[] {
  return tableRows(PAGE, heading).flatMap(([cell]) => Array.from(cell.matchAll(/`([^`]+)`/g), ([, message]) => message))
}

const DESTINATION = [
  '## Refused before anything is sent',
  '## From Segment’s framework',
  '## From Heap',
  '## Settings and deletion',
  '## In the browser’s console'
]
const COMMAND = [
  '## From the command: events',
  '## From the command: options',
  '## From the command: mappings',
  '## From the command: stop and resume',
  '## From serve',
  '## From the command: function'
]

const ofTheFramework = listed('## From Segment’s framework')

/** So much of a message says which it is. */
const TELLING = 12

/** The pieces of a text that say which message it is. */
function telling(pieces: string[]): string[] {
  return pieces.map((piece) => piece.trim()).filter((piece) => piece.length >= TELLING)
}

describe('docs/errors.md', () => {
  const ofDestination = [...messagesIn('src/destinations/heap'), ...messagesIn('src/browser-destinations/heap')]
  const ofFunction = messagesIn('src/function/script', /^(?!results\.ts$)/)
  const ofCommand = [...messagesIn('src/cli', SHOWN), ...ofFunction].filter(({ pieces: [start] }) => {
    return !NEWS.some((news) => start.startsWith(news))
  })

  it.each([
    ['the destination', ofDestination, DESTINATION, 40],
    ['the command', ofCommand, COMMAND, 50]
  ])('lists every message of %s, and none that is gone', (_whose, messages, sections, atLeast) => {
    const page = sections.flatMap(listed)
    expect(messages.length).toBeGreaterThan(atLeast)
    const missing = messages.filter(({ pieces }) => telling(pieces).some((piece) => !page.join('\n').includes(piece)))
    const known = messages.flatMap(({ pieces }) => pieces).filter((piece) => piece.trim().length > 3)
    const longestFirst = known.sort((a, b) => b.length - a.length)
    const gone = page.filter((message) => {
      const rest = longestFirst.reduce((text, piece) => text.replaceAll(piece, ''), message)
      return rest.replace(/[^a-z]/gi, '').length > TELLING && !ofTheFramework.includes(message)
    })
    expect({ missing, gone }).toStrictEqual({ missing: [], gone: [] })
  })

  it('lists what becomes of each event in examples/refused', async () => {
    const folder = path.join(ROOT, 'examples/refused')
    const patterns = DESTINATION.flatMap(listed).map((message) => {
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
