import { EventEmitter, once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
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
import { presetSubscriptions } from '../engine/subscriptions'
import type { Subscription } from '../engine/subscriptions'
import { actionsTester } from './actionsTester'
import type { LoadedDestination } from './actionsTester'
import { hotReload } from './hotReload'
import { localOnly } from './localOnly'
import { segmentSource } from './segmentSource'

/** A request whose body has not all come by then is not waited for any longer when the server ends. */
const FINISH_WITHIN_MS = 6000

/** How a server is set up. */
export interface ServerOptions {
  /** 0 for a free one. */
  port: number
  /** Where the events of SDKs go. */
  settings: Settings
  /** Given, Heap is this emulator, and `GET /heap` shows it. */
  emulator?: HeapEmulator
  /** Gives the mappings for the events of SDKs; the presets if left out. */
  subscriptions?: (definition: DestinationDefinition<Settings>) => Subscription[]
  /** Is told of each event of an SDK. */
  onResult: (result: EventResult<RecordedRun>) => void
  /** Is told what a person should know, a line each. */
  say: (text: string) => void
}

/** A server that listens. */
export interface RunningServer {
  /** Such as `http://localhost:3000`. */
  url: string
  /** Takes nothing new, and resolves once everything under way has come to its end. */
  stop(): Promise<void>
}

/**
 * Starts the server of `heap-destination serve` on 127.0.0.1.
 *
 * @throws the system's error if the port cannot be taken
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { port, emulator, settings, subscriptions = presetSubscriptions, onResult, say } = options
  let loaded = load()
  const results = new EventEmitter().setMaxListeners(0)
  const underWay = new Set<Promise<void>>()
  const answering = new Set<Response>()
  const streams = new Set<Response>()
  let isStopping = false

  function load(): LoadedDestination & { pipeline: Pipeline } {
    const definition = loadDefinition()
    const pipeline = new Pipeline({ definition, settings, subscriptions: subscriptions(definition) })
    return { definition, destination: recordedDestination(definition), pipeline }
  }

  function reload(file: string): boolean {
    try {
      loaded = load()
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
      results.emit('result', result)
    }
  }

  function take(events: SegmentEvent[]): Promise<void> {
    const sending = send(events).finally(() => underWay.delete(sending))
    underWay.add(sending)
    return sending
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
  app.use('/v1', segmentSource(take))
  app.get('/events', (_request, response) => {
    streams.add(response)
    streamResults(results, response, () => streams.delete(response))
  })
  app.get('/heap', (_request, response) => {
    if (emulator) response.json(emulator.snapshot())
    else response.status(404).json({ error: 'Heap is the real one here; look there for what it holds.' })
  })
  app.use(
    actionsTester(
      () => loaded,
      // Heap takes its time to delete; here one wants to see it.
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

  const server = app.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const { port: chosen } = server.address() as AddressInfo
  // The package brings no source that could change.
  const watching = RUNS_FROM_SOURCE ? await hotReload(DESTINATION_DIRECTORY, chosen + 1, reload, say) : undefined
  return {
    url: `http://localhost:${chosen}`,
    async stop() {
      isStopping = true
      for (const stream of streams) stream.end()
      await watching?.close()
      // Closed any earlier, Node would cut an answer short that is ended but has not all been written.
      const answered = Promise.all([...Array.from(answering, (response) => once(response, 'close')), ...underWay])
      await Promise.race([answered, setTimeout(FINISH_WITHIN_MS, undefined, { ref: false })])
      server.close()
      server.closeAllConnections()
    }
  }
}

/** Each event's result as a server-sent event, from now on. */
function streamResults(results: EventEmitter, response: Response, ended: () => void): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  response.flushHeaders()
  const write = (result: EventResult<RecordedRun>) =>
    void response.write(`event: result\ndata: ${JSON.stringify(result)}\n\n`)
  results.on('result', write)
  response.on('close', () => {
    results.off('result', write)
    ended()
  })
}

/** A body that is too long or no JSON, or a path that is none. Express knows the handler by its four parameters. */
const answerUnreadable: ErrorRequestHandler = (error: Error & { status?: number }, _request, response, _next) => {
  const { status = 500, message } = error
  response.status(status).json({ error: status < 500 ? `The request cannot be read: ${message}` : message })
}
