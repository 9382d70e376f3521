import { asUserProperties, flatten } from './flatten'
import type { FlatProperties, NestedMode } from './flatten'
import { checkTrait, optionalId, rawTrait, tooLong } from './identity'
import { InvalidPayloadError } from './invalidPayload'
import { MAX_PROPERTY_LENGTH } from './text'

/** The user property by which Heap joins an anonymous visitor to a person. */
export const ANONYMOUS_ID_PROPERTY = 'anonymous_id'

/** The user property by which a person belongs to an account, unless the customer chose another in Heap. */
export const ACCOUNT_ID_PROPERTY = 'account_id'

/**
 * The user properties of a known person: their traits and the ID of their visitor.
 *
 * Traits that Heap reads as IDs are IDs, or left out.
 *
 * @param anonymousId a usable anonymous ID
 * @throws InvalidPayloadError for a trait that no Heap property can express, and for an ID that does not fit a property
 */
export function userProperties(traits: object, anonymousId: string | undefined, mode?: NestedMode): FlatProperties {
  const properties = asUserProperties(flatten(traits, mode))
  checkIds(properties, traits)
  if (anonymousId === undefined) return properties
  if (anonymousId.length > MAX_PROPERTY_LENGTH) {
    // Cut, it could join a stranger.
    throw new InvalidPayloadError(tooLong('Anonymous ID', anonymousId.length, MAX_PROPERTY_LENGTH))
  }
  properties[ANONYMOUS_ID_PROPERTY] = anonymousId
  return properties
}

/** The properties of an account. */
export function accountProperties(traits: object, mode?: NestedMode): FlatProperties {
  const properties = flatten(traits, mode)
  checkIds(properties, traits)
  return properties
}

/** Leaves out of flat traits what should be an ID and names nobody. */
function checkIds(properties: FlatProperties, traits: object): void {
  for (const name of [ANONYMOUS_ID_PROPERTY, ACCOUNT_ID_PROPERTY]) {
    if (!(name in properties)) continue
    const id = optionalId(checkTrait(name, rawTrait(name, traits, properties)))
    if (id === undefined) delete properties[name]
    else properties[name] = id
  }
}
