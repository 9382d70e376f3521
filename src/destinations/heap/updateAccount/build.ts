import type { Delivery } from '../deliver'
import { objectOf, textOf } from '../rules/fields'
import { asUserProperties, flatten } from '../rules/flatten'
import { checkAccountId, checkIdentity, optionalId, requiredId } from '../rules/identity'
import { ACCOUNT_ID_PROPERTY, accountProperties } from '../rules/profile'
import { trimmed } from '../rules/text'
import { nestedMode } from '../sharedFields'
import type { Payload } from './generated-types'

const NO_ACCOUNT_ID = 'Account ID is missing, so Heap does not know which account to update. Map its ID.'

/**
 * Turns a payload into an account update and, with an identity, a profile update that makes the person belong to the account.
 *
 * @throws InvalidPayloadError naming the field that Heap would not take and the way out
 */
export function build(payload: Payload): Delivery {
  const accountId = requiredId(checkAccountId(payload.account_id), NO_ACCOUNT_ID)
  const traits = objectOf(payload.traits, 'Account Properties')
  const account = { account_id: accountId, properties: accountProperties(traits, nestedMode(payload)) }
  const identity = optionalId(checkIdentity(payload.identity))
  if (identity === undefined) return { account }
  const property = trimmed(textOf(payload.account_id_property, 'Account ID Property')) ?? ACCOUNT_ID_PROPERTY
  return { account, user: { identity, properties: asUserProperties(flatten({ [property]: accountId })) } }
}
