import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { ROOT, runNode } from '../../__tests__/run'
import type { Definition } from '../../engine/definition'
import { metadataOf, schemaOf } from '../generatedFiles'

describe('heap-destination generate where the definition has changed', () => {
  const action = 'src/destinations/heap/trackEvent/index.ts'
  let copy: string

  beforeEach(async () => {
    copy = await mkdtemp(path.join(tmpdir(), 'generate-'))
    await symlink(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'))
    for (const folder of ['bin', 'src', 'package.json'])
      await cp(path.join(ROOT, folder), path.join(copy, folder), { recursive: true })
    const text = await readFile(path.join(copy, action), 'utf8')
    await writeFile(path.join(copy, action), text.replace("label: 'Message ID',", "label: 'Changed', multiple: true,"))
  })
  afterEach(() => rm(copy, { recursive: true }))

  it('says what is stale, and writes it', async () => {
    const types = 'src/destinations/heap/trackEvent/generated-types.ts'
    const metadata = 'src/destinations/heap/metadata.json'
    const stale = await runNode(['bin/heap-destination.js', ...['generate', '--check']], { cwd: copy })
    expect(stale).toStrictEqual({
      status: 1,
      output: `Stale: ${types}\nStale: ${metadata}\nRun npm run generate and commit what it writes.\n`,
      errors: ''
    })
    const written = await runNode(['bin/heap-destination.js', ...['generate']], { cwd: copy })
    expect(written).toStrictEqual({ status: 0, output: `Wrote: ${types}\nWrote: ${metadata}\n`, errors: '' })
    expect(await readFile(path.join(copy, types), 'utf8')).toContain('message_id: string[]')
    const fresh = await runNode(['bin/heap-destination.js', ...['generate', '--check']], { cwd: copy })
    expect(fresh).toStrictEqual({ status: 0, output: 'Every generated file is up to date.\n', errors: '' })
  })
})

describe('what follows from a definition, as the generators of action-destinations write it', () => {
  const definition: Definition = {
    name: 'Odd',
    slug: 'actions-odd',
    mode: 'device',
    settings: {
      apiKey: { label: 'API Key', description: 'The key.', type: 'password', required: true },
      region: {
        label: 'Region',
        description: 'Where.',
        type: 'string',
        choices: [{ label: 'Here', value: 'here' }],
        default: 'here',
        depends_on: { conditions: [{ fieldKey: 'apiKey', operator: 'is_not', value: '' }] }
      }
    },
    presets: [
      { name: 'All', type: 'automatic', subscribe: 'type = "track"', partnerAction: 'send', mapping: { kind: 'a' } },
      { name: 'One', type: 'specificEvent', eventSlug: 'journeys_step_entered_track', partnerAction: 'send' }
    ],
    actions: {
      send: {
        title: 'Send',
        description: 'Sends it.',
        platform: 'web',
        hidden: true,
        fields: {
          kind: {
            label: 'Kind',
            description: 'One of two.',
            type: 'string',
            choices: ['a', 'b'],
            required: { conditions: [{ fieldKey: 'items', operator: 'is', value: undefined }] }
          },
          items: {
            label: 'Items',
            description: 'All of them.',
            type: 'object',
            multiple: true,
            additionalProperties: true,
            defaultObjectUI: 'arrayeditor',
            properties: { size: { label: 'Size', type: 'string', choices: [{ label: 'Large', value: 'L' }] } }
          },
          batch_size: {
            label: 'Batch Size',
            description: 'How many.',
            type: 'number',
            minimum: 1,
            maximum: 10,
            unsafe_hidden: true
          }
        }
      }
    }
  }

  const absent = {
    required: false,
    multiple: false,
    allowNull: false,
    dynamic: false,
    default: null,
    choices: null,
    placeholder: null,
    properties: null,
    category: null,
    depends_on: null,
    readOnly: null,
    hidden: null,
    minimum: null,
    maximum: null,
    defaultObjectUI: null,
    disabledInputMethods: null,
    displayMode: null,
    format: null,
    additionalProperties: false
  }

  it('gives every key of the metadata in their order', () => {
    const expected = {
      slug: 'actions-odd',
      name: 'Odd',
      mode: 'device',
      authentication: {
        scheme: 'custom',
        fields: {
          apiKey: {
            label: 'API Key',
            description: 'The key.',
            type: 'password',
            required: true,
            multiple: false,
            choices: null,
            default: null,
            depends_on: null
          },
          region: {
            label: 'Region',
            description: 'Where.',
            type: 'string',
            required: false,
            multiple: false,
            choices: [{ label: 'Here', value: 'here' }],
            default: 'here',
            depends_on: { conditions: [{ fieldKey: 'apiKey', operator: 'is_not', value: '' }] }
          }
        }
      },
      audienceConfig: null,
      actions: {
        send: {
          title: 'Send',
          description: 'Sends it.',
          platform: 'web',
          defaultSubscription: null,
          hidden: true,
          hasPerformBatch: false,
          syncMode: null,
          hooks: null,
          dynamicFields: null,
          fields: {
            kind: {
              label: 'Kind',
              description: 'One of two.',
              type: 'string',
              ...absent,
              required: { conditions: [{ fieldKey: 'items', operator: 'is' }] },
              choices: [
                { label: 'a', value: 'a' },
                { label: 'b', value: 'b' }
              ]
            },
            items: {
              label: 'Items',
              description: 'All of them.',
              type: 'object',
              ...absent,
              multiple: true,
              properties: {
                size: { label: 'Size', type: 'string', ...absent, choices: [{ label: 'Large', value: 'L' }] }
              },
              defaultObjectUI: 'arrayeditor',
              additionalProperties: true
            },
            batch_size: {
              label: 'Batch Size',
              description: 'How many.',
              type: 'number',
              ...absent,
              hidden: true,
              minimum: 1,
              maximum: 10
            }
          }
        }
      },
      presets: [
        {
          name: 'All',
          type: 'automatic',
          partnerAction: 'send',
          subscribe: 'type = "track"',
          mapping: { kind: 'a' },
          eventSlug: null
        },
        {
          name: 'One',
          type: 'specificEvent',
          partnerAction: 'send',
          mapping: {},
          eventSlug: 'journeys_step_entered_track'
        }
      ]
    }
    expect(JSON.stringify(metadataOf(definition), null, 2)).toBe(JSON.stringify(expected, null, 2))
  })

  it('types a choice as the text it is, at every depth', () => {
    const { properties } = schemaOf(definition.actions.send.fields)
    expect(properties).toMatchObject({
      kind: { type: 'string' },
      items: { type: 'array', items: { type: 'object', properties: { size: { type: 'string' } } } }
    })
    expect(JSON.stringify(properties)).not.toMatch(/"(enum|title)":/)
  })
})
