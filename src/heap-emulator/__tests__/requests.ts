import type { HeapEmulator, HeapResult, HeapRequest, Region } from '..'
import { HEAP_HOSTS } from '..'

export const APP_ID = '12343283'
export const INTEGRATIONS_TRACK = '/api/integrations/track'
export const TRACK = '/api/track'
export const ADD_USER_PROPERTIES = '/api/add_user_properties'

export const STORED: HeapResult = { status: 200, headers: { 'content-type': 'application/json' }, body: '{}' }

/** The answer to a request that Heap refuses. */
export function refused(error: string, status = 400): HeapResult {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ error }) }
}

/** A request as a client sends it; `change` overrides any part. */
export function request(path: string, body: unknown, change: Partial<HeapRequest> = {}): HeapRequest {
  return {
    host: HEAP_HOSTS.US,
    method: 'POST',
    path,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...change
  }
}

export function send(heap: HeapEmulator, path: string, body: unknown, region: Region = 'US'): Promise<HeapResult> {
  return heap.handle(request(path, body, { host: HEAP_HOSTS[region] }))
}

/** A body for integrations/track. */
export function events(...entries: unknown[]) {
  return { app_id: APP_ID, library: 'server', events: entries }
}

/** A full event for integrations/track; `change` overrides any key, and `undefined` takes it away. */
export function event(change: Record<string, unknown> = {}) {
  return {
    event: 'Signed Up',
    user_identifier: { identity: 'alice@example.com', anonymous_id: 'anon-1' },
    custom_properties: { plan: 'pro' },
    idempotency_key: 'message-1',
    timestamp: '2026-11-23T10:00:00.000Z',
    ...change
  }
}

/** A single body for add_user_properties. */
export function user(identity: unknown, properties: unknown = {}) {
  return { app_id: APP_ID, identity, properties }
}
