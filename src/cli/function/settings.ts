import type { FunctionSetting } from './segmentApi'

/** What Segment asks for where the function is connected. Each says enough that no documentation is needed. */
export const SETTINGS: FunctionSetting[] = [
  {
    name: 'appId',
    label: 'App ID',
    description:
      'The number of the Heap environment that your data goes to, such as 12343283. Find it in Heap under Account > Manage > Projects.',
    type: 'STRING',
    required: true,
    sensitive: false
  },
  {
    name: 'region',
    label: 'Data Region',
    description: 'Where Heap stores your data: US or EU. If left empty, data goes to the US.',
    type: 'STRING',
    required: false,
    sensitive: false
  },
  {
    name: 'apiKey',
    label: 'API Key',
    description:
      'Needed only to delete people from Heap when Segment asks for it (GDPR, CCPA). Find it in Heap under Account > Manage > Privacy & Security. The App ID must then be that of your Main Production environment. If left empty, nobody is deleted.',
    type: 'STRING',
    required: false,
    sensitive: true
  }
]
