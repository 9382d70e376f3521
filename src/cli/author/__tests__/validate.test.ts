import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { DestinationDefinition } from '@segment/actions-core'
import heap from '../../../destinations/heap'
import type { Settings } from '../../../destinations/heap/generated-types'
import { findingsOf } from '../findings'
import { COMMAND_FROM_SOURCE, ROOT, runNode } from '../../__tests__/run'

type Definition = DestinationDefinition<Settings>

const { trackEvent } = heap.actions
const [preset] = heap.presets ?? []

function withSetting(key: string, setting: object): Definition {
  const { authentication } = heap
  if (!authentication) throw new Error('There are no settings.')
  return { ...heap, authentication: { ...authentication, fields: { [key]: setting } } } as Definition
}

function withAction(more: object): Definition {
  return { ...heap, actions: { ...heap.actions, trackEvent: { ...trackEvent, ...more } } }
}

function withPreset(more: object): Definition {
  return { ...heap, presets: [{ ...preset, ...more }] }
}

describe('heap-destination validate', () => {
  it('finds nothing wrong with the destination', async () => {
    expect(await runNode([COMMAND_FROM_SOURCE, 'validate'])).toStrictEqual({
      status: 0,
      output: 'The definition is sound, and every generated file is up to date.\n',
      errors: ''
    })
  })

  it.each<[string, Definition, string]>([
    [
      'a preset of an unknown action',
      withPreset({ partnerAction: 'sendEvent' }),
      'The preset "Track Calls" names the action "sendEvent", which does not exist; the actions are trackEvent, identifyUser, updateAccount.'
    ],
    [
      'a preset of an unknown field',
      withPreset({ mapping: { evnt: 'x' } }),
      'The preset "Track Calls" maps the field "evnt", which trackEvent does not have.'
    ],
    [
      'a preset for an event of Segment with an unknown field',
      withPreset({
        type: 'specificEvent',
        subscribe: undefined,
        eventSlug: 'warehouse_entity_added_track',
        mapping: { evnt: 'x' }
      }),
      'The preset "Track Calls" maps the field "evnt", which trackEvent does not have.'
    ],
    [
      'a preset with a directive that cannot work',
      withPreset({ mapping: { event: { '@path': 5 } } }),
      'The preset "Track Calls" has a mapping in which /event/@path should be a string or a mapping directive but it is a number.'
    ],
    [
      'a preset that takes no event there is',
      withPreset({ subscribe: 'type == "track" or type = "page"' }),
      'The preset "Track Calls" subscribes with "type == \\"track\\" or type = \\"page\\"". Segment reads it as type = "=" or type = "page": no event has the type "="; the types are track, identify, page, screen, group, alias.'
    ],
    [
      'a preset whose FQL does not parse',
      withPreset({ subscribe: '(type = "track"' }),
      'The preset "Track Calls" subscribes with "(type = \\"track\\"", which is not FQL. Segment finds no condition in it.'
    ],
    [
      'a default subscription that does not parse',
      withAction({ defaultSubscription: 'type' }),
      'The action trackEvent subscribes with "type", which is not FQL. Segment finds no condition in it.'
    ],
    ['a destination without description', { ...heap, description: ' ' }, 'The destination Heap has no description.'],
    ['an action without description', withAction({ description: '' }), 'The action trackEvent has no description.'],
    [
      'a field without description',
      withAction({ fields: { ...trackEvent.fields, event: { ...trackEvent.fields.event, description: '' } } }),
      'The field trackEvent.event has no description.'
    ],
    [
      'a field with an empty label',
      withAction({ fields: { ...trackEvent.fields, event: { ...trackEvent.fields.event, label: '' } } }),
      'The field trackEvent.event has no label.'
    ],
    [
      'a setting without description',
      withSetting('appId', { label: 'App ID', type: 'string' }),
      'The setting appId has no description.'
    ],
    ...['apiKey', 'clientSecret', 'access_token', 'password'].map((key): [string, Definition, string] => [
      `a ${key} that is not hidden`,
      withSetting(key, { label: 'It', description: 'It.', type: 'string' }),
      `The setting ${key} looks like a secret; its type must be "password", not "string".`
    ]),
    [
      'a secret by its label',
      withSetting('key', { label: 'API Key', description: 'It.', type: 'string' }),
      'The setting key looks like a secret; its type must be "password", not "string".'
    ]
  ])('finds %s', (_what, definition, finding) => {
    expect(findingsOf(definition)).toStrictEqual([finding])
  })

  it('finds generated files that are stale, and says which destination is wrong', async () => {
    const root = mkdtempSync(path.join(tmpdir(), 'validate-'))
    try {
      for (const name of ['bin', 'src', 'package.json']) {
        cpSync(path.join(ROOT, name), path.join(root, name), { recursive: true })
      }
      symlinkSync(path.join(ROOT, 'node_modules'), path.join(root, 'node_modules'))
      const inTheBrowser = path.join(root, 'src/browser-destinations/heap')
      appendFileSync(path.join(root, 'src/destinations/heap/trackEvent/generated-types.ts'), '\n// by hand\n')
      appendFileSync(path.join(inTheBrowser, 'generated-types.ts'), '\n// by hand\n')
      const definition = readFileSync(path.join(inTheBrowser, 'index.ts'), 'utf8')
      writeFileSync(path.join(inTheBrowser, 'index.ts'), definition.replace(`'type = "track"'`, `'type = track"'`))
      const { status, output } = await runNode(['bin/heap-destination.js', 'validate'], { cwd: root })
      expect({ status, output }).toStrictEqual({
        status: 1,
        output:
          'actions-heap-web: The preset "Track Event" subscribes with "type = track\\"", which is not FQL. Segment finds no condition in it.\n' +
          'src/destinations/heap/trackEvent/generated-types.ts is stale: run npm run generate.\n' +
          'src/browser-destinations/heap/generated-types.ts is stale: run npm run generate.\n' +
          'src/browser-destinations/heap/metadata.json is stale: run npm run generate.\n'
      })
    } finally {
      rmSync(root, { recursive: true })
    }
  })
})
