import { gunzipped } from './gzip'

/** A file that holds something else than events, or what is wrong with it as a whole. */
export class UnreadableSource extends Error {}

/** What files of other kinds start with. Their events cannot be read, but what they are can be said. */
const OTHER_KINDS: [kind: string, start: number[]][] = [
  ['is gzipped twice: unzip it once', [0x1f, 0x8b]],
  ['is a zip archive, or a workbook: unpack it, or save it as JSON', [0x50, 0x4b, 0x03, 0x04]],
  ['is an empty zip archive', [0x50, 0x4b, 0x05, 0x06]],
  ['is a bzip2 archive: unpack it', [0x42, 0x5a, 0x68]],
  ['is an xz archive: unpack it', [0xfd, 0x37, 0x7a, 0x58]],
  ['is a Zstandard archive: unpack it', [0x28, 0xb5, 0x2f, 0xfd]],
  ['is a 7z archive: unpack it', [0x37, 0x7a, 0xbc, 0xaf]],
  ['is a Parquet file: export it as JSON', [0x50, 0x41, 0x52, 0x31]],
  ['is an Avro file: export it as JSON', [0x4f, 0x62, 0x6a, 0x01]]
]

/** As many bytes as tell a kind. */
const START_BYTES = 4

/**
 * The text of a source as UTF-8, piece by piece: unzipped if it is gzipped, and decoded if it is UTF-16.
 *
 * @throws {UnreadableSource} if it is of another kind
 */
export async function* textOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const source = await peeked(chunks)
  if (startsWith(source.start, [0x1f, 0x8b])) yield* decoded(await peeked(gunzipped(source.all)))
  else yield* decoded(source)
}

async function* decoded({ start, all }: Peeked): AsyncGenerator<Buffer> {
  for (const [kind, magic] of OTHER_KINDS) if (startsWith(start, magic)) throw new UnreadableSource(kind)
  const encoding = utf16Of(start)
  if (encoding === undefined) {
    if (start.includes(0)) throw new UnreadableSource('is no text, and so no JSON')
    yield* all
    return
  }
  const decoder = new TextDecoder(encoding)
  for await (const chunk of all) yield Buffer.from(decoder.decode(chunk, { stream: true }))
  yield Buffer.from(decoder.decode())
}

/** Which UTF-16 it is: by its mark or, as JSON starts with two characters of ASCII, by their zeros. */
function utf16Of(start: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  const [first, second, third, fourth] = start
  if (first === 0xff && second === 0xfe) return 'utf-16le'
  if (first === 0xfe && second === 0xff) return 'utf-16be'
  if (first && second === 0 && third && fourth === 0) return 'utf-16le'
  if (first === 0 && second && third === 0 && fourth) return 'utf-16be'
  return undefined
}

interface Peeked {
  start: Buffer
  /** All of it, from the start. */
  all: AsyncIterable<Buffer>
}

async function peeked(chunks: AsyncIterable<Buffer>): Promise<Peeked> {
  const iterator = chunks[Symbol.asyncIterator]()
  let start = Buffer.alloc(0)
  let done: boolean | undefined = false
  while (start.length < START_BYTES && !done) {
    const next = await iterator.next()
    done = next.done
    if (!next.done) start = Buffer.concat([start, next.value])
  }
  const rest = { [Symbol.asyncIterator]: () => iterator }
  return { start, all: joined(start, rest) }
}

async function* joined(start: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield start
  yield* rest
}

function startsWith(start: Buffer, bytes: number[]): boolean {
  return bytes.every((byte, index) => start[index] === byte)
}
