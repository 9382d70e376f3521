import { HeapEmulator } from '..'
import { ADD_USER_PROPERTIES, APP_ID, event, events, INTEGRATIONS_TRACK, refused, send, STORED } from './requests'
import { TRACK, user } from './requests'

let heap: HeapEmulator
beforeEach(() => {
  heap = new HeapEmulator()
})

const ACCOUNTS = '/api/add_account_properties'
const account = (account_id: string, properties: object = {}) => ({ app_id: APP_ID, account_id, properties })

const PLACES: [place: string, path: string, body: (text: string) => object][] = [
  ['library', INTEGRATIONS_TRACK, (library) => ({ ...events(event()), library })],
  ['events[0].event', INTEGRATIONS_TRACK, (name) => events(event({ event: name }))],
  ['events[0].idempotency_key', INTEGRATIONS_TRACK, (key) => events(event({ idempotency_key: `message-${key}` }))],
  ...['identity', 'anonymous_id', 'email'].map((key): (typeof PLACES)[number] => [
    `events[0].user_identifier.${key}`,
    INTEGRATIONS_TRACK,
    (id) => events(event({ user_identifier: { [key]: id } }))
  ]),
  ['events[0].custom_properties.note', INTEGRATIONS_TRACK, (note) => events(event({ custom_properties: { note } }))],
  ['event', TRACK, (name) => ({ app_id: APP_ID, identity: 'alice', event: name })],
  ['session_id', TRACK, (session_id) => ({ app_id: APP_ID, identity: 'alice', event: 'Opened', session_id })],
  ['properties.note', TRACK, (note) => ({ app_id: APP_ID, identity: 'alice', event: 'Opened', properties: { note } })],
  ['identity', ADD_USER_PROPERTIES, (identity) => user(identity)],
  ['properties.name', ADD_USER_PROPERTIES, (name) => user('alice', { name })],
  ['properties.names', ADD_USER_PROPERTIES, (name) => user('alice', { names: [1, name, 'whole'] })],
  ['account_id', ACCOUNTS, (id) => account(id)],
  ['properties.name', ACCOUNTS, (name) => account('acme', { name })]
]

const UNSTORABLE: [text: string, what: string][] = [
  ['before\0after', 'NUL (U+0000)'],
  ['at the end\0', 'NUL (U+0000)'],
  ['\0\ud83d', 'NUL (U+0000)'],
  ['half of an emoji \ud83d', 'half of a surrogate pair (U+D83D)'],
  ['\ude00 its other half', 'half of a surrogate pair (U+DE00)'],
  ['\ude00\ud83d', 'half of a surrogate pair (U+DE00)'],
  ['\ud83d\ud83d\ude00', 'half of a surrogate pair (U+D83D)']
]

it.each(UNSTORABLE)('a text that cannot be stored is refused everywhere: %j', async (text, what) => {
  for (const [place, path, bodyOf] of PLACES) {
    expect(await send(heap, path, bodyOf(text))).toEqual(refused(`${place} holds ${what}, which cannot be stored`))
  }
  expect(heap.snapshot()).toEqual([])
})

it('any other character is taken everywhere', async () => {
  const text = '\u0001\u001b\u007f ü 😀👩‍👩‍👧 \uffff\ufffd'
  for (const [, path, bodyOf] of PLACES) expect(await send(heap, path, bodyOf(text))).toEqual(STORED)
})

it('is refused as the key of a property too', async () => {
  const keyed = (key: string) => events(event({ custom_properties: { [key]: 'x' } }))
  expect(await send(heap, INTEGRATIONS_TRACK, keyed('cut \ud83d'))).toEqual(
    refused(
      'events[0].custom_properties has the key "cut \\ud83d", which holds half of a surrogate pair (U+D83D), which cannot be stored'
    )
  )
  for (const [path, body] of [
    [ADD_USER_PROPERTIES, user('alice', { 'a\0': 1 })],
    [ACCOUNTS, account('acme', { 'a\0': 1 })],
    [TRACK, { app_id: APP_ID, identity: 'alice', event: 'Opened', properties: { 'a\0': 1 } }]
  ] as const) {
    expect(await send(heap, path, body)).toEqual(
      refused('properties has the key "a\\u0000", which holds NUL (U+0000), which cannot be stored')
    )
  }
  expect(await send(heap, INTEGRATIONS_TRACK, keyed('😀'))).toEqual(STORED)
})
