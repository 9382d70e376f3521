import { createTestEvent, createTestIntegration } from '@segment/actions-core'
import nock from 'nock'
import { generateTestData } from '../../../../lib/test-data'
import destination from '../..'

const testDestination = createTestIntegration(destination)

afterAll(() => nock.restore())

/** What no generated text can be: an App ID and a visitor's ID are numbers, a time is one, and an event needs a name or a type that has one. */
const SETTINGS = { appId: '12343283', region: 'US' }
const VALUES: Record<string, string> = {
  type: 'page',
  heap_user_id: '8325710047121',
  timestamp: '2026-11-23T10:00:00.000Z'
}

/** The requests that an action makes for generated values, by URL: they are the same on every run. */
export async function requestsOf(
  actionSlug: string,
  seedName: string,
  isRequiredOnly: boolean
): Promise<{ url: string; body: unknown }[]> {
  const action = destination.actions[actionSlug]
  const [eventData, settings] = generateTestData(seedName, destination, action, isRequiredOnly)
  const values = Object.fromEntries(Object.entries(VALUES).filter(([key]) => key in action.fields))
  nock(/.*/).persist().post(/.*/).reply(200)
  try {
    const event = createTestEvent({ properties: { ...eventData, ...values } })
    const responses = await testDestination.testAction(actionSlug, {
      event,
      mapping: event.properties,
      settings: { ...settings, ...SETTINGS }
    })
    const requests = responses.map(({ url, options }) => ({ url, body: options.json }))
    return requests.sort((one, other) => one.url.localeCompare(other.url))
  } finally {
    nock.cleanAll()
  }
}
