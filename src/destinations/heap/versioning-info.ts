/**
 * Version of the endpoint that moves a visitor's events to a person: `/api/v1/identify`.
 * API reference: https://developers.heap.io/reference/identify-1
 */
export const HEAP_IDENTIFY_API_VERSION = 'v1'

/**
 * Version of the endpoints that delete people: `/api/public/v0/auth_token` and `/api/public/v0/user_deletion`.
 * API reference: https://developers.heap.io/reference/user-deletion
 */
export const HEAP_DELETION_API_VERSION = 'v0'

// Heap's other endpoints, /api/integrations/track and /api/add_…_properties, carry no version.
