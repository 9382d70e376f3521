import type {
  ActionDefinition,
  DestinationDefinition,
  GlobalSetting,
  InputField,
  JSONObject
} from '@segment/actions-core'
import Chance from 'chance'

/**
 * Values for a test of an action: the same for the same seed, and the same that action-destinations' own module of this path
 * gives, so that a snapshot test of the destination's folder says the same here and there.
 *
 * @param seedName what the values follow from
 * @param isRequiredOnly leaves out all fields but the required ones and those whose name holds "id" or "consent"
 * @returns a value for each field of the action, and one for each setting of the destination
 */
export function generateTestData<Settings, Payload>(
  seedName: string,
  destination: DestinationDefinition<Settings>,
  action: ActionDefinition<Settings, Payload>,
  isRequiredOnly: boolean
): [eventData: JSONObject, settings: Settings] {
  const settings = Object.entries(destination.authentication?.fields ?? {}).map(([key, { type }]) => {
    return [key, valueOf({ type }, key, seedName)]
  })
  const fields = Object.entries(action.fields).filter(([key, { required }]) => {
    return !isRequiredOnly || required || key.includes('id') || key.includes('consent')
  })
  const event = fields.map(([key, field]) => {
    const value = valueOf(field, key, seedName)
    return [key, field.multiple ? [value] : value]
  })
  return [Object.fromEntries(event) as JSONObject, Object.fromEntries(settings) as Settings]
}

type Field = Pick<InputField | GlobalSetting, 'type' | 'choices'> & Pick<InputField, 'minimum' | 'maximum'>

/** Every field starts from the seed, so that a new field changes no other. */
function valueOf({ type, choices, minimum, maximum }: Field, key: string, seedName: string): JSONObject[string] {
  const chance = new Chance(seedName)
  if (choices) {
    const choice = chance.pickone<string | { value: string | number }>([...choices])
    return typeof choice === 'object' ? choice.value : choice
  }
  const value = anyOf(type, chance, minimum, maximum)
  return key === 'email' ? chance.email() : value
}

/** The types of field that Heap has. */
function anyOf(type: Field['type'], chance: Chance.Chance, min?: number, max?: number): JSONObject[string] {
  switch (type) {
    case 'boolean':
      return chance.bool()
    case 'datetime':
      return '2021-02-01T00:00:00.000Z'
    case 'number':
      return chance.floating({ min, max, fixed: 2 })
    case 'object':
      return { testType: chance.string() }
    default:
      return chance.string()
  }
}
