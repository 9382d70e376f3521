import { parse } from '@cdktf/hcl2json'
import type { JSONObject } from '@segment/actions-core'
import {
  assert,
  asyncProperty,
  dictionary,
  jsonValue,
  option,
  record,
  string,
  boolean,
  array,
  constantFrom
} from 'fast-check'
import heap from '../../../destinations/heap'
import { importMappings, sendEventAs, toJson, toPublicApi, toTerraform } from '../mappingFormats'
import type { Subscription } from '../subscriptions'
import { presetSubscriptions } from '../subscriptions'

const PRESETS = presetSubscriptions(heap).map(({ name, partnerAction, subscribe, mapping }) => ({
  name,
  enabled: true,
  partnerAction,
  subscribe,
  mapping
}))

interface Hcl {
  resource: {
    segment_destination_subscription: Record<
      string,
      { name: string; enabled: boolean; trigger: string; action_id: string; settings: string }[]
    >
  }
}

/** What Terraform would make of a file: `terraform show -json` of the state that it leads to. */
async function shownByTerraform(hcl: string): Promise<object> {
  const { resource } = (await parse('main.tf', hcl)) as Hcl
  const actions = Object.keys(heap.actions).map((slug, index) => ({ id: `action-${index}`, slug }))
  const resources = Object.entries(resource.segment_destination_subscription).map(([label, [values]]) => {
    const slug = /local\.heap_actions\["(.*)"\]/.exec(values.action_id)?.[1]
    return {
      address: `segment_destination_subscription.${label}`,
      mode: 'managed',
      type: 'segment_destination_subscription',
      values: {
        name: literal(values.name),
        enabled: values.enabled,
        trigger: literal(values.trigger),
        action_id: actions.find((action) => action.slug === slug)?.id,
        settings: JSON.stringify(settingsIn(values.settings))
      }
    }
  })
  const metadata = { mode: 'data', type: 'segment_destination_metadata', values: { actions } }
  return { format_version: '1.0', values: { root_module: { child_modules: [{ resources }], resources: [metadata] } } }
}

/** The parser leaves an expression as it is written, `${jsonencode(…)}`; an object of literals in it is near enough to JSON. */
function settingsIn(expression: string): unknown {
  const body = /^\$\{jsonencode\(([\s\S]*)\)\}$/.exec(expression)?.[1] ?? ''
  const json = body.replace(
    /("(?:[^"\\]|\\.)*")( = )?|\n/g,
    (found, text: string | undefined, is: string | undefined) => {
      if (text === undefined) return found
      return `${text.replace(/([$%])\1\{/g, '$1{')}${is ? ': ' : ''}`
    }
  )
  return JSON.parse(json.replace(/([^\s{[,])\n(?=\s*")/g, '$1,\n'))
}

function literal(text: string): string {
  return text.replace(/([$%])\1\{/g, '$1{')
}

describe('importMappings', () => {
  it('reads our own list, and what has it under subscriptions or data', () => {
    for (const form of [PRESETS, { subscriptions: PRESETS }, { data: { subscriptions: PRESETS } }]) {
      expect(importMappings(JSON.parse(toJson(form as never)))).toStrictEqual({ subscriptions: PRESETS, notes: [] })
    }
  })

  it('reads what the Public API answers, with a mapping that is off', () => {
    const off = [{ ...PRESETS[0], enabled: false }, PRESETS[1]]
    const answered = toPublicApi(off).map((body, index) => ({ id: `sub-${index}`, actionId: `a-${index}`, ...body }))
    expect(importMappings({ data: { subscriptions: answered } })).toStrictEqual({ subscriptions: off, notes: [] })
  })

  it('goes by the fields where an action is named by an ID alone, and says so', () => {
    const [{ name, enabled, subscribe, mapping }] = PRESETS
    const entry = { name, enabled, trigger: subscribe, settings: mapping, actionId: 'x1' }
    expect(importMappings({ data: { subscription: entry } })).toStrictEqual({
      subscriptions: [PRESETS[0]],
      notes: ['Subscription 1 names its action by an ID alone; going by its fields it is trackEvent.']
    })
    const unclear = importMappings([{ ...entry, settings: {} }])
    expect(unclear?.subscriptions).toMatchObject([{ partnerAction: 'x1' }])
  })

  it.each([[{}], ['text'], [null], [{ values: { root_module: {} } }], [{ data: {} }]])(
    'makes nothing of %j',
    (value) => {
      expect(importMappings(value)).toBeUndefined()
    }
  )

  it('leaves what is no mapping to be found fault with', () => {
    expect(importMappings([1, null])).toStrictEqual({ subscriptions: [1, null], notes: [] })
  })

  it('takes a resource of a Terraform plan once', () => {
    const values = { name: 'A', trigger: 'type = "track"', enabled: true, action_id: 'a', settings: '{"event":"x"}' }
    const resource = { address: 'a.b', type: 'segment_destination_subscription', values }
    const metadata = { type: 'segment_destination_metadata', values: { actions: [{ id: 'a', slug: 'trackEvent' }] } }
    const plan = {
      planned_values: { root_module: { resources: [resource] } },
      prior_state: { values: { root_module: { resources: [metadata, resource] } } }
    }
    expect(importMappings(plan)?.subscriptions).toStrictEqual([
      { name: 'A', enabled: true, partnerAction: 'trackEvent', subscribe: values.trigger, mapping: { event: 'x' } }
    ])
  })
})

describe('mappings of Segment’s other Heap destination', () => {
  const path = (place: string) => ({ '@path': place })
  const mapping = {
    message_id: path('$.messageId'),
    identity: path('$.userId'),
    anonymous_id: path('$.anonymousId'),
    user_id: path('$.context.heapId'),
    traits: path('$.traits'),
    event: path('$.event')
  }
  const entry = { name: 'Mine', enabled: true, partnerAction: 'sendEvent', subscribe: 'type = "track"' }

  it('become trackEvent for track, page and screen calls: their user_id is Heap’s own ID, and lists are flattened', () => {
    for (const type of ['track', 'page', 'screen']) {
      const { user_id, ...same } = mapping
      expect(importMappings([{ ...entry, mapping: { ...mapping, type } }])).toStrictEqual({
        subscriptions: [
          {
            ...entry,
            partnerAction: 'trackEvent',
            mapping: { ...same, type, heap_user_id: user_id, nested_properties_mode: 'flatten' }
          }
        ],
        notes: []
      })
    }
  })

  it('become identifyUser for identify calls: their identity is our user_id', () => {
    const theirs = { ...mapping, type: 'identify', nested_properties_mode: 'drop', extra: 1 }
    expect(importMappings([{ ...entry, mapping: theirs }])).toStrictEqual({
      subscriptions: [
        {
          ...entry,
          partnerAction: 'identifyUser',
          mapping: {
            user_id: mapping.identity,
            anonymous_id: mapping.anonymous_id,
            traits: mapping.traits,
            nested_properties_mode: 'drop'
          }
        }
      ],
      notes: ['Subscription 1: identifyUser has no extra; left out.']
    })
  })

  it('stay as they are where the type may differ from event to event, with a question', () => {
    const mapped = { ...entry, mapping: { ...mapping, type: path('$.type') } }
    const read = importMappings([mapped])
    expect(read?.subscriptions).toStrictEqual([mapped])
    expect(read?.notes).toStrictEqual([expect.stringContaining('Say whether it is for identify calls')])
    expect(sendEventAs('identifyUser', mapped, 'Subscription 1', [])).toMatchObject({
      partnerAction: 'identifyUser',
      mapping: { user_id: mapping.identity }
    })
  })
})

describe('toTerraform', () => {
  it('writes the presets so that Terraform leads to the same mappings', async () => {
    expect(importMappings(await shownByTerraform(toTerraform(PRESETS)))?.subscriptions).toStrictEqual(
      expect.arrayContaining(PRESETS)
    )
  })

  it('gives mappings of the same name, or none, labels of their own', async () => {
    const [one] = PRESETS
    const { resource } = (await parse(
      'main.tf',
      toTerraform([one, one, { ...one, name: '7 Äpfel' }, { ...one, name: '…' }])
    )) as Hcl
    expect(Object.keys(resource.segment_destination_subscription)).toStrictEqual([
      'mapping',
      'mapping_7_pfel',
      'track_calls',
      'track_calls_2'
    ])
  })

  it('keeps any name, trigger and mapping, whatever is in it', async () => {
    const hostile = constantFrom(
      '${env.SECRET}',
      '%{ if true }',
      '$${x}',
      '"\\',
      '\b\u0007',
      "'; \n}",
      '\ud83d\ude00',
      '</script>',
      '\r\n\t'
    )
    const anyText = array(string({ unit: 'grapheme', maxLength: 5 }), { maxLength: 2 }).chain((parts) =>
      // Terraform itself keeps text in Unicode's composed form (NFC).
      hostile.map((extra) => [...parts, extra].join('').normalize())
    )
    const value = jsonValue({ maxDepth: 3, stringUnit: 'grapheme' }).filter(
      (json) => !/e[+-]?\d|__proto__/.test(JSON.stringify(json))
    )
    const subscription = record({
      name: anyText,
      enabled: boolean(),
      partnerAction: constantFrom('trackEvent', 'identifyUser'),
      subscribe: anyText,
      mapping: dictionary(anyText, option(value, { nil: null }), { maxKeys: 3 })
    })
    await assert(
      asyncProperty(array(subscription, { minLength: 1, maxLength: 3 }), async (made) => {
        const subscriptions = made as (Subscription & { mapping: JSONObject })[]
        const read = importMappings(await shownByTerraform(toTerraform(subscriptions)))
        const byName = (list: unknown) => (list as Subscription[]).map((one) => JSON.stringify(one)).sort()
        expect(byName(read?.subscriptions)).toStrictEqual(byName(JSON.parse(JSON.stringify(subscriptions))))
      }),
      { numRuns: 40 }
    )
  })
})
