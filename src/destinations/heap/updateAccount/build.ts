import type { Delivery } from '../deliver'
import { flattenTraits } from '../rules/flatten'
import { checkAccountId, checkIdentity, optionalId, requiredId } from '../rules/identity'
import { trimmed } from '../rules/text'
import { flattenFor } from '../sharedFields'
import type { Payload } from './generated-types'

const NO_ACCOUNT_ID = 'Account ID is missing, so Heap does not know which account to update. Map its ID.'

/** What Heap's own documentation calls the property. */
const DEFAULT_ACCOUNT_ID_PROPERTY = 'account_id'

/**
 * Turns a payload into an account update and, with an identity, a profile update that makes the person belong to the account.
 *
 * @throws InvalidPayloadError naming the field that Heap would not take and the way out
 */
export function build(payload: Payload): Delivery {
  const accountId = requiredId(checkAccountId(payload.account_id), NO_ACCOUNT_ID)
  const account = { account_id: accountId, properties: flattenFor(payload)(payload.traits ?? {}) }
  const identity = optionalId(checkIdentity(payload.identity))
  if (identity === undefined) return { account }
  const property = trimmed(payload.account_id_property) ?? DEFAULT_ACCOUNT_ID_PROPERTY
  return { account, user: { identity, properties: flattenTraits({ [property]: accountId }) } }
}
