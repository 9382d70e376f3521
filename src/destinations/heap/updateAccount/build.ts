import { PayloadValidationError } from '@segment/actions-core'
import type { Delivery } from '../deliver'
import { flattenFor } from '../fields'
import { flattenTraits, MAX_PROPERTY_LENGTH } from '../rules/flatten'
import { optionalIdentity } from '../rules/identifiers'
import { isPlaceholder, trimmed } from '../rules/identity'
import type { Payload } from './generated-types'

/** What Heap's own documentation calls the property. */
const DEFAULT_ACCOUNT_ID_PROPERTY = 'account_id'

/**
 * Turns a payload into an account update and, with an identity, a profile update that makes the person belong to the account.
 *
 * @throws PayloadValidationError or FlattenError naming the field that Heap would not take and the way out
 */
export function build(payload: Payload): Delivery {
  const accountId = usableAccountId(payload.account_id)
  const account = { account_id: accountId, properties: flattenFor(payload)(payload.traits ?? {}) }
  const identity = optionalIdentity(payload.identity)
  if (identity === undefined) return { account }
  const property = trimmed(payload.account_id_property) ?? DEFAULT_ACCOUNT_ID_PROPERTY
  return { account, user: { identity, properties: flattenTraits({ [property]: accountId }) } }
}

function usableAccountId(field: string): string {
  const id = trimmed(field)
  if (id === undefined) {
    throw new PayloadValidationError(
      'Account ID is missing, so Heap does not know which account to update. Map its ID.'
    )
  }
  if (isPlaceholder(id)) {
    throw new PayloadValidationError(
      `Account ID is "${id}", a placeholder that names no account: Heap would mix the properties of all that carry it. Map the ID of the account.`
    )
  }
  if (id.length > MAX_PROPERTY_LENGTH) {
    // It is a user property too, and cut it could be another account's.
    throw new PayloadValidationError(
      `Account ID is ${id.length} characters long; Heap accepts at most ${MAX_PROPERTY_LENGTH}. Map a shorter ID to it.`
    )
  }
  return id
}
