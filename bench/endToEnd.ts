import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import https from 'node:https'
import path from 'node:path'
import tls from 'node:tls'
import { Destination } from '@segment/actions-core'
import type { DestinationDefinition, JSONObject, Subscription } from '@segment/actions-core'
import { generate } from 'selfsigned'
import heap from '../src/destinations/heap'
import type { Received } from './heapServer'
import { publishedDestination } from './published'
import { trackEvents } from './samples'

/** One way of sending the same events. */
export interface Sent extends Received {
  name: string
  eventsPerSecond: number
}

const EVENTS = 1000
const ROUNDS = 5

/** Sends the same 1,000 events over TLS in each way, alternating, and returns the best round of each. */
export async function measureEndToEnd(): Promise<Sent[]> {
  const server = await startServer()
  const published = await publishedDestination()
  const ways: [string, () => Promise<unknown>][] = [
    ['ours, batched', () => sendBatch(heap)],
    ['ours, one by one', () => sendEach(heap, 1)],
    ['published, one by one', () => sendEach(published, 1)],
    ['ours, 50 at a time', () => sendEach(heap, 50)],
    ['published, 50 at a time', () => sendEach(published, 50)]
  ]
  try {
    const best = new Map<string, Sent>()
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, send] of ways) {
        const start = performance.now()
        await send()
        const eventsPerSecond = (EVENTS / (performance.now() - start)) * 1000
        const counted = await server.count()
        if (eventsPerSecond > (best.get(name)?.eventsPerSecond ?? 0))
          best.set(name, { name, eventsPerSecond, ...counted })
      }
    }
    return [...best.values()]
  } finally {
    server.stop()
  }
}

/** Both map the userId to Identity, which the published destination's preset does not, so that both do the same work. */
function settingsFor<Settings>({ presets }: DestinationDefinition<Settings>): JSONObject {
  const [{ subscribe, mapping, partnerAction }] = presets as Subscription[]
  const identity = { '@path': '$.userId' }
  return { appId: '12343283', subscriptions: [{ subscribe, partnerAction, mapping: { ...mapping, identity } }] }
}

async function sendBatch<Settings>(definition: DestinationDefinition<Settings>): Promise<void> {
  const [{ multistatus }] = await new Destination(definition).onBatch(trackEvents(EVENTS), settingsFor(definition))
  const failed = multistatus?.find(({ status }) => status !== 200)
  if (failed || multistatus?.length !== EVENTS) throw new Error(`Not delivered: ${JSON.stringify(failed)}`)
}

/** A failed event throws. */
async function sendEach<Settings>(definition: DestinationDefinition<Settings>, atOnce: number): Promise<void> {
  const destination = new Destination(definition)
  const settings = settingsFor(definition)
  const queue = trackEvents(EVENTS).values()
  const worker = async () => {
    for (const event of queue) await destination.onEvent(event, settings)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

async function startServer(): Promise<{ count: () => Promise<Received>; stop: () => void }> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'heapanalytics.com' }], {
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'heapanalytics.com' }] }]
  })
  const child = fork(path.resolve('bench/heapServer.ts'), { execArgv: ['--import', 'tsx'] })
  const port = await ask<number>(child, { key, cert })
  const agent = https.globalAgent
  https.globalAgent = new LocalAgent(port, cert)
  return {
    count: () => ask<Received>(child, 'count'),
    stop: () => {
      https.globalAgent.destroy()
      https.globalAgent = agent
      child.kill()
    }
  }
}

async function ask<Answer>(child: ChildProcess, message: string | object): Promise<Answer> {
  const answer = once(child, 'message') as Promise<[Answer]>
  child.send(message)
  return (await answer)[0]
}

/** Resolves every host to this machine, and trusts the certificate that was made for this run. */
class LocalAgent extends https.Agent {
  constructor(
    private readonly localPort: number,
    private readonly certificate: string
  ) {
    super({ keepAlive: true })
  }

  createConnection(options: tls.ConnectionOptions): tls.TLSSocket {
    return tls.connect({ ...options, host: '127.0.0.1', port: this.localPort, ca: this.certificate })
  }
}
