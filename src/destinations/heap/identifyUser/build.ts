import type { Delivery } from '../deliver'
import { objectOf } from '../rules/fields'
import { checkAnonymousId, checkHeapUserId, checkIdentity, optionalId, requiredId } from '../rules/identity'
import { userProperties } from '../rules/profile'
import { nestedMode } from '../sharedFields'
import type { Payload } from './generated-types'

const NO_IDENTITY =
  'Identity is missing, so Heap has nobody to give the user properties to. Map the ID of the person to it.'

/**
 * Turns a payload into a profile update and, with Heap's own ID of the visitor, a merge of that visitor into the person.
 *
 * @throws InvalidPayloadError naming the field that Heap would not take and the way out
 */
export function build(payload: Payload): Delivery {
  const identity = requiredId(checkIdentity(payload.user_id), NO_IDENTITY)
  const heapUserId = optionalId(checkHeapUserId(payload.heap_user_id))
  const anonymousId = optionalId(checkAnonymousId(payload.anonymous_id))
  const traits = objectOf(payload.traits, 'User Properties')
  const user = { identity, properties: userProperties(traits, anonymousId, nestedMode(payload)) }
  return heapUserId === undefined ? { user } : { user, merge: { user_id: heapUserId, identity } }
}
