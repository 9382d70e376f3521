import type { AddressInfo } from 'node:net'
import type { ErrorRequestHandler, Request, Response } from 'express'
import type { HeapEmulator } from './emulator'
import { HEAP_HOSTS, regionOf } from './hosts'
import type { Region } from './hosts'

/** Where to listen. */
export interface ListenOptions {
  /** A free port is chosen if left out or 0. */
  port?: number
  /** The address to bind, 127.0.0.1 by default: the emulator asks for no credentials. */
  host?: string
  /** The store for requests whose Host header is not one of Heap's hosts, US by default. */
  region?: Region
}

/** An emulator that listens. */
export interface ListeningEmulator {
  /** Such as `http://127.0.0.1:8080`, to put where `https://heapanalytics.com` would stand. */
  url: string
  port: number
  /** Stops listening and drops every connection, those left without a response among them. */
  close(): Promise<void>
}

/** 1000 events with a few dozen properties of full length each are well below this. */
const BODY_LIMIT = '64mb'

/**
 * Makes the emulator listen for plain HTTP on this computer. The Host header tells the region, as Heap's own hosts do;
 * any other host means `region`.
 *
 * @returns Once it listens. Rejects if the port cannot be taken.
 */
export async function listen(
  emulator: HeapEmulator,
  { port = 0, host = '127.0.0.1', region = 'US' }: ListenOptions = {}
): Promise<ListeningEmulator> {
  // Loaded here, since most who use the emulator do not let it listen.
  const { default: express } = await import('express')
  const app = express()
  app.disable('x-powered-by')
  app.use(express.raw({ type: () => true, limit: BODY_LIMIT }))
  app.use((request, response) => respond(emulator, region, request, response))
  app.use(respondUnreadable)

  const server = await new Promise<ReturnType<typeof app.listen>>((resolve, reject) => {
    const starting = app.listen(port, host, (error) => (error ? reject(error) : resolve(starting)))
  })
  const { port: chosen } = addressOf(server.address())
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${chosen}`,
    port: chosen,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()))
        server.closeAllConnections()
      })
  }
}

async function respond(emulator: HeapEmulator, region: Region, request: Request, response: Response): Promise<void> {
  const asked = request.headers.host ?? ''
  const result = await emulator.handle({
    host: regionOf(asked) ? asked : HEAP_HOSTS[region],
    method: request.method,
    path: request.originalUrl,
    headers: request.headers,
    body: textOf(request.body)
  })
  if (result === 'no answer') return
  if (result === 'reset') {
    request.socket.resetAndDestroy()
    return
  }
  response.writeHead(result.status, result.headers).end(result.body)
}

function textOf(body: unknown): string {
  return Buffer.isBuffer(body) ? body.toString('utf8') : ''
}

/** A body too long or in an unknown encoding, or a broken rule. Express knows the handler by its four parameters. */
const respondUnreadable: ErrorRequestHandler = (error: Error & { status?: number }, _request, response, _next) => {
  response.status(error.status ?? 500).json({ error: error.message })
}

function addressOf(address: AddressInfo | string | null): AddressInfo {
  if (address !== null && typeof address === 'object') return address
  throw new Error('The emulator does not listen on a TCP port.')
}
