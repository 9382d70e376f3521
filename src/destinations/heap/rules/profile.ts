import { flattenTraits } from './flatten'
import type { FlatProperties, Flatten } from './flatten'
import { isPlaceholder, tooLong } from './identity'
import { InvalidPayloadError } from './invalidPayload'
import { MAX_PROPERTY_LENGTH } from './text'

/**
 * The user properties of a known person: their traits and the ID of their visitor.
 *
 * The user property `anonymous_id` is how Heap joins the anonymous visitor to the person, so none but a usable one is ever set.
 *
 * @param anonymousId a usable anonymous ID
 * @param flattenWith how arrays in the traits are handled
 * @throws InvalidPayloadError for a trait that no Heap property can express, and for an anonymous ID that does not fit
 */
export function userProperties(
  traits: object | undefined,
  anonymousId: string | undefined,
  flattenWith: Flatten
): FlatProperties {
  const properties = flattenTraits(traits ?? {}, flattenWith)
  if (anonymousId === undefined) {
    if (isPlaceholder(properties.anonymous_id ?? '')) delete properties.anonymous_id
  } else if (anonymousId.length > MAX_PROPERTY_LENGTH) {
    // Cut, it could join a stranger.
    throw new InvalidPayloadError(tooLong('Anonymous ID', anonymousId.length, MAX_PROPERTY_LENGTH))
  } else {
    properties.anonymous_id = anonymousId
  }
  return properties
}
