/** What the server would not do, in its own words. */
export class ServerError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly body: unknown
  ) {
    super(message)
  }
}

/**
 * Asks the server.
 *
 * @throws {ServerError} for what it refuses, and where it is not there (status 0)
 */
export async function ask<Reply>(
  method: 'GET' | 'POST' | 'PUT',
  path: string,
  body?: unknown,
  signal?: AbortSignal
): Promise<Reply> {
  const options =
    body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const response = await fetch(path, { method, signal, ...options }).catch((error: unknown) => {
    if (signal?.aborted) throw error
    throw new ServerError(0, 'The server does not answer. Is npm run serve still running?', undefined)
  })
  const reply: unknown = await response.json().catch(() => undefined)
  if (response.ok) return reply as Reply
  const { error } = { ...(reply as { error?: unknown } | undefined) }
  throw new ServerError(
    response.status,
    typeof error === 'string' ? error : `The server answers ${response.status}.`,
    reply
  )
}

/** What went wrong, for a person. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Of several questions in a row, only the last one's answer is wanted. */
export function latest<Input, Reply>(
  run: (input: Input, signal: AbortSignal) => Promise<Reply>,
  done: (reply: Reply) => void,
  failed: (error: Error) => void
) {
  let current: AbortController | undefined
  return (input: Input): void => {
    current?.abort()
    const own = (current = new AbortController())
    run(input, own.signal).then(
      (reply) => own.signal.aborted || done(reply),
      (error: unknown) => own.signal.aborted || failed(error instanceof Error ? error : new Error(String(error)))
    )
  }
}
