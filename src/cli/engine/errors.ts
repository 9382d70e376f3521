import { isNativeError } from 'node:util/types'
import { ErrorCodes } from '@segment/actions-core'

/** An error with the status and code that Segment acts on. */
export interface RunError {
  status?: number
  code?: string
  message: string
}

/** What a person needs to know of an error; the status is that of Segment's errors and of Heap's responses. */
export function errorOf(error: unknown): RunError {
  if (!(error instanceof Error)) return { message: String(error) }
  // The framework gives neither to a payload that its schema refuses, when it goes alone, nor to a mapping that cannot work.
  const isInvalid = error.name === 'AggregateAjvError' || isList(error)
  const {
    status = isInvalid ? 400 : undefined,
    code = isInvalid ? ErrorCodes.PAYLOAD_VALIDATION_FAILED : undefined
  }: Error & { status?: number; code?: string } = error
  const message = withoutUnwrapping(isList(error) ? messagesOf(error).join(' ') : error.message)
  return { ...(status !== undefined && { status }), ...(code !== undefined && { code }), message }
}

/**
 * The framework takes the only entry of a list for the list, and so says of `["ann"]` that it "must be a string but it was a
 * string".
 */
export function withoutUnwrapping(message: string): string {
  return message.replace(/must be ([\w ,]+) but it was an? (\w+)/g, (sentence, wanted: string, found: string) => {
    return wanted.split(/\W+/).includes(found) ? `must be ${wanted} but it was an array` : sentence
  })
}

/** Whether an error of the framework is a list of several. */
export function isList(error: unknown): error is Iterable<unknown> {
  return error instanceof Error && error.name === 'AggregateError' && Symbol.iterator in error
}

/** The message of an error, or of each that it stands for. */
export function messagesOf(error: unknown): string[] {
  const errors = isList(error) ? Array.from(error) : [error]
  return errors.map((one) => (one instanceof Error ? one.message : String(one)))
}

/** What the system says is wrong with a file, without its code and path. */
export function systemWords(error: unknown): string {
  const message = isNativeError(error) ? error.message : String(error)
  return message.replace(/^[A-Z]+: /, '').replace(/,.*$/, '')
}
