import { PayloadValidationError } from '@segment/actions-core'
import { heapUserId, identityTrouble, isPlaceholder, trimmed } from './identity'

/**
 * The identity of a payload that can do without one: a placeholder counts as none.
 *
 * @throws PayloadValidationError for one that Heap would not take
 */
export function optionalIdentity(field: string | null | undefined): string | undefined {
  const identity = trimmed(field)
  return identity === undefined || isPlaceholder(identity) ? undefined : soundIdentity(identity)
}

/**
 * The identity of a payload that is nothing without one.
 *
 * @param purpose ends the sentence "Identity is missing, so …"
 * @throws PayloadValidationError for one that is missing, a placeholder or too long
 */
export function requiredIdentity(field: string | null | undefined, purpose: string): string {
  const identity = trimmed(field)
  if (identity === undefined) {
    throw new PayloadValidationError(`Identity is missing, so ${purpose}. Map the ID of the person to it.`)
  }
  return soundIdentity(identity)
}

/**
 * Heap's own ID of a visitor, where it is given.
 *
 * @throws PayloadValidationError for what is no such ID
 */
export function optionalHeapUserId(field: string | null | undefined): string | undefined {
  const given = trimmed(field)
  if (given === undefined) return undefined
  const id = heapUserId(given)
  if (id === undefined) {
    throw new PayloadValidationError(
      `Heap User ID "${given}" is not an ID of Heap’s SDK, which is a number from 0 to 9007199254740991. Map heap.getUserId() to it, or nothing.`
    )
  }
  return id
}

function soundIdentity(identity: string): string {
  const trouble = identityTrouble(identity)
  if (trouble) throw new PayloadValidationError(trouble)
  return identity
}
