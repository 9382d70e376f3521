import { HeapEmulator } from '..'
import { ADD_USER_PROPERTIES, APP_ID, event, events, INTEGRATIONS_TRACK, refused, send, STORED } from './requests'
import { TRACK, user } from './requests'

const ACCOUNTS = '/api/add_account_properties'

let heap: HeapEmulator
beforeEach(() => {
  heap = new HeapEmulator()
})

/** Every place for an ID, and a request that has one there. */
const PLACES: [place: string, path: string, body: (id: string) => object][] = [
  [
    'events[0].user_identifier.identity',
    INTEGRATIONS_TRACK,
    (identity) => events(event({ user_identifier: { identity, anonymous_id: 'anon-1' } }))
  ],
  [
    'events[0].user_identifier.anonymous_id',
    INTEGRATIONS_TRACK,
    (anonymous_id) => events(event({ user_identifier: { identity: 'alice', anonymous_id } }))
  ],
  [
    'events[0].user_identifier.email',
    INTEGRATIONS_TRACK,
    (email) => events(event({ user_identifier: { anonymous_id: 'anon-1', email } }))
  ],
  ['identity', TRACK, (identity) => ({ app_id: APP_ID, event: 'Signed Up', identity })],
  ['events[0].identity', TRACK, (identity) => ({ app_id: APP_ID, events: [{ event: 'Signed Up', identity }] })],
  ['identity', ADD_USER_PROPERTIES, (identity) => user(identity)],
  ['users[0].identity', ADD_USER_PROPERTIES, (identity) => ({ app_id: APP_ID, users: [{ identity, properties: {} }] })],
  ['properties.anonymous_id', ADD_USER_PROPERTIES, (anonymous_id) => user('alice', { anonymous_id })],
  ['properties.account_id', ADD_USER_PROPERTIES, (account_id) => user('alice', { account_id })],
  ['account_id', ACCOUNTS, (account_id) => ({ app_id: APP_ID, account_id, properties: {} })],
  [
    'accounts[0].account_id',
    ACCOUNTS,
    (account_id) => ({ app_id: APP_ID, accounts: [{ account_id, properties: {} }] })
  ],
  ['identity', '/api/v1/identify', (identity) => ({ app_id: APP_ID, user_id: '7', identity })]
]

const WORDS = [
  ...['undefined', 'null', 'nil', 'none', 'nan', 'n/a', 'unknown', 'anonymous', 'not_authenticated', 'guest', 'user'],
  ...['true', 'false', '0', '-1', '00000000-0000-0000-0000-000000000000']
]

const DRESSED = [
  ...['NULL', 'NaN', 'None', 'Undefined', 'Not_Authenticated'],
  ...['  Guest\n', '\tnull\r\n', '\u00a0null\u3000', '\u0085undefined', '\u001fnull\u0007'],
  ...['\u200b', '\ufeff', '\u2060\u200d', ' ', '\u3164', '\ufe0f'],
  ...['undefined\u200b', '\u200enull\u200f', 'un\u00addefined', '\ufeffnull', 'nu\u2060ll'],
  ...['"null"', "'undefined'", '`nil`', '“none”', '‘none’', '«null»', '""null""', '\\"null\\"', '"\'null\'"'],
  ...['(null)', '<null>', '[null]', '{null}', '((null))', '<<null>>', '[[]]', '"(null)"', '( "null" )', '{ 0 }'],
  ...['{}', '[]', '()', '<>', '""', "''", '" "', '"\u200b"'],
  ...['[object Object]', '[object object]', '[object Promise]', '[object Null]', '[object]', '"[object Window]"'],
  ...['[object Object],[object Object]', '([object Object])'],
  ...[
    '{{ customer.id }}',
    '{{{ userId }}}',
    '{{user_id}}',
    '${user.id}',
    '#{user.id}',
    '<%= user.id %>',
    '%%USER_ID%%'
  ],
  ...['{% user %}', '*|EMAIL|*', '"{{ customer.id }}"', '${{ user }}', '{{first}}{{last}}', ' ${user.id}\u200b'],
  '{00000000-0000-0000-0000-000000000000}'
]

const SOMEBODY = [
  ...['user1', '00', '1', 'null@example.com', 'null-7', 'nullify', 'annul', 'Nulla', 'nan nan', 'n/ab', '-10'],
  ...['(ann)', '"ann"', "'7'", '<a@b.example>', '[7]', '{ann}', '(null', 'null)', '"null', '(null]', '(null)-7'],
  ...['a\u200db', 'nu ll', 'not authenticated', '👩‍👩‍👧', '\u{1f1f3}\u{1f1f4}', '.', '?', '-', '%'],
  ...['us$er', 'a{b}c', '100%', '%%', '50%%', '{{', '}}', '${', '%USER_ID%', '{{a}}-7', '7-${user}', '<%', 'a<%b%>'],
  ...['object Object', '[objective]', '[object Object] 7', 'my [object Object]', '00000000-0000-0000-0000-000000000001']
]

it.each([...WORDS, ...DRESSED])('an ID that names nobody is refused everywhere: %j', async (id) => {
  for (const [place, path, bodyOf] of PLACES) {
    expect(await send(heap, path, bodyOf(id))).toMatchObject({
      status: 400,
      body: expect.stringContaining(`"error":"${place} is `) as string
    })
  }
  expect(heap.snapshot()).toEqual([])
})

it.each(SOMEBODY)('an ID that names somebody is taken everywhere: %j', async (id) => {
  for (const [, path, bodyOf] of PLACES) expect(await send(heap, path, bodyOf(id))).toEqual(STORED)
})

it('the error says what is wrong with it, and what would happen', async () => {
  const message = (id: string) =>
    `identity is ${id}, which names nobody; everyone it is sent for would be merged into one`
  expect(await send(heap, ADD_USER_PROPERTIES, user('(Null)'))).toEqual(refused(message('"(Null)"')))
  expect(await send(heap, ADD_USER_PROPERTIES, user('null\u200b\t'))).toEqual(refused(message('"null\\u{200b}\\t"')))
})

it('sees a number that names nobody', async () => {
  expect(await send(heap, ADD_USER_PROPERTIES, user('alice', { anonymous_id: 0 }))).toMatchObject({ status: 400 })
  expect(await send(heap, ADD_USER_PROPERTIES, user('alice', { anonymous_id: 7 }))).toEqual(STORED)
})

it('is no concern of other properties, nor of Heap’s own IDs', async () => {
  expect(await send(heap, ADD_USER_PROPERTIES, user('alice', { plan: 'null', name: '{{ name }}' }))).toEqual(STORED)
  const identified = events(event({ user_identifier: { user_id: '0' }, custom_properties: { anonymous_id: 'null' } }))
  expect(await send(heap, INTEGRATIONS_TRACK, identified)).toEqual(STORED)
})

it.each([
  ['brackets', '('.repeat(500_000) + ')'.repeat(500_000)],
  ['template marks', '{{a}}'.repeat(200_000)],
  ['open template marks', '{{'.repeat(500_000)],
  ['spaces', `a${' '.repeat(1_000_000)}b`],
  ['invisible characters', `a${'\u200b'.repeat(1_000_000)}b`]
])('looks at a million %s in no time', async (_what, anonymous_id) => {
  expect(await send(heap, INTEGRATIONS_TRACK, events(event({ user_identifier: { anonymous_id } })))).toEqual(STORED)
})
