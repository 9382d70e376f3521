import { PayloadValidationError } from '@segment/actions-core'
import { flattenTraits, MAX_PROPERTY_LENGTH } from './flatten'
import type { Flatten } from './flatten'
import type { HeapUser } from '../heapApi'
import { isPlaceholder } from './identity'

/**
 * The profile update of a known person.
 *
 * The user property `anonymous_id` is how Heap joins the anonymous visitor to the person, so none but a usable one is ever set.
 *
 * @param identity a usable identity; see identityTrouble
 * @param anonymousId a usable anonymous ID
 * @param flattenWith how arrays in the traits are handled; see flattenFor
 * @throws FlattenError for a trait that no Heap property can express; PayloadValidationError for an anonymous ID that does not fit
 */
export function profileOf(
  identity: string,
  traits: object | undefined,
  anonymousId: string | undefined,
  flattenWith: Flatten
): HeapUser {
  const properties = flattenTraits(traits ?? {}, flattenWith)
  if (anonymousId === undefined) {
    if (isPlaceholder(properties.anonymous_id ?? '')) delete properties.anonymous_id
  } else if (anonymousId.length > MAX_PROPERTY_LENGTH) {
    // Cut, it could join a stranger.
    throw new PayloadValidationError(
      `Anonymous ID is ${anonymousId.length} characters long; Heap accepts at most ${MAX_PROPERTY_LENGTH}. Map a shorter ID to it.`
    )
  } else {
    properties.anonymous_id = anonymousId
  }
  return { identity, properties }
}
