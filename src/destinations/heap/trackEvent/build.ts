import type { Delivery } from '../deliver'
import { MAX_EVENT_NAME_LENGTH, MIN_IDEMPOTENCY_KEY_LENGTH } from '../heapApi/wireTypes'
import type { HeapEvent } from '../heapApi/wireTypes'
import { objectOf, textOf } from '../rules/fields'
import { flatten } from '../rules/flatten'
import type { FlatProperties, NestedMode } from '../rules/flatten'
import {
  checkAnonymousId,
  checkEmail,
  checkHeapUserId,
  checkIdentity,
  checkMessageId,
  optionalId,
  requiredId
} from '../rules/identity'
import { InvalidPayloadError } from '../rules/invalidPayload'
import { userProperties } from '../rules/profile'
import { cut, storable, trimmed } from '../rules/text'
import { isoTimestamp } from '../rules/timestamp'
import { nestedMode } from '../sharedFields'
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

const NO_NAME = 'Event Name is missing, so Heap does not know what happened. Map a name to it.'

const NO_MESSAGE_ID =
  'Message ID is missing, so Heap could store the event twice. Map the ID that Segment gives every event to it.'

/**
 * Turns a payload into Heap's event and, for a known person with traits or an anonymous ID, a profile update.
 *
 * @throws InvalidPayloadError naming the field that Heap would not take and the way out
 */
export function build(payload: Payload): Delivery {
  const mode = nestedMode(payload)
  const identifier = userIdentifier(payload)
  const event: HeapEvent = {
    event: eventName(payload),
    user_identifier: identifier,
    custom_properties: customProperties(payload, mode),
    idempotency_key: idempotencyKey(payload.message_id)
  }
  const timestamp = isoTimestamp(textOf(payload.timestamp, 'Timestamp'))
  if (timestamp !== undefined) event.timestamp = timestamp
  const { identity, anonymous_id } = identifier
  if (identity === undefined) return { event }
  const properties = userProperties(objectOf(payload.traits, 'User Properties'), anonymous_id, mode)
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

function eventName(payload: Payload): string {
  const given = storable(textOf(payload.event, 'Event Name') ?? '')
  const name = trimmed(given) === undefined ? VIEW_NAMES.get(payload.type) : given
  if (name === undefined) throw new InvalidPayloadError(NO_NAME)
  if (name.length > MAX_EVENT_NAME_LENGTH) {
    throw new InvalidPayloadError(
      `Event Name is ${name.length} characters long; Heap accepts at most ${MAX_EVENT_NAME_LENGTH}. Map a shorter name to it.`
    )
  }
  return name
}

function customProperties(payload: Payload, mode: NestedMode | undefined): FlatProperties {
  const properties = objectOf(payload.properties, 'Event Properties')
  // Made of a literal, it would be a slow object to V8.
  const first: FlatProperties = {}
  first.segment_library = SEGMENT_LIBRARY
  const flat = flatten(properties, mode, first)
  const name = storable(textOf(payload.name, 'Page or Screen Name') ?? '')
  if (trimmed(name) !== undefined) flat.name = cut(name)
  return flat
}

/** Segment's own message IDs are longer than Heap's minimum; a customer's need not be. */
function idempotencyKey(messageId: unknown): string {
  const id = requiredId(checkMessageId(messageId), NO_MESSAGE_ID)
  return id.length < MIN_IDEMPOTENCY_KEY_LENGTH ? `segment-${id}` : id
}
