import cors from 'cors'
import type { RequestHandler } from 'express'

/** Where Segment serves its Actions Tester, and the next version of it. */
const TESTER_ORIGINS = [
  'https://app.segment.com',
  'https://eu1.app.segment.com',
  'https://app.segment.build',
  'https://eu1.app.segment.build'
]

const LOCAL = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i

/** Whether a Host header names this machine. Any other name that leads here is an attack (DNS rebinding). */
export function isLocalHost(host: string | undefined): boolean {
  return host !== undefined && LOCAL.test(host)
}

/** Whether a page of this origin may speak the protocol of the Actions Tester. Programs other than browsers have none. */
export function isTesterOrigin(origin: string | undefined): boolean {
  return origin === undefined || TESTER_ORIGINS.includes(origin)
}

/** Whether a page of this origin was served by this very server. */
export function isOwnOrigin(origin: string | undefined, host: string | undefined): boolean {
  return isLocalHost(host) && origin?.toLowerCase() === `http://${host}`.toLowerCase()
}

/** Whether a page was served on this machine, by whatever port: a developer's own site, which may send events. */
function isOnThisMachine(origin: string | undefined): boolean {
  return LOCAL.test(String(origin).replace(/^https?:\/\//, ''))
}

/** Refuses requests from other machines and from pages that may not use this server; answers CORS requests. */
export function localOnly(): RequestHandler[] {
  const guard: RequestHandler = (request, response, next) => {
    const { host, origin } = request.headers
    const isAllowed =
      isTesterOrigin(origin) ||
      isOwnOrigin(origin, host) ||
      (request.path.startsWith('/v1/') && isOnThisMachine(origin))
    if (!isLocalHost(host)) {
      response.status(403).json({ error: `The Host ${JSON.stringify(host)} is not this machine; use localhost.` })
    } else if (!isAllowed) {
      response.status(403).json({ error: `Pages of ${String(origin)} may not use this server.` })
    } else {
      // Chromium asks this before a public page may reach a private address.
      if (origin !== undefined) response.setHeader('Access-Control-Allow-Private-Network', 'true')
      next()
    }
  }
  // The guard has refused all others, so the response allows the request's own origin.
  return [guard, cors({ origin: true })]
}
