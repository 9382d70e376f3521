import {
  Z_BUF_ERROR,
  Z_NO_FLUSH,
  Z_OK,
  Z_STREAM_END,
  zlibInflate,
  zlibInflateInit2,
  zlibInflateReset,
  ZStream
} from 'pako'

const PIECE_BYTES = 64 * 1024

/** 15 bits of window, and 16 for the format of gzip. */
const GZIP_WINDOW_BITS = 15 + 16

/**
 * Unzips what is gzipped, also several archives one after the other. Unlike node's own, it gives all that stands intact before it
 * throws for what does not.
 *
 * @throws Error that says why it cannot be unzipped any further
 */
export async function* gunzipped(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const stream = new ZStream()
  zlibInflateInit2(stream, GZIP_WINDOW_BITS)
  let isAtEnd = false
  for await (const chunk of chunks) {
    Object.assign(stream, { input: chunk, next_in: 0, avail_in: chunk.length, avail_out: 1 })
    if (isAtEnd) skipZeros(stream)
    while (stream.avail_in > 0 || stream.avail_out === 0) {
      if (isAtEnd) zlibInflateReset(stream)
      const output = Buffer.allocUnsafe(PIECE_BYTES)
      Object.assign(stream, { output, next_out: 0, avail_out: PIECE_BYTES })
      const status = zlibInflate(stream, Z_NO_FLUSH)
      if (stream.next_out > 0) yield output.subarray(0, stream.next_out)
      isAtEnd = status === Z_STREAM_END
      // A lack of input or of room is none of the data's.
      if (!isAtEnd && status !== Z_OK && status !== Z_BUF_ERROR) throw new Error(stream.msg)
      if (isAtEnd) skipZeros(stream)
    }
  }
  if (!isAtEnd) throw new Error('unexpected end of file')
}

/** Some programs fill up an archive with zeros. */
function skipZeros(stream: ZStream): void {
  while (stream.avail_in > 0 && stream.input[stream.next_in] === 0) {
    stream.next_in++
    stream.avail_in--
  }
  stream.avail_out = 1
}
