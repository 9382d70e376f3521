import type { Delivery } from '../deliver'
import { MAX_EVENT_NAME_LENGTH, MIN_IDEMPOTENCY_KEY_LENGTH } from '../heapApi/wireTypes'
import type { HeapEvent } from '../heapApi/wireTypes'
import type { FlatProperties } from '../rules/flatten'
import { checkAnonymousId, checkEmail, checkHeapUserId, checkIdentity, optionalId } from '../rules/identity'
import { InvalidPayloadError } from '../rules/invalidPayload'
import { userProperties } from '../rules/profile'
import { trimmed } from '../rules/text'
import { isoTimestamp } from '../rules/timestamp'
import { flattenFor } from '../sharedFields'
import type { Payload } from './generated-types'

/** Tells Heap, and whoever reads its reports, where an event came from. */
const SEGMENT_LIBRARY = 'cloud-mode-destination'

/** What a page or screen view is called in Heap when nobody named it. */
const VIEW_NAMES = new Map<string | undefined, string>([
  ['page', 'Page viewed'],
  ['screen', 'Screen viewed']
])

const NOBODY =
  'Identity and Anonymous ID are both missing, so Heap cannot tell whose event this is. Map at least one of them.'

/**
 * Turns a payload into Heap's event and, for a known person with traits or an anonymous ID, a profile update.
 *
 * @throws InvalidPayloadError naming the field that Heap would not take and the way out
 */
export function build(payload: Payload): Delivery {
  const identifier = userIdentifier(payload)
  const { timestamp, traits } = payload
  const event: HeapEvent = {
    event: eventName(payload),
    user_identifier: identifier,
    custom_properties: customProperties(payload),
    idempotency_key: idempotencyKey(payload.message_id)
  }
  if (timestamp !== undefined) event.timestamp = isoTimestamp(timestamp)
  const { identity, anonymous_id } = identifier
  if (identity === undefined) return { event }
  const properties = userProperties(traits, anonymous_id, flattenFor(payload))
  return Object.keys(properties).length > 0 ? { event, user: { identity, properties } } : { event }
}

/** Every identifier that is present. A placeholder is as good as none: the event may still belong to the anonymous visitor. */
function userIdentifier(payload: Payload): HeapEvent['user_identifier'] {
  const checkedIdentity = checkIdentity(payload.identity)
  const checkedAnonymousId = checkAnonymousId(payload.anonymous_id)
  const identity = optionalId(checkedIdentity)
  const anonymousId = optionalId(checkedAnonymousId)
  const heapUserId = optionalId(checkHeapUserId(payload.heap_user_id))
  const email = optionalId(checkEmail(payload.email))
  const identifier: HeapEvent['user_identifier'] = {}
  if (identity !== undefined) identifier.identity = identity
  if (anonymousId !== undefined) identifier.anonymous_id = anonymousId
  if (heapUserId !== undefined) identifier.user_id = heapUserId
  if (email !== undefined) identifier.email = email
  if (Object.keys(identifier).length === 0) {
    throw new InvalidPayloadError(checkedIdentity.problem ?? checkedAnonymousId.problem ?? NOBODY)
  }
  return identifier
}

function eventName({ event, type }: Payload): string {
  const name = event?.trim() ? event : VIEW_NAMES.get(type)
  if (name === undefined) {
    throw new InvalidPayloadError('Event Name is missing, so Heap does not know what happened. Map a name to it.')
  }
  if (name.length > MAX_EVENT_NAME_LENGTH) {
    throw new InvalidPayloadError(
      `Event Name is ${name.length} characters long; Heap accepts at most ${MAX_EVENT_NAME_LENGTH}. Map a shorter name to it.`
    )
  }
  return name
}

function customProperties(payload: Payload): FlatProperties {
  const { properties, name } = payload
  return flattenFor(payload)(
    { segment_library: SEGMENT_LIBRARY },
    properties ?? {},
    trimmed(name) === undefined ? {} : { name }
  )
}

/** Segment's own message IDs are longer than Heap's minimum; a customer's need not be. */
function idempotencyKey(messageId: string): string {
  if (messageId.trim() === '') {
    throw new InvalidPayloadError(
      'Message ID is missing, so Heap could store the event twice. Map the ID that Segment gives every event to it.'
    )
  }
  return messageId.length < MIN_IDEMPOTENCY_KEY_LENGTH ? `segment-${messageId}` : messageId
}
