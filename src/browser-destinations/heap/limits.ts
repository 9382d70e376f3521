// Heap, API Reference of the web library (developers.heap.io/docs/api-reference), in UTF-16 characters. They are not those of Heap's
// servers. Heap's pages differ on the value of a user property: that reference and the server take fewer than 1024 characters, as for
// an event property, the older page of addUserProperties alone 255.

/** The name of an event. */
export const MAX_EVENT_NAME_LENGTH = 255

/** An identity has fewer than 255 characters. */
export const MAX_IDENTITY_LENGTH = 254

/** The key of a property has fewer than 512 characters. */
export const MAX_KEY_LENGTH = 511

export { MAX_PROPERTY_LENGTH as MAX_VALUE_LENGTH } from '../../destinations/heap/rules/text'
