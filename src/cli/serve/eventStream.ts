import type { Request, Response } from 'express'

/** How much text is held for readers that fall behind. */
const HELD_CHARACTERS = 32 * 1024 * 1024

/** If the whole cannot be written, what nests deeper is left out. */
const SHOWN_DEPTH = 50

/** How soon a reader comes back after `serve` was started again. */
const RETRY_MS = 1000

/** The ID of no message of this server. */
const NONE_YET = 'none-0'

/** A reader, and the message that it gets next. */
interface Reader {
  response: Response
  next: number
  isFull: boolean
}

/**
 * Messages as server-sent events. A reader gets each one from when it came, at its own pace: the latest messages are
 * held once for all, so that a reader which does not read costs no more than one that does. A reader that falls behind
 * by more learns how many it missed from an event called `missed`.
 */
export class EventStream {
  private readonly readers = new Set<Reader>()
  private held: string[] = []
  private heldCharacters = 0
  /** The number of the first message held. */
  private first = 1
  /** A reader that comes back after a restart must not take the new messages for ones that it has. */
  private readonly run = Date.now().toString(36)

  constructor(private readonly most = HELD_CHARACTERS) {}

  /** Sends a message to all readers. Never throws, whatever the data. */
  publish(name: string, data: unknown): void {
    const message = `id: ${this.run}-${this.end}\nevent: ${name}\ndata: ${jsonOf(data)}\n\n`
    this.held.push(message)
    this.heldCharacters += message.length
    let gone = 0
    while (this.heldCharacters > this.most && gone < this.held.length - 1) {
      this.heldCharacters -= this.held[gone].length
      gone++
    }
    if (gone > 0) this.held.splice(0, gone)
    this.first += gone
    for (const reader of this.readers) this.write(reader)
  }

  /**
   * Responds with the messages from now on, or with those after the one that the request names as its last.
   *
   * @param fromStart a request that names none gets the held messages too
   */
  open(request: Request, response: Response, fromStart = false): void {
    const lastId = request.headers['last-event-id'] ?? (fromStart ? NONE_YET : undefined)
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.flushHeaders()
    if (request.method === 'HEAD') return void response.end()
    response.write(`retry: ${RETRY_MS}\n\n`)
    const reader: Reader = { response, next: this.after(lastId), isFull: false }
    this.readers.add(reader)
    response.on('drain', () => {
      reader.isFull = false
      this.write(reader)
    })
    response.on('close', () => this.readers.delete(reader))
    this.write(reader)
  }

  /** Ends the responses to all readers. */
  close(): void {
    for (const { response } of this.readers) response.end()
  }

  /** The number of the next message. */
  private get end(): number {
    return this.first + this.held.length
  }

  private after(lastId: string | string[] | undefined): number {
    const [run, number] = String(lastId ?? '').split('-')
    if (run === '') return this.end
    if (run !== this.run) return this.first
    return Math.min(Number(number) + 1 || this.end, this.end)
  }

  private write(reader: Reader): void {
    while (!reader.isFull && reader.next < this.end) {
      if (reader.next < this.first) {
        reader.response.write(`event: missed\ndata: ${JSON.stringify({ events: this.first - reader.next })}\n\n`)
        reader.next = this.first
      }
      reader.isFull = !reader.response.write(this.held[reader.next - this.first])
      reader.next++
    }
  }
}

/** The JSON of a message. What nests deeper than JavaScript can write is shown down to a depth. */
function jsonOf(data: unknown): string {
  try {
    return JSON.stringify(data)
  } catch {
    return JSON.stringify(shown(data, SHOWN_DEPTH))
  }
}

function shown(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth === 0) return '…'
  if (Array.isArray(value)) return value.map((entry) => shown(entry, depth - 1))
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, shown(entry, depth - 1)]))
}
