import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { buildSync } from 'esbuild'

/** A script for a page, of TypeScript or JavaScript that imports what it needs. */
export function bundleForPage(source: string): string {
  const { outputFiles } = buildSync({
    stdin: { contents: source, resolveDir: __dirname, loader: 'ts' },
    bundle: true,
    write: false,
    minify: true,
    format: 'iife',
    define: { 'process.env.NODE_ENV': '"production"' }
  })
  return outputFiles[0].text
}

/** What a page server answers to a path. */
export interface PageAnswer {
  type: string
  body: string
  headers?: Record<string, string>
}

/** Serves pages on this machine, 404 for all else. */
export async function servePages(
  answer: (path: string) => PageAnswer | undefined
): Promise<{ url: string; close: () => void }> {
  const server = http.createServer((request, response) => {
    const found = answer((request.url ?? '/').replace(/\?.*/, ''))
    if (found) response.writeHead(200, { 'content-type': found.type, ...found.headers }).end(found.body)
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close()
      server.closeAllConnections()
    }
  }
}
