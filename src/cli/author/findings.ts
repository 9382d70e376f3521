import type { GlobalSetting } from '@segment/actions-core'
import { settingsOf } from '../engine/definition'
import type { Definition } from '../engine/definition'
import { fqlProblems, problemsOf } from '../engine/subscriptions'

/** A setting with such a key or label holds what only its owner may see. */
const SECRET = /secret|token|password|passphrase|credential|private|api[\s_-]?key|access[\s_-]?key/i

/**
 * What is wrong with a destination's definition, a line each, as actions-cli's validate and its check for secrets look for:
 * presets and subscriptions that cannot work, missing texts, and secrets that Segment would show.
 */
export function findingsOf(definition: Definition): string[] {
  const { name, description, actions, presets = [] } = definition
  return [
    ...described(`The destination ${name}`, { label: name, description }),
    ...Object.entries(settingsOf(definition)).flatMap(([key, setting]) => settingFindings(key, setting)),
    ...Object.entries(actions).flatMap(([slug, action]) => [
      ...described(`The action ${slug}`, { label: action.title, description: action.description }),
      ...(action.defaultSubscription === undefined
        ? []
        : fqlProblems(action.defaultSubscription, `The action ${slug}`)),
      ...Object.entries(action.fields).flatMap(([key, field]) => described(`The field ${slug}.${key}`, field))
    ]),
    ...presets.flatMap((preset) => {
      const title = `The preset ${JSON.stringify(preset.name)}`
      // A preset for an event of Segment's own has no condition.
      return problemsOf(
        preset.type === 'automatic' ? preset : { ...preset, subscribe: 'type = "track"' },
        title,
        definition
      )
    })
  ]
}

function settingFindings(key: string, setting: GlobalSetting): string[] {
  const title = `The setting ${key}`
  const isOpen = SECRET.test(`${key} ${setting.label}`) && setting.type !== 'password'
  return [
    ...described(title, setting),
    ...(isOpen ? [`${title} looks like a secret; its type must be "password", not "${setting.type}".`] : [])
  ]
}

function described(title: string, { label, description }: { label?: string; description?: string }): string[] {
  return [
    ...(label?.trim() ? [] : [`${title} has no label.`]),
    ...(description?.trim() ? [] : [`${title} has no description.`])
  ]
}
