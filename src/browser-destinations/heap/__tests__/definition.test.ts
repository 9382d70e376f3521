import { Context } from '@segment/analytics-next'
import type { Analytics } from '@segment/analytics-next'
import { tableRows } from '../../../__tests__/docs'
import { destination } from '..'
import type { HeapClient } from '../heapClient'
import { MAX_EVENT_NAME_LENGTH, MAX_IDENTITY_LENGTH, MAX_KEY_LENGTH, MAX_VALUE_LENGTH } from '../limits'
import { heapOnPage } from './heapOnPage'
import { onPlainPage } from './plainPage'

/** Analytics as another version, or a test of the destination, may have it. */
const HALVES: [string, unknown][] = [
  ['no', undefined],
  ['an empty', {}],
  ['an Analytics without a user in an', { on: () => undefined, queue: { on: () => undefined, plugins: [] } }],
  [
    'an Analytics without a queue in an',
    { on: () => undefined, user: () => ({ id: () => null, anonymousId: () => 'a-1' }) }
  ],
  ['an Analytics without settings in an', { integrations: undefined, options: undefined, settings: undefined }]
]

describe('the definition', () => {
  it.each(HALVES)('works with %s Analytics', async (_which, analytics) => {
    const page = onPlainPage()
    heapOnPage()
    const dependencies = { loadScript: () => Promise.reject(new Error('none')), resolveWhen: () => Promise.resolve() }
    const client: HeapClient = await destination.initialize(
      { settings: { appId: '12343283' }, analytics: analytics as Analytics },
      dependencies
    )
    const context = new Context({ type: 'track', event: 'A', anonymousId: 'a-1' })
    const { perform } = destination.actions.trackEvent
    await perform(client, { payload: { name: 'A' }, context, settings: { appId: '12343283' } } as never)
    client.leave()
    expect(page.heapCalls?.slice(1)).toStrictEqual([['track', 'A', { segment_library: 'browser-destination' }]])
    expect(page.warnings).toStrictEqual([])
  })

  it('names Heap’s limits as docs/device-mode.md does', () => {
    const limits = Object.fromEntries(
      tableRows('docs/device-mode.md', '## What happens').map(([what, limit]) => [what, Number(limit.replace(',', ''))])
    )
    expect(limits).toStrictEqual({
      'event name': MAX_EVENT_NAME_LENGTH,
      identity: MAX_IDENTITY_LENGTH,
      'key of a property': MAX_KEY_LENGTH,
      'text in a property': MAX_VALUE_LENGTH
    })
    const { trackEvent, identifyUser } = destination.actions
    expect(trackEvent.fields.name.description).toContain(`${MAX_EVENT_NAME_LENGTH} characters`)
    expect(identifyUser.fields.userId.description).toContain(`${MAX_IDENTITY_LENGTH} characters`)
  })
})
