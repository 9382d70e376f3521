import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import http from 'node:http'
import type net from 'node:net'
import { constants } from 'node:os'
import type nock from 'nock'
import type { HeapEmulator } from './emulator'
import { HEAP_HOSTS } from './hosts'
import type { HeapRequest, HeapResponse } from './http'

/** How requests that are not for Heap are treated meanwhile. */
export interface InterceptOptions {
  /** Make a request to any other host an error, so that nothing leaves the computer unseen. On by default. */
  blockOthers?: boolean
  /** With `blockOthers`, let requests to localhost, 127.0.0.1 and ::1 through all the same. Off by default. */
  allowLocal?: boolean
}

/** Requests on their way to an emulator. */
export interface Interception {
  /**
   * Ends it: requests that were left without a response fail as a reset connection, and Heap's hosts are no longer
   * carried to the emulator. nock is left as it was found, on or off. A second call does nothing.
   */
  restore(): void
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const LOCAL_HOST = /^(localhost|127\.0\.0\.1|\[?::1\]?)(:\d+)?$/

let isIntercepting = false

/**
 * Carries every request of this process for Heap's two hosts (https) to the emulator, by means of nock; no socket is
 * opened. It works for node's http and https, whatever is built on them, and fetch.
 *
 * nock cannot tell what was allowed before, so with `blockOthers` undoing it allows all hosts again. Where a test has
 * its own `nock.disableNetConnect()`, pass `blockOthers: false`: then nock's settings are not touched.
 *
 * @throws {Error} If an earlier interception has not been restored.
 */
export function interceptHeap(
  emulator: HeapEmulator,
  { blockOthers = true, allowLocal = false }: InterceptOptions = {}
): Interception {
  if (isIntercepting) {
    throw new Error("Heap's hosts are already intercepted; call restore() on that interception first.")
  }
  isIntercepting = true

  const { nock, wasActive } = activateNock()
  const hangUps = new Set<() => void>()
  const interceptors = Object.values(HEAP_HOSTS).flatMap((host) =>
    carry(nock(`https://${host}`), host, emulator, hangUps)
  )
  if (blockOthers) blockOtherHosts(nock, allowLocal)
  subscribe(REQUEST_START, closeParsers)

  return {
    restore() {
      if (interceptors.length === 0) return
      isIntercepting = false
      unsubscribe(REQUEST_START, closeParsers)
      for (const interceptor of interceptors.splice(0)) nock.removeInterceptor(interceptor)
      forgetEmptyHosts(nock)
      for (const hangUp of hangUps) hangUp()
      if (blockOthers) nock.enableNetConnect()
      if (!wasActive) nock.restore()
    }
  }
}

type Nock = typeof nock

/**
 * nock puts itself into node's http as soon as it is loaded. It is loaded here so that importing the emulator changes
 * nothing, and so that it can be taken out again: left in, it would wrap around the nock of jest's next test file,
 * which then sees every error twice.
 */
function activateNock(): { nock: Nock; wasActive: boolean } {
  const before = http.ClientRequest
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const nock = require('nock') as Nock
  if (!nock.isActive()) nock.activate()
  return { nock, wasActive: http.ClientRequest === before }
}

function carry(scope: nock.Scope, host: string, emulator: HeapEmulator, hangUps: Set<() => void>): nock.Interceptor[] {
  scope.persist().on('request', keepBodyAsText)
  return METHODS.map((method) => {
    const interceptor = scope.intercept(/^\//, method)
    interceptor.reply(async function (path, body: nock.Body) {
      const request = { host, method, path, headers: this.req.getHeaders(), body: typeof body === 'string' ? body : '' }
      const response = await responseOf(emulator, request, hangUps)
      return [response.status, response.body, response.headers]
    })
    return interceptor
  })
}

/**
 * nock parses a JSON body before it asks for the reply, and throws where nobody can catch it if the JSON is broken. It
 * looks at this copy of the headers to decide, not at the request's own.
 */
function keepBodyAsText(request: { headers: http.OutgoingHttpHeaders }): void {
  delete request.headers['content-type']
}

async function responseOf(
  emulator: HeapEmulator,
  request: HeapRequest,
  hangUps: Set<() => void>
): Promise<HeapResponse> {
  const result = await emulator.handle(request)
  if (result === 'reset') throw connectionReset()
  if (result !== 'no answer') return result
  return new Promise((_resolve, reject) => {
    hangUps.add(() => reject(connectionReset()))
  })
}

/** The channel on which node tells of each request that it is about to make. */
const REQUEST_START = 'http.client.request.start'

/**
 * The library below nock never closes the two HTTP parsers of a request, and node cannot collect them until they are
 * closed: a process that runs for long would grow by them.
 */
function closeParsers(message: unknown): void {
  const { request } = message as { request: http.ClientRequest }
  request.once('close', () => {
    const { requestParser, responseParser } = (request.socket ?? {}) as net.Socket & MockedSocket
    setImmediate(() => {
      requestParser?.close()
      responseParser?.close()
    })
  })
}

interface MockedSocket {
  requestParser?: { close(): void }
  responseParser?: { close(): void }
}

/** The error that node gives when the other side drops the connection. */
function connectionReset(): NodeJS.ErrnoException {
  const errno = -constants.errno.ECONNRESET
  return Object.assign(new Error('read ECONNRESET'), { errno, code: 'ECONNRESET', syscall: 'read' })
}

function blockOtherHosts(nock: Nock, allowLocal: boolean): void {
  if (allowLocal) nock.enableNetConnect(LOCAL_HOST)
  else nock.disableNetConnect()
}

/**
 * A host whose interceptors are all removed still counts as mocked for nock, and every request to it fails. Only
 * cleanAll changes that, and it would take the mocks of others along, so it is left undone while there are any.
 */
function forgetEmptyHosts(nock: Nock): void {
  if (nock.activeMocks().length === 0) nock.cleanAll()
}
