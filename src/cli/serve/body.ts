/**
 * The JSON of a request's body, as `raw` of express gives it.
 *
 * @throws {SyntaxError} if it is none
 */
export function parseBody(body: unknown): unknown {
  const text = Buffer.isBuffer(body) ? body.toString('utf8') : ''
  return JSON.parse(text.replace(/^\uFEFF/, ''))
}
