import { IntegrationError, InvalidAuthenticationError, PayloadValidationError } from '@segment/actions-core'
import type { RequestClient } from '@segment/actions-core'
import type { Settings } from '../generated-types'
import { environmentOf, HOSTS, post } from '.'
import type { Answer } from '.'
import { requiredIdentity } from '../rules/identifiers'
import { trimmed } from '../rules/identity'

/** Heap, User Deletion: documented on this host for both regions. */
const DELETION_API = `${HOSTS.US}/api/public/v0`

/**
 * Asks Heap to delete a person and all their events (GDPR, CCPA). Heap confirms at once and deletes later.
 *
 * @returns Heap's confirmation
 * @throws PayloadValidationError without a usable identity; IntegrationError without an API key and for what Heap refuses;
 * InvalidAuthenticationError for a wrong App ID or API key. No error shows the key or the token.
 */
export async function deleteUser(
  request: RequestClient,
  settings: Settings,
  userId: string | null | undefined
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
  if (trimmed(userId) === undefined) {
    throw new PayloadValidationError(
      'The deletion request has no userId, and Heap deletes by identity only. Delete an anonymous visitor in Heap itself.'
    )
  }
  const identity = requiredIdentity(userId, 'Heap has nobody to delete')
  const token = await accessToken(request, settings, apiKey)
  const answer = await post(
    request,
    `${DELETION_API}/user_deletion`,
    { users: [{ identity }] },
    { headers: { authorization: `Bearer ${token}` } }
  )
  checked(answer, 'Heap did not accept the deletion', token)
  return { status: answer.status, body: answer.body }
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
  const answer = await post(request, `${DELETION_API}/auth_token`, undefined, credentials)
  checked(answer, 'Heap gave no access to the deletion API', apiKey)
  const token = tokenIn(answer.body)
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

function checked({ status, problem }: Answer, trouble: string, secret: string): void {
  if (!problem) return
  if (status === 401) {
    throw new InvalidAuthenticationError(
      'Heap does not accept this App ID and API Key. For deletion, the App ID must be that of your Main Production environment, and the API Key its own.'
    )
  }
  // Heap may repeat what it was sent.
  throw new IntegrationError(`${trouble}: ${problem.message.split(secret).join('<redacted>')}`, problem.code, status)
}
