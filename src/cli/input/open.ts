import { closeSync, constants, createReadStream, fstatSync, openSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { isatty, ReadStream } from 'node:tty'

/**
 * Opens a file, pipe or terminal to be read; destroying the stream ends the reading at once, also where nothing comes.
 *
 * @throws the system's error if it cannot be opened
 */
export function openSource(name: string): Readable {
  // Otherwise opening a FIFO waits, deaf to Ctrl-C, until somebody writes to it.
  const descriptor = openSync(name, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    if (isatty(descriptor)) return new ReadStream(descriptor)
    if (fstatSync(descriptor).isFIFO()) return new Socket({ fd: descriptor, readable: true, writable: false })
    return createReadStream(name, { fd: descriptor })
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}
