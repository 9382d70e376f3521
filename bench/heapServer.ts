import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'

/** What the server has received since it was last asked. */
export interface Received {
  requests: number
  bytes: number
}

/**
 * Stands in for Heap behind real TLS sockets on 127.0.0.1, in a process of its own. It takes everything and only counts, so
 * that what is measured is the destination. Messages from the parent: the key and certificate to start with; `count` to read.
 */
let received: Received = { requests: 0, bytes: 0 }

process.on('message', (message: 'count' | { key: string; cert: string }) => {
  if (message === 'count') {
    process.send?.(received)
    received = { requests: 0, bytes: 0 }
    return
  }
  const server = createServer(message, (request, response) => {
    received.requests++
    request.on('data', (chunk: Buffer) => (received.bytes += chunk.length))
    request.on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'))
  })
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
})
