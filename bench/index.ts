import { readFileSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Destination } from '@segment/actions-core'
import type { DestinationDefinition, RequestClient } from '@segment/actions-core'
import { format } from 'prettier'
import { Bench } from 'tinybench'
import heap from '../src/destinations/heap'
import { flatten } from '../src/destinations/heap/rules/flatten'
import type { Settings } from '../src/destinations/heap/generated-types'
import { measureEndToEnd } from './endToEnd'
import { fetchPublished, PUBLISHED, publishedFlat } from './published'
import { nestedProperties, trackEvents, typicalProperties, wideProperties } from './samples'

/**
 * The objects to flatten. Two implementations must not have the same names: V8 remembers how the one built its result, and the
 * other takes up to five times as long for it.
 */
const flattenSamples = (name: string) => [
  { label: 'typical order', leaves: 21, object: typicalProperties },
  { label: 'nested, 1,300 leaves', leaves: 1300, object: nestedProperties(name) },
  ...WIDE.map((leaves) => ({
    label: `${leaves.toLocaleString('en')} leaves`,
    leaves,
    object: wideProperties(name, leaves)
  }))
]

const WIDE = [100, 1000, 10_000, 100_000]

/** The published flatten copies its whole result at every nested object: beyond this many leaves it takes minutes. */
const MOST_LEAVES_FOR_PUBLISHED = 10_000

async function main(): Promise<void> {
  fetchPublished()
  const report = [
    '# Measured side by side',
    `${new Date().toISOString().slice(0, 10)} on ${os.cpus()[0].model.trim()} (${os.cpus().length} cores), Node ${process.version}, ` +
      `\`@segment/actions-core\` ${versionOf('@segment/actions-core')}, against \`${PUBLISHED}\`. Written by \`npm run bench\`.`,
    '## Flatten',
    'Time of one call, the median. `JSON.stringify` of the same object is the floor: a body must be serialised anyway.',
    ...(await flattenSection()),
    '## End to end',
    '1,000 track events with traits, by 100 people, through the framework and over real TLS sockets to a server on 127.0.0.1 that takes everything. The best of five rounds, taken in turns.',
    ...(await endToEndSection()),
    '## Our share',
    'Of the time of one `executeBatch` for 1,000 events, what our `performBatch` takes and what the framework takes round it for mapping, validation and results, the median of 300. Bodies are serialised, the network is left out.',
    ...(await shareSection())
  ].join('\n\n')
  console.log(report)
  writeFileSync('bench/RESULTS.md', await format(report, { parser: 'markdown' }))
}

async function flattenSection(): Promise<string[]> {
  const flat = await publishedFlat()
  const forPublished = flattenSamples('other')
  const rows: string[][] = []
  const perLeaf: number[] = []
  for (const [index, { label, leaves, object }] of flattenSamples('group').entries()) {
    const bench = new Bench({ time: 500 })
    bench.add('ours', () => void flatten(object))
    bench.add('floor', () => void JSON.stringify(object))
    if (leaves < MOST_LEAVES_FOR_PUBLISHED) bench.add('published', () => void flat(forPublished[index].object))
    const { ours, floor, published } = await medians(bench)
    if (WIDE.includes(leaves)) perLeaf.push(ours / leaves)
    rows.push([
      label,
      time(ours),
      `${Math.round((ours / leaves) * 1e6)} ns`,
      time(floor),
      ratio(ours / floor),
      published === undefined ? 'not run' : time(published),
      published === undefined ? '' : ratio(published / ours)
    ])
  }
  return [
    table(['object', 'ours', 'a leaf', 'JSON.stringify', 'ours to it', 'published', 'published to ours'], rows),
    `Time per leaf from 100 to 100,000 leaves: the greatest is ${ratio(Math.max(...perLeaf) / Math.min(...perLeaf))} the least.`
  ]
}

async function endToEndSection(): Promise<string[]> {
  const sent = await measureEndToEnd()
  const published = sent.find(({ name }) => name === 'published, one by one')
  const rows = sent.map(({ name, eventsPerSecond, requests, bytes }) => [
    name,
    Math.round(eventsPerSecond).toLocaleString('en'),
    ratio(eventsPerSecond / (published?.eventsPerSecond ?? NaN)),
    requests.toLocaleString('en'),
    bytes.toLocaleString('en')
  ])
  return [table(['', 'events a second', 'to published, one by one', 'requests', 'bytes sent'], rows)]
}

async function shareSection(): Promise<string[]> {
  const input = {
    events: trackEvents(1000),
    mapping: heap.presets?.[0].mapping ?? {},
    settings: { appId: '12343283' }
  }
  const shares: { own: number; framework: number }[] = []
  let own = 0
  const destination = destinationWith(async (_request, data) => {
    const start = performance.now()
    const response: unknown = await heap.actions.trackEvent.performBatch?.(withoutNetwork, data)
    own = performance.now() - start
    return response
  })
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now()
    await destination.executeBatch('trackEvent', input)
    shares.push({ own, framework: performance.now() - start - own })
  }
  const [ours, theirs] = [median(shares.map((share) => share.own)), median(shares.map((share) => share.framework))]
  return [
    table(
      ['', 'time', 'to the framework'],
      [
        ['the framework', time(theirs), ratio(1)],
        ['our `performBatch`', time(ours), ratio(ours / theirs)]
      ]
    )
  ]
}

/** Batches of which the share is the median. */
const ROUNDS = 300

function median(values: number[]): number {
  return values.sort((one, other) => one - other)[values.length >> 1]
}

type PerformBatch = NonNullable<(typeof heap.actions)['trackEvent']['performBatch']>

function destinationWith(performBatch: PerformBatch): Destination<Settings> {
  const definition: DestinationDefinition<Settings> = {
    ...heap,
    actions: { trackEvent: { ...heap.actions.trackEvent, performBatch } }
  }
  return new Destination(definition)
}

/** Serialises the body as the request client does, and acts as if Heap had accepted it. */
const withoutNetwork = ((_url, options) => {
  JSON.stringify(options?.json)
  return Promise.resolve({ ok: true, status: 200, content: '{}' })
}) as RequestClient

/** Runs a bench and returns the median time of each task, in milliseconds. */
async function medians(bench: Bench): Promise<Record<string, number>> {
  await bench.run()
  return Object.fromEntries(
    bench.tasks.map(({ name, result }) => {
      if (result.state !== 'completed') throw new Error(`${name} was not measured: ${result.state}`)
      return [name, result.latency.p50]
    })
  )
}

function versionOf(name: string): string {
  const file = path.join('node_modules', name, 'package.json')
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}

function time(milliseconds: number): string {
  if (milliseconds < 0.1) return `${(milliseconds * 1000).toPrecision(3)} µs`
  return `${milliseconds.toPrecision(3)} ms`
}

function ratio(value: number): string {
  return `${value < 10 ? value.toFixed(2) : Math.round(value).toLocaleString('en')} ×`
}

function table(head: string[], rows: string[][]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

void main()
