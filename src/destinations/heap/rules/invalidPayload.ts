/** A payload that Heap would not take. The message names the field, what is wrong with it, and the way out. */
export class InvalidPayloadError extends Error {
  constructor(problem: string) {
    super(problem)
    this.name = 'InvalidPayloadError'
  }
}
