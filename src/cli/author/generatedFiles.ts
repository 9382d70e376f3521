import path from 'node:path'
import { fieldsToJsonSchema } from '@segment/actions-core'
import type { GlobalSetting, InputField, MinimalInputField } from '@segment/actions-core'
import type { JSONSchema } from 'json-schema-to-typescript'
import { settingsOf } from '../engine/definition'
import type { Definition } from '../engine/definition'

const BANNER = '// Generated file. DO NOT MODIFY IT BY HAND.'

/** How action-destinations formats its code. */
const STYLE = { semi: false, singleQuote: true, printWidth: 120, trailingComma: 'none' } as const

type Action = Definition['actions'][string] & { performBatch?: unknown }
type Preset = NonNullable<Definition['presets']>[number]

/**
 * Everything that follows from a destination's definition, as the generators of action-destinations write it, to the byte
 * (`generate:types` and `generate:metadata-payload`, whose results its pull-request checks compare).
 *
 * @param directory the destination's own folder
 * @returns the text of each file by its path: the types of the settings and of each action's payload, and metadata.json
 */
export async function generateFiles(definition: Definition, directory: string): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  files.set(path.join(directory, 'generated-types.ts'), await typesOf('Settings', settingsOf(definition)))
  for (const [slug, action] of Object.entries(definition.actions)) {
    files.set(path.join(directory, slug, 'generated-types.ts'), await typesOf('Payload', action.fields))
  }
  files.set(path.join(directory, 'metadata.json'), `${JSON.stringify(metadataOf(definition), null, 2)}\n`)
  return files
}

async function typesOf(name: string, fields: Record<string, MinimalInputField>): Promise<string> {
  // It takes longer to load than everything else that a command needs.
  const { compile } = await import('json-schema-to-typescript')
  return compile(schemaOf(fields), name, { bannerComment: BANNER, style: STYLE })
}

/** The schema of the types: every choice is the text it is, as action-destinations types it. */
export function schemaOf(fields: Record<string, MinimalInputField>): JSONSchema {
  return plain(fieldsToJsonSchema(fields, { tsType: true }))
}

/** A title would become a type of its own, named after the label. */
function plain({ title: _title, enum: _choices, ...schema }: JSONSchema): JSONSchema {
  const { properties, items } = schema
  return {
    ...schema,
    ...(properties && { properties: mapValues(properties, plain) }),
    ...(items && !Array.isArray(items) && { items: plain(items) })
  }
}

/** What action-destinations makes public of a definition. It leaves out a key without a value, such as the description. */
export function metadataOf(definition: Definition) {
  const { slug, name, mode, description, actions, presets = [] } = definition
  return {
    slug,
    name,
    mode,
    description,
    authentication: { scheme: 'custom', fields: mapValues(settingsOf(definition), settingOf) },
    audienceConfig: null,
    actions: mapValues(actions, actionOf),
    presets: presets.map(presetOf)
  }
}

function settingOf(setting: GlobalSetting) {
  return {
    label: setting.label,
    description: setting.description,
    type: setting.type,
    required: setting.required ?? false,
    multiple: setting.multiple ?? false,
    choices: choicesOf(setting.choices),
    default: setting.default ?? null,
    depends_on: setting.depends_on ?? null
  }
}

function actionOf(action: Action) {
  return {
    title: action.title,
    description: action.description,
    platform: action.platform ?? 'cloud',
    defaultSubscription: action.defaultSubscription ?? null,
    hidden: action.hidden ?? false,
    hasPerformBatch: action.performBatch !== undefined,
    // No action of Heap has these three.
    syncMode: null,
    hooks: null,
    dynamicFields: null,
    fields: mapValues(action.fields, fieldOf)
  }
}

interface FieldMetadata {
  properties: Record<string, FieldMetadata> | null
  [key: string]: unknown
}

function fieldOf(field: InputField): FieldMetadata {
  return {
    label: field.label,
    description: field.description,
    type: field.type,
    required: field.required ?? false,
    multiple: field.multiple ?? false,
    allowNull: field.allowNull ?? false,
    dynamic: field.dynamic ?? false,
    default: field.default ?? null,
    choices: choicesOf(field.choices),
    placeholder: field.placeholder ?? null,
    properties: field.properties ? mapValues(field.properties as Record<string, InputField>, fieldOf) : null,
    category: field.category ?? null,
    depends_on: field.depends_on ?? null,
    readOnly: field.readOnly ?? null,
    hidden: field.unsafe_hidden ?? null,
    minimum: field.minimum ?? null,
    maximum: field.maximum ?? null,
    defaultObjectUI: field.defaultObjectUI ?? null,
    disabledInputMethods: field.disabledInputMethods ?? null,
    displayMode: field.displayMode ?? null,
    format: field.format ?? null,
    additionalProperties: field.additionalProperties ?? false
  }
}

function choicesOf(choices: InputField['choices'] | GlobalSetting['choices']) {
  if (!choices?.length) return null
  return choices.map((choice) => (typeof choice === 'object' ? choice : { label: choice, value: choice }))
}

function presetOf(preset: Preset) {
  const { name, type, partnerAction, mapping } = preset
  return {
    name,
    type,
    partnerAction,
    ...(type === 'automatic' && { subscribe: preset.subscribe }),
    mapping: mapping ?? {},
    eventSlug: type === 'automatic' ? null : preset.eventSlug
  }
}

function mapValues<From, To>(record: Record<string, From>, to: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, to(value)]))
}
