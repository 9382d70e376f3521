/** Why Heap does not accept a request. Heap responds `status` with `{ "error": message }` and stores nothing of the request. */
export class HeapError extends Error {
  override readonly name = 'HeapError'

  /**
   * @param status 400 for a body Heap would not take, 401 for wrong credentials, 404 or 405 for a wrong path or method, 429 over a limit.
   * @param message What is wrong and where, in plain English.
   * @param allow With 405, the method that is right.
   */
  constructor(
    readonly status: 400 | 401 | 404 | 405 | 429,
    message: string,
    readonly allow?: string
  ) {
    super(message)
  }
}
