import type { ActionDefinition } from '@segment/actions-core'
import { deliverBatch, deliverOne } from '../deliver'
import type { Settings } from '../generated-types'
import { nestedPropertiesField, batchFields } from '../sharedFields'
import { build } from './build'
import type { Payload } from './generated-types'

const action: ActionDefinition<Settings, Payload> = {
  title: 'Update Account',
  description:
    'Set properties of an account (a company or a team) in Heap, and say who belongs to it. First tell Heap which user property holds the Account ID, under Account > Manage > Account Health Analysis.',
  defaultSubscription: 'type = "group"',
  fields: {
    account_id: {
      label: 'Account ID',
      description: 'The ID that tells this account apart from all others. A call without it is rejected.',
      type: 'string',
      required: true,
      default: { '@path': '$.groupId' }
    },
    traits: {
      label: 'Account Properties',
      description:
        'What you know about the account. Properties inside other properties are named with a dot (address.city), and text is cut to 1,023 characters. If left empty, the account keeps its properties.',
      type: 'object',
      default: { '@path': '$.traits' }
    },
    identity: {
      label: 'Identity',
      description:
        'The ID of a person who belongs to the account. At most 255 characters. If left empty, only the account is updated.',
      type: 'string',
      default: { '@path': '$.userId' }
    },
    account_id_property: {
      label: 'Account ID Property',
      description:
        'The user property that you selected as Account ID in Heap, under Account > Manage > Account Health Analysis. It is set to the Account ID, so that the person belongs to the account. If left empty, it is account_id.',
      type: 'string',
      default: 'account_id'
    },
    ...nestedPropertiesField,
    ...batchFields
  },
  perform: (request, input) => deliverOne(request, input, build),
  performBatch: (request, input) => deliverBatch(request, input, build)
}

export default action
