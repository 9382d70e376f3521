import { isUtf8 } from 'node:buffer'
import { UnreadableSource } from './text'

/** The longest text that is held in memory at once: a line, or one JSON document over many lines. */
export const MAX_TEXT_BYTES = 256 * 1024 * 1024

const LINE_FEED = 0x0a

/** A line of a text. */
export interface Line {
  text: string
  /** Whether its bytes are UTF-8; of those that are not, the text has nothing left to tell them by. */
  isUtf8: boolean
}

/**
 * The lines of a text. If what it comes from fails, its last, partial line comes before the error is thrown.
 *
 * Not readline, which takes U+2028 for the end of a line, where JSON may hold it in a string; nor split2, whose time grows with
 * the square of a line's length.
 *
 * @throws {UnreadableSource} at a line of more than {@link MAX_TEXT_BYTES}
 */
export async function* lines(chunks: AsyncIterable<Buffer>, signal?: AbortSignal): AsyncGenerator<Line> {
  let begun: Buffer[] = []
  let length = 0
  let failure: Error | undefined
  try {
    for await (const bytes of chunks) {
      let start = 0
      for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, start)) {
        yield lineOf([...begun, bytes.subarray(start, end)])
        begun = []
        length = 0
        start = end + 1
      }
      begun.push(bytes.subarray(start))
      length += bytes.length - start
      if (length > MAX_TEXT_BYTES) throw new TooLong()
    }
  } catch (error) {
    if (error instanceof TooLong) throw error
    failure = error as Error
  }
  const last = lineOf(begun)
  if (last.text !== '' && !signal?.aborted) yield last
  if (failure !== undefined) throw failure
}

/** What is not read on, as it would fill the memory. */
export class TooLong extends UnreadableSource {
  constructor() {
    super('is longer than 256 MB without a new event: write one event a line')
  }
}

function lineOf(pieces: Buffer[]): Line {
  const bytes = Buffer.concat(pieces)
  return { text: bytes.toString('utf8').replace(/\r$/, ''), isUtf8: isUtf8(bytes) }
}
