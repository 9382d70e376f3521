import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DestinationDefinition, SegmentEvent } from '@segment/actions-core'
import express from 'express'
import type { ErrorRequestHandler, RequestHandler, Response } from 'express'
import type { Settings } from '../../destinations/heap/generated-types'
import type { HeapEmulator } from '../../heap-emulator'
import { DESTINATION_DIRECTORY, loadDefinition } from '../engine/definition'
import type { EventResult, RecordedRun } from '../engine/eventResult'
import { RUNS_FROM_SOURCE } from '../engine/package'
import { Pipeline } from '../engine/pipeline'
import { recordedDestination } from '../engine/recorder'
import { presetSubscriptions, readSubscriptions } from '../engine/subscriptions'
import { oneLine } from '../engine/terminal'
import { actionsTester } from './actionsTester'
import { EventStream } from './eventStream'
import { hotReload } from './hotReload'
import { localOnly } from './localOnly'
import { mappingPage } from './page'
import type { Evaluator } from './page/evaluator'
import { segmentSource } from './segmentSource'

/** How long the server waits at its end for requests under way, and for those that have not arrived whole. */
const FINISH_WITHIN_MS = 6000
const COME_WITHIN_MS = 500

/** A request that has not arrived whole by then is closed. */
const REQUEST_WITHIN_MS = 60_000

/** Where the destination's source is, and how to read it. */
export interface Source {
  /** Watched, with all that is in it. */
  directory: string
  /** Returns the definition from the source as it is now; throws if it cannot be used. */
  load: () => DestinationDefinition<Settings>
}

/** How a server is set up. */
export interface ServerOptions {
  /** 0 for a free one. */
  port: number
  /** Where the events of SDKs go. */
  settings: Settings
  /** If given, this emulator stands in for Heap, and `GET /heap` shows it. */
  emulator?: HeapEmulator
  /** The file of the mappings for the events of SDKs; the presets if left out. */
  mappingsFile?: string
  /** Called for each event of an SDK. */
  onResult: (result: EventResult<RecordedRun>) => void
  /** Called with what a person should know, a line at a time. */
  say: (text: string) => void
  /** The destination's own source if left out, which the package does not bring; there, nothing is watched. */
  source?: Source
  /** Evaluates mappings for the page, and is ended by whoever made it; one of its own if left out. */
  evaluator?: Evaluator
  /** A minute if left out. */
  requestWithinMs?: number
}

/** A server that listens. */
export interface RunningServer {
  /** Such as `http://localhost:3000`. */
  url: string
  /** Accepts nothing new, and resolves once everything under way has finished. */
  stop(): Promise<void>
}

/**
 * Starts the server of `heap-destination serve` on 127.0.0.1.
 *
 * @throws the system's error if the port cannot be taken
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { port, emulator, settings, mappingsFile, onResult, say } = options
  const { source, evaluator, requestWithinMs = REQUEST_WITHIN_MS } = options
  const watched = source?.directory ?? (RUNS_FROM_SOURCE ? DESTINATION_DIRECTORY : undefined)
  let loaded = load()
  const stream = new EventStream()
  const underWay = new Set<Promise<void>>()
  const answering = new Set<Response>()
  let isStopping = false

  const page = mappingPage({
    settings,
    emulator,
    mappingsFile,
    loaded: () => loaded,
    reload: () => (loaded = load()),
    evaluator,
    send: (event) => take([event])
  })

  function load() {
    const definition = source ? source.load() : loadDefinition()
    const subscriptions =
      mappingsFile === undefined ? presetSubscriptions(definition) : readSubscriptions(mappingsFile, definition, say)
    const destination = recordedDestination(definition)
    const pipeline = new Pipeline({ definition, destination, settings, subscriptions })
    return { definition, subscriptions, destination, pipeline }
  }

  function reload(file: string): boolean {
    try {
      loaded = load()
      page.reloaded()
      say(`Reloaded after a change of ${file}.`)
      return true
    } catch (error) {
      say(
        `${file} cannot be used, so the last version stays: ${error instanceof Error ? error.message : String(error)}`
      )
      return false
    }
  }

  async function send(events: SegmentEvent[]): Promise<void> {
    for (const event of events) {
      const result = await loaded.pipeline.send(event)
      onResult(result)
      page.add(result)
      stream.publish('result', result)
    }
  }

  function take(events: SegmentEvent[]): Promise<void> {
    const sending = send(events).finally(() => underWay.delete(sending))
    underWay.add(sending)
    return sending
  }

  function drop(reason: string): void {
    say(oneLine(`✘ Dropped, as Segment drops it: ${reason}`))
    stream.publish('dropped', { reason })
  }

  const note: RequestHandler = (_request, response, next) => {
    answering.add(response)
    response.once('close', () => answering.delete(response))
    if (isStopping) response.status(503).json({ error: 'The server is ending.' })
    else next()
  }

  const app = express()
  app.disable('x-powered-by')
  app.use(note)
  app.use(localOnly())
  app.use('/v1', segmentSource(take, drop))
  app.use(page.router)
  app.get('/events', (request, response) => stream.open(request, response))
  app.get('/heap', (_request, response) => {
    if (emulator) response.json(emulator.snapshot())
    else response.status(404).json({ error: 'Heap is the real one here; look there for what it holds.' })
  })
  app.use(
    actionsTester(
      () => loaded,
      // Heap deletes later; here a person wants to see it at once.
      () => emulator?.completeDeletions()
    )
  )
  app.use((request, response) => {
    const actions = Object.keys(loaded.definition.actions).join(', ')
    response.status(404).json({
      error: `There is no ${request.method} ${request.path} here. The actions are ${actions}; see also /events and /heap.`
    })
  })
  app.use(answerUnreadable)

  const server = http.createServer(
    {
      requestTimeout: requestWithinMs,
      headersTimeout: requestWithinMs,
      connectionsCheckingInterval: Math.ceil(requestWithinMs / 12)
    },
    app
  )
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const { port: chosen } = server.address() as AddressInfo
  const watching = watched === undefined ? undefined : await hotReload(watched, chosen + 1, reload, say)
  return {
    url: `http://localhost:${chosen}`,
    async stop() {
      isStopping = true
      stream.close()
      await page.close()
      await watching?.close()
      // Closed any earlier, Node would cut off a response that has ended but is not written in full.
      const answered = Promise.all([...Array.from(answering, (response) => once(response, 'close')), ...underWay])
      const late = setTimeout(() => {
        for (const { req } of answering) if (!req.complete) req.destroy()
      }, COME_WITHIN_MS)
      await Promise.race([answered, sleep(FINISH_WITHIN_MS, undefined, { ref: false })])
      clearTimeout(late)
      server.close()
      server.closeAllConnections()
    }
  }
}

/** A body that is too long or not JSON, or a path that does not exist. Express knows the handler by its four parameters. */
const answerUnreadable: ErrorRequestHandler = (error: Error & { status?: number }, _request, response, _next) => {
  const { status = 500, message } = error
  response.status(status).json({ error: status < 500 ? `The request cannot be read: ${message}` : message })
}
