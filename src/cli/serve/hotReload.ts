import path from 'node:path'
import { watch } from 'chokidar'
import { WebSocket, WebSocketServer } from 'ws'
import { isLocalHost, isOwnOrigin, isTesterOrigin } from './localOnly'

/** A running watch. */
export interface HotReload {
  close(): Promise<void>
}

/** An editor writes several files at once, or one in pieces. */
const SETTLED_AFTER_MS = 100

/**
 * Watches the source of the destination, and tells the Actions Tester of changes over a WebSocket.
 *
 * @param directory of the source
 * @param port of the WebSocket, on 127.0.0.1
 * @param reload called after a change; the Tester hears of it if this returns true
 * @param warn called if the port cannot be had; the watch does without it
 */
export async function hotReload(
  directory: string,
  port: number,
  reload: (file: string) => boolean,
  warn: (text: string) => void
): Promise<HotReload> {
  const sockets = announcements(port, warn)
  const watcher = watch(directory, { ignoreInitial: true, ignored: (file) => file.includes('__tests__') })
  let timer: NodeJS.Timeout | undefined
  watcher.on('all', (_event, file) => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      if (!reload(path.relative(directory, file))) return
      for (const client of sockets.clients) if (client.readyState === WebSocket.OPEN) client.send('change')
    }, SETTLED_AFTER_MS)
  })
  await new Promise<void>((resolve) => watcher.once('ready', resolve))
  return {
    async close() {
      clearTimeout(timer)
      for (const client of sockets.clients) client.terminate()
      sockets.close()
      await watcher.close()
    }
  }
}

function announcements(port: number, warn: (text: string) => void): WebSocketServer {
  const sockets = new WebSocketServer({
    host: '127.0.0.1',
    port,
    // The Tester has nothing to say.
    maxPayload: 1024,
    verifyClient: ({ origin, req }: { origin?: string; req: { headers: { host?: string } } }) =>
      isLocalHost(req.headers.host) &&
      (isTesterOrigin(origin) || isOwnOrigin(origin, hostBelow(req.headers.host, port)))
  })
  // ws closes a socket that breaks the protocol by itself.
  sockets.on('connection', (client) => client.on('error', () => undefined))
  sockets.on('error', () => warn(`Port ${port} is taken, so the Actions Tester is not told of changes.`))
  return sockets
}

/** The host of the server that the port belongs to: it stands one below. */
function hostBelow(host: string | undefined, port: number): string | undefined {
  return host?.replace(/:\d+$/, `:${port - 1}`)
}
