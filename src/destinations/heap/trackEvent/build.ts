import { PayloadValidationError } from '@segment/actions-core'
import type { Delivery } from '../deliver'
import { flattenFor } from '../fields'
import { MAX_EVENT_NAME_LENGTH, MIN_IDEMPOTENCY_KEY_LENGTH } from '../heapApi'
import type { HeapEvent } from '../heapApi'
import { optionalHeapUserId, optionalIdentity } from '../rules/identifiers'
import { placeholderTrouble, trimmed, usableIdentifier } from '../rules/identity'
import { profileOf } from '../rules/profile'
import type { Payload } from './generated-types'
import { isoTimestamp } from '../rules/timestamp'

/** Tells Heap, and whoever reads its reports, where an event came from. */
const SEGMENT_LIBRARY = 'cloud-mode-destination'

/** What a page or screen view is called in Heap when nobody named it. */
const VIEW_NAMES = new Map<string | undefined, string>([
  ['page', 'Page viewed'],
  ['screen', 'Screen viewed']
])

/**
 * Turns a payload into Heap's event and, for a known person with traits or an anonymous ID, a profile update.
 *
 * @throws PayloadValidationError or FlattenError naming the field that Heap would not take and the way out
 */
export function build(payload: Payload): Delivery {
  const identifier = userIdentifier(payload)
  if (Object.keys(identifier).length === 0) throw nobody(payload)

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
  const user = profileOf(identity, traits, anonymous_id, flattenFor(payload))
  return Object.keys(user.properties).length > 0 ? { event, user } : { event }
}

/** Every identifier that is present. A placeholder is as good as none: the event may still belong to the anonymous visitor. */
function userIdentifier(payload: Payload): HeapEvent['user_identifier'] {
  const identifier: HeapEvent['user_identifier'] = {}
  const identity = optionalIdentity(payload.identity)
  const anonymousId = usableIdentifier(payload.anonymous_id)
  const heapUserId = optionalHeapUserId(payload.heap_user_id)
  const email = usableIdentifier(payload.email)
  if (identity !== undefined) identifier.identity = identity
  if (anonymousId !== undefined) identifier.anonymous_id = anonymousId
  if (heapUserId !== undefined) identifier.user_id = heapUserId
  if (email !== undefined) identifier.email = email
  return identifier
}

function nobody(payload: Payload): PayloadValidationError {
  const identity = trimmed(payload.identity)
  if (identity !== undefined) return new PayloadValidationError(placeholderTrouble('Identity', identity))
  const anonymousId = trimmed(payload.anonymous_id)
  if (anonymousId !== undefined) return new PayloadValidationError(placeholderTrouble('Anonymous ID', anonymousId))
  return new PayloadValidationError(
    'Identity and Anonymous ID are both missing, so Heap cannot tell whose event this is. Map at least one of them.'
  )
}

function eventName({ event, type }: Payload): string {
  const name = event?.trim() ? event : VIEW_NAMES.get(type)
  if (name === undefined) {
    throw new PayloadValidationError('Event Name is missing, so Heap does not know what happened. Map a name to it.')
  }
  if (name.length > MAX_EVENT_NAME_LENGTH) {
    throw new PayloadValidationError(
      `Event Name is ${name.length} characters long; Heap accepts at most ${MAX_EVENT_NAME_LENGTH}. Map a shorter name to it.`
    )
  }
  return name
}

function customProperties(payload: Payload) {
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
    throw new PayloadValidationError(
      'Message ID is missing, so Heap could store the event twice. Map the ID that Segment gives every event to it.'
    )
  }
  return messageId.length < MIN_IDEMPOTENCY_KEY_LENGTH ? `segment-${messageId}` : messageId
}
