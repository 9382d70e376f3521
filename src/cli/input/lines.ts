import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'

/**
 * The stream, unzipped if it starts as gzip does.
 *
 * @param onBytes called for every piece that is read of the stream itself, with its length
 */
export async function unpacked(
  stream: Readable,
  { signal, onBytes }: { signal?: AbortSignal; onBytes?: (bytes: number) => void }
): Promise<Readable> {
  const isZipped = await startsAsGzip(stream, signal)
  stream.on('data', (chunk: Buffer | string) => onBytes?.(chunk.length))
  return isZipped ? unzipped(stream) : stream
}

async function startsAsGzip(stream: Readable, signal?: AbortSignal): Promise<boolean> {
  await once(stream, 'readable', { signal })
  const start = stream.read() as Buffer | string | null
  if (start !== null) stream.unshift(start)
  return Buffer.isBuffer(start) && start[0] === 0x1f && start[1] === 0x8b
}

/** `pipe` passes on neither errors nor an early end. */
function unzipped(stream: Readable): Readable {
  const gunzip = createGunzip()
  stream.on('error', (error) => gunzip.destroy(error))
  stream.on('close', () => stream.readableEnded || gunzip.destroy())
  return stream.pipe(gunzip)
}

const LINE_FEED = 0x0a

/**
 * The lines of a stream. If the stream fails, its last, partial line comes before the error is thrown.
 *
 * Not readline, which takes U+2028 for the end of a line, where JSON may hold it in a string; nor split2, whose time grows with
 * the square of a line's length.
 */
export async function* lines(stream: Readable, signal?: AbortSignal): AsyncGenerator<string> {
  let begun: Buffer[] = []
  let failure: Error | undefined
  try {
    for await (const chunk of stream as AsyncIterable<Buffer | string>) {
      const bytes = Buffer.from(chunk)
      let start = 0
      for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, start)) {
        yield textOf([...begun, bytes.subarray(start, end)])
        begun = []
        start = end + 1
      }
      begun.push(bytes.subarray(start))
    }
  } catch (error) {
    failure = error as Error
  }
  const last = textOf(begun)
  if (last !== '' && !signal?.aborted) yield last
  if (failure !== undefined) throw failure
}

function textOf(line: Buffer[]): string {
  return Buffer.concat(line).toString('utf8').replace(/\r$/, '')
}
