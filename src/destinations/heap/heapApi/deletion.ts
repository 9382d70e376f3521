import { IntegrationError, InvalidAuthenticationError } from '@segment/actions-core'
import type { RequestClient } from '@segment/actions-core'
import type { Settings } from '../generated-types'
import { checkIdentity, requiredId } from '../rules/identity'
import { trimmed } from '../rules/text'
import { HEAP_DELETION_API_VERSION } from '../versioning-info'
import { environmentOf, HOSTS } from './environment'
import { post } from './response'
import type { HeapResponse } from './response'

/** Heap, User Deletion: documented on this host for both regions. */
const DELETION_API = `${HOSTS.US}/api/public/${HEAP_DELETION_API_VERSION}`

const NO_USER_ID =
  'The deletion request has no userId, and Heap deletes by identity only. Delete an anonymous visitor in Heap itself.'

/**
 * Asks Heap to delete a person and all their events (GDPR, CCPA). Heap confirms at once and deletes later.
 *
 * @returns Heap's confirmation
 * @throws InvalidPayloadError without a usable identity; IntegrationError without an API key and for what Heap refuses;
 * InvalidAuthenticationError for a wrong App ID or API key. No error shows the key or the token.
 */
export async function deleteUser(
  request: RequestClient,
  settings: Settings,
  userId: unknown
): Promise<{ status: number; body: string }> {
  environmentOf(settings)
  const apiKey = trimmed(settings.apiKey)
  if (apiKey === undefined) {
    throw new IntegrationError(
      'API Key is missing, and Heap deletes nobody without it. Fill in the API Key in the settings of this destination.',
      'MISSING_REQUIRED_FIELD',
      400
    )
  }
  const identity = requiredId(checkIdentity(userId), NO_USER_ID)
  const token = await accessToken(request, settings, apiKey)
  const response = await post(
    request,
    `${DELETION_API}/user_deletion`,
    { users: [{ identity }] },
    { headers: { authorization: `Bearer ${token}` } },
    token
  )
  check(response, 'Heap did not accept the deletion')
  return { status: response.status, body: response.body }
}

/**
 * Asks Heap whether the App ID and the API key belong together.
 *
 * @throws InvalidAuthenticationError where they do not; IntegrationError where the App ID is none or Heap gives no answer
 */
export async function checkCredentials(request: RequestClient, settings: Settings): Promise<void> {
  environmentOf(settings)
  const apiKey = trimmed(settings.apiKey)
  if (apiKey !== undefined) await accessToken(request, settings, apiKey)
}

/** A token that lasts about five minutes. Source: Heap, User Deletion. */
async function accessToken(request: RequestClient, settings: Settings, apiKey: string): Promise<string> {
  const credentials = { username: environmentOf(settings).appId, password: apiKey }
  const response = await post(request, `${DELETION_API}/auth_token`, undefined, credentials, apiKey)
  check(response, 'Heap gave no access to the deletion API')
  const token = tokenIn(response.body)
  if (token === undefined) {
    throw new IntegrationError(
      'Heap gave no access to the deletion API: its answer holds no token.',
      'BAD_GATEWAY',
      502
    )
  }
  return token
}

function tokenIn(body: string): string | undefined {
  try {
    const { access_token } = JSON.parse(body) as { access_token?: unknown }
    return typeof access_token === 'string' && access_token !== '' ? access_token : undefined
  } catch {
    return undefined
  }
}

function check({ status, problem }: HeapResponse, consequence: string): void {
  if (!problem) return
  if (status === 401) {
    throw new InvalidAuthenticationError(
      'Heap does not accept this App ID and API Key. For deletion, the App ID must be that of your Main Production environment, and the API Key its own.'
    )
  }
  throw new IntegrationError(`${consequence}: ${problem.message}`, problem.code, status)
}
