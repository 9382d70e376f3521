import { IntegrationError } from '@segment/actions-core'
import type { Settings } from '../../generated-types'
import { environmentOf, HOSTS } from '../environment'

describe('environmentOf', () => {
  it.each<[string, Settings, object]>([
    ['the US without a region', { appId: '11' }, { host: HOSTS.US, appId: '11' }],
    ['the US', { appId: '11', region: 'US' }, { host: HOSTS.US, appId: '11' }],
    ['the EU', { appId: ' 12343283\n', region: 'EU' }, { host: HOSTS.EU, appId: '12343283' }]
  ])('finds %s', (_where, settings, expected) => {
    expect(environmentOf(settings)).toStrictEqual(expected)
  })

  it.each(['', '  ', 'my-app', '12a', '1.5', '-1', undefined, null])('refuses the App ID %j', (appId) => {
    const settings = { appId } as Settings
    expect(() => environmentOf(settings)).toThrow(IntegrationError)
    expect(() => environmentOf(settings)).toThrow(
      'App ID is not a Heap environment ID, which is a number such as 12343283.'
    )
  })

  it('does not show an API Key that was filled in as the App ID', () => {
    expect(() => environmentOf({ appId: 'sk_live_abcdef0123456789' })).not.toThrow(/sk_live/)
  })

  it.each(['', 'eu', 'APAC', null])('never guesses where the region is %j', (region) => {
    const settings = { appId: '11', region } as Settings
    expect(() => environmentOf(settings)).toThrow(IntegrationError)
    expect(() => environmentOf(settings)).toThrow(`Data Region "${region}" is unknown, so nothing was sent.`)
  })
})
