import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import heap from '../../../destinations/heap'
import { UsageError } from '../../usageError'
import { activeSubscriptions, presetSubscriptions, readSubscriptions } from '../subscriptions'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'subscriptions-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function readMappings(text: string) {
  const file = path.join(folder, 'mappings.json')
  writeFileSync(file, text)
  return readSubscriptions(file, heap)
}

describe('activeSubscriptions', () => {
  it('gives those that are on, of which there must be one', () => {
    const file = path.join(folder, 'mappings.json')
    const on = { partnerAction: 'trackEvent', subscribe: 'type = "track"', mapping: { event: 'x' } }
    const off = { ...on, enabled: false }
    writeFileSync(file, JSON.stringify([off, on]))
    const active = (name?: string) => activeSubscriptions(name, heap, () => undefined)
    expect(active(file)).toStrictEqual([on])
    writeFileSync(file, JSON.stringify([off, off]))
    expect(() => active(file)).toThrow(new UsageError(`${file}: every subscription is switched off.`))
    expect(active()).toStrictEqual(presetSubscriptions(heap))
  })
})

describe('readSubscriptions', () => {
  it('gives all of them, whatever those that are off hold', () => {
    const subscription = { partnerAction: 'trackEvent', subscribe: 'type = "track"', mapping: { event: 'x' } }
    const off = { partnerAction: 'no more', enabled: false }
    expect(readMappings(`\uFEFF${JSON.stringify({ subscriptions: [off, subscription] })}`)).toStrictEqual([
      off,
      subscription
    ])
  })

  it.each(['latin1', 'utf16le'] as const)('refuses what is written in %s, whose letters would be lost', (encoding) => {
    const file = path.join(folder, 'mappings.json')
    const subscription = { partnerAction: 'trackEvent', subscribe: 'type = "track"', mapping: { event: 'été' } }
    writeFileSync(file, `${encoding === 'latin1' ? '' : '\uFEFF'}${JSON.stringify([subscription])}`, encoding)
    expect(() => readSubscriptions(file, heap)).toThrow(`${file} is not UTF-8. Save it as UTF-8.`)
  })

  it.each([
    ['flatten_by_index', 'flatten'],
    ['stringify', 'flatten_objects']
  ])('takes array_handling %s for nested_properties_mode %s, and says so', (before, now) => {
    const subscription = { partnerAction: 'trackEvent', subscribe: 'type = "track"' }
    const file = path.join(folder, 'mappings.json')
    writeFileSync(file, JSON.stringify([{ ...subscription, mapping: { event: 'x', array_handling: before } }]))
    const notes: string[] = []
    const read = readSubscriptions(file, heap, (note) => notes.push(note))
    expect(read).toStrictEqual([{ ...subscription, mapping: { event: 'x', nested_properties_mode: now } }])
    expect(notes).toStrictEqual([
      `${file}: Subscription 1: array_handling is now nested_properties_mode, and "${before}" is "${now}".`
    ])
  })

  it.each([
    ['no JSON', 'mappings.json:1 is not JSON: invalid symbol.'],
    ['{}', 'must hold a list of subscriptions, each with "partnerAction", "subscribe" and "mapping".'],
    [
      '[{"partnerAction":"sendEvent","subscribe":"(type"}]',
      'Subscription 1 subscribes with "(type", which is not FQL. Segment finds no condition in it. Subscription 1 names the action "sendEvent", which does not exist; the actions are trackEvent, identifyUser, updateAccount. Subscription 1 is of sendEvent, and its field "type" is mapped to something that may differ from event to event.'
    ],
    [
      '{"subscriptions":[{"partnerAction":"trackEvent","subscribe":"type = \\"track\\"","mapping":{"evnt":"x"}}]}',
      'Subscription 1 maps the field "evnt", which trackEvent does not have.'
    ],
    [
      '[{"partnerAction":"trackEvent","subscribe":"type = \\"trak\\"","mapping":[]}]',
      'Subscription 1 subscribes with "type = \\"trak\\"". Segment reads it as type = "trak": no event has the type "trak"; the types are track, identify, page, screen, group, alias. Subscription 1 has a "mapping" that is not an object.'
    ]
  ])('refuses mappings that cannot work: %s', (text, message) => {
    expect(() => readMappings(text)).toThrow(message)
  })
})
