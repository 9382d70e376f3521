import path from 'node:path'
import { fieldsToJsonSchema } from '@segment/actions-core'
import type { DestinationDefinition, GlobalSetting, InputField, MinimalInputField } from '@segment/actions-core'
import { settingsOf } from '../engine/definition'
import type { Definition } from '../engine/definition'

const BANNER = '// Generated file. DO NOT MODIFY IT BY HAND.'

/** How action-destinations formats its code. */
const STYLE = { semi: false, singleQuote: true, printWidth: 120, trailingComma: 'none' } as const

/** What the public schema says of every field; a key that a field does not have is `null` there. */
const FIELD_KEYS = [
  'label',
  'description',
  'type',
  'required',
  'default',
  'choices',
  'multiple',
  'allowNull',
  'additionalProperties',
  'properties',
  'format',
  'minimum',
  'maximum',
  'placeholder',
  'dynamic',
  'defaultObjectUI',
  'unsafe_hidden',
  'readOnly',
  'depends_on',
  'category',
  'displayMode',
  'disabledInputMethods'
] as const

/**
 * Everything that is derived from a destination's definition: the types of its settings and of each action's payload, and
 * its public schema.
 *
 * @param directory the destination's own folder
 * @returns the text of each file by its path
 */
export async function generateFiles<Settings>(
  definition: DestinationDefinition<Settings>,
  directory: string
): Promise<Map<string, string>> {
  const files = await generateTypes(definition, directory)
  files.set(path.join(directory, 'metadata.json'), `${JSON.stringify(metadataOf(definition), null, 2)}\n`)
  return files
}

/** The types of {@link generateFiles} alone. */
export async function generateTypes(definition: Definition, directory: string): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  files.set(path.join(directory, 'generated-types.ts'), await typesOf('Settings', settingsOf(definition)))
  for (const [slug, action] of Object.entries(definition.actions)) {
    files.set(path.join(directory, slug, 'generated-types.ts'), await typesOf('Payload', action.fields))
  }
  return files
}

async function typesOf(name: string, fields: Record<string, MinimalInputField>): Promise<string> {
  const schema = fieldsToJsonSchema(fields, { tsType: true })
  // It takes longer to load than all else that a command needs.
  const { compile } = await import('json-schema-to-typescript')
  // A title would become a type of its own, named after the label.
  for (const property of Object.values(schema.properties ?? {})) delete property.title
  return compile(schema, name, { bannerComment: BANNER, style: STYLE })
}

function metadataOf<Settings>(definition: DestinationDefinition<Settings>) {
  const { slug, name, mode, description, authentication, actions, presets } = definition
  return {
    slug: slug ?? null,
    name,
    mode,
    description: description ?? null,
    authentication: authentication ? { scheme: authentication.scheme, fields: mapFields(authentication.fields) } : null,
    actions: Object.fromEntries(
      Object.entries(actions).map(([key, action]) => [
        key,
        {
          title: action.title,
          description: action.description,
          platform: action.platform ?? null,
          defaultSubscription: action.defaultSubscription ?? null,
          hidden: action.hidden ?? null,
          syncMode: action.syncMode ?? null,
          fields: mapFields(action.fields)
        }
      ])
    ),
    presets: presets ?? null
  }
}

function mapFields(fields: Record<string, InputField | GlobalSetting>) {
  return Object.fromEntries(
    Object.entries(fields).map(([key, field]: [string, Partial<Record<(typeof FIELD_KEYS)[number], unknown>>]) => [
      key,
      Object.fromEntries(FIELD_KEYS.map((name) => [name, field[name] ?? null]))
    ])
  )
}
