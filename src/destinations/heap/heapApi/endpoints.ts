import type { RequestClient } from '@segment/actions-core'
import { HEAP_IDENTIFY_API_VERSION } from '../versioning-info'
import type { Environment } from './environment'
import { mapConcurrently, postEach } from './halving'
import { post } from './response'
import type { HeapResponse } from './response'
import type { HeapAccount, HeapEvent, HeapMerge, HeapUser } from './wireTypes'

/**
 * Posts events, at most 1000 a request, and gives the response to each by its index.
 * Source: the endpoint that Heap's integrations use; the public `/api/track` takes no anonymous ID.
 */
export function postEvents(
  request: RequestClient,
  { host, appId }: Environment,
  events: HeapEvent[]
): Promise<HeapResponse[]> {
  return postEach(events, (entries) =>
    post(request, `${host}/api/integrations/track`, { app_id: appId, library: 'server', events: entries })
  )
}

/**
 * Sets user properties, at most 1000 users a request, and gives the response for each by its index.
 * An identity that Heap does not know becomes a user. Source: Heap, Add User Properties and its bulk form.
 */
export function postUsers(
  request: RequestClient,
  { host, appId }: Environment,
  users: HeapUser[]
): Promise<HeapResponse[]> {
  return postEach(
    users,
    (entries) =>
      post(request, `${host}/api/add_user_properties`, {
        app_id: appId,
        ...(entries.length === 1 ? entries[0] : { users: entries })
      }),
    (one, next) => one.identity === next.identity
  )
}

/** Sets account properties, in requests as of {@link postUsers}. Source: Heap, Add Account Properties and its bulk form. */
export function postAccounts(
  request: RequestClient,
  { host, appId }: Environment,
  accounts: HeapAccount[]
): Promise<HeapResponse[]> {
  return postEach(accounts, (entries) =>
    post(request, `${host}/api/add_account_properties`, {
      app_id: appId,
      ...(entries.length === 1 ? entries[0] : { accounts: entries })
    })
  )
}

/** Moves the events of visitors to people, a request each: there is no bulk form. Source: Heap, Identify. */
export function postMerges(
  request: RequestClient,
  { host, appId }: Environment,
  merges: HeapMerge[]
): Promise<HeapResponse[]> {
  return mapConcurrently(merges, (merge) =>
    post(request, `${host}/api/${HEAP_IDENTIFY_API_VERSION}/identify`, { app_id: appId, ...merge })
  )
}
