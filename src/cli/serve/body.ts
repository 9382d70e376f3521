import { parseJson } from '../engine/json'

/**
 * The JSON of a request's body, as `raw` of express gives it.
 *
 * @throws {SyntaxError} if it is not JSON, and RangeError if it nests too deep to be read
 */
export function parseBody(body: unknown): unknown {
  const text = Buffer.isBuffer(body) ? body.toString('utf8') : ''
  return parseJson(text.replace(/^\uFEFF/, ''))
}
