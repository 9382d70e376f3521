import { defaultValues } from '@segment/actions-core'
import type { DestinationDefinition } from '@segment/actions-core'
import { deliverDeletion } from './deliver'
import type { Settings } from './generated-types'
import { checkCredentials } from './heapApi/deletion'
import identifyUser from './identifyUser'
import trackEvent from './trackEvent'
import updateAccount from './updateAccount'

const destination: DestinationDefinition<Settings> = {
  // One word: the framework makes a schema URI of it, which a space or a parenthesis breaks.
  name: 'Heap',
  slug: 'actions-heap-cloud',
  mode: 'cloud',
  description: 'Send events, and the properties of people and accounts, to Heap from Segment’s servers.',
  authentication: {
    scheme: 'custom',
    fields: {
      appId: {
        label: 'App ID',
        description:
          'The number of the Heap environment that your data goes to, such as 12343283. Find it in Heap under Account > Manage > Projects.',
        type: 'string',
        required: true
      },
      region: {
        label: 'Data Region',
        description:
          'Where Heap stores your data. Select the region of your Heap environment; if left empty, data goes to the US.',
        type: 'string',
        choices: [
          { label: 'US (default)', value: 'US' },
          { label: 'EU', value: 'EU' }
        ],
        default: 'US'
      },
      apiKey: {
        label: 'API Key',
        description:
          'Needed only to delete people from Heap when Segment passes on a deletion request (GDPR, CCPA). Find it in Heap under Account > Manage > Privacy & Security. The App ID must then be that of your Main Production environment.',
        type: 'password'
      }
    },
    testAuthentication: (request, { settings }) => checkCredentials(request, settings)
  },
  presets: [
    {
      name: 'Track Calls',
      subscribe: 'type = "track" or type = "page" or type = "screen"',
      partnerAction: 'trackEvent',
      mapping: defaultValues(trackEvent.fields),
      type: 'automatic'
    },
    {
      name: 'Identify Calls',
      subscribe: 'type = "identify"',
      partnerAction: 'identifyUser',
      mapping: defaultValues(identifyUser.fields),
      type: 'automatic'
    },
    {
      name: 'Group Calls',
      subscribe: 'type = "group"',
      partnerAction: 'updateAccount',
      mapping: defaultValues(updateAccount.fields),
      type: 'automatic'
    }
  ],
  actions: {
    trackEvent,
    identifyUser,
    updateAccount
  },
  onDelete: (request, { payload, settings }) => deliverDeletion(request, settings, payload.userId)
}

export default destination
