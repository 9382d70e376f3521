import { entriesOfAccounts, entriesOfMerges, entriesOfUsers } from '../entries'
import type { HeapUser } from '../wireTypes'

function user(identity: string, properties: Record<string, string>): HeapUser {
  return { identity, properties }
}

describe('entriesOfUsers', () => {
  it('are one a person, in which the later property wins', () => {
    const users = [user('alice', { plan: 'free', city: 'Berlin' }), user('bob', {}), user('alice', { plan: 'pro' })]
    expect(entriesOfUsers(users)).toStrictEqual({
      all: [user('alice', { plan: 'pro', city: 'Berlin' }), user('bob', {})],
      indices: [[0], [1], [0]]
    })
    expect(users[0].properties).toStrictEqual({ plan: 'free', city: 'Berlin' })
  })

  it('are one more for each other anonymous ID, in the order in which each was seen last', () => {
    const users = [
      user('alice', { anonymous_id: 'a1', plan: 'free' }),
      user('bob', { anonymous_id: 'b1' }),
      user('alice', { anonymous_id: 'a2', city: 'Berlin' }),
      user('alice', { anonymous_id: 'a3' }),
      user('alice', { plan: 'pro' }),
      user('alice', { anonymous_id: 'a1' }),
      user('bob', { anonymous_id: 'b1' })
    ]
    expect(entriesOfUsers(users)).toStrictEqual({
      all: [
        user('alice', { anonymous_id: 'a2' }),
        user('alice', { anonymous_id: 'a3' }),
        user('alice', { anonymous_id: 'a1', plan: 'pro', city: 'Berlin' }),
        user('bob', { anonymous_id: 'b1' })
      ],
      indices: [[2], [3], [0, 2], [1, 2], [2], [2], [3]]
    })
  })

  it('take __proto__ for data', () => {
    const odd = JSON.parse('{"__proto__":"p"}') as Record<string, string>
    const [{ properties }] = entriesOfUsers([user('alice', odd), user('alice', { plan: 'pro' })]).all
    expect(Object.entries(properties)).toStrictEqual([
      ['__proto__', 'p'],
      ['plan', 'pro']
    ])
  })

  it('let no count outlive the list that it was of', () => {
    const users = [
      user('alice', { tags: '["a"]', 'tags.omitted': '3', 'foods.omitted': '1', foods: '[]' }),
      user('alice', { tags: '["b"]' }),
      user('bob', { tags: '["b"]' }),
      user('bob', { tags: '["a"]', 'tags.omitted': '3' })
    ]
    expect(entriesOfUsers(users).all).toStrictEqual([
      user('alice', { tags: '["b"]', 'foods.omitted': '1', foods: '[]' }),
      user('bob', { tags: '["a"]', 'tags.omitted': '3' })
    ])
  })

  it.each([
    ['a word', { tags: '["a"]', 'tags.omitted': 'mine' }],
    ['a list', { tags: '["a"]', 'tags.omitted': '["gift wrap"]' }],
    ['a number, beside what is no list', { tags: 'none', 'tags.omitted': '3' }]
  ])('keep a property of the customer that is named like a count: %s', (_what, properties) => {
    const users = [user('alice', properties), user('alice', { tags: '["b"]' })]
    expect(entriesOfUsers(users).all).toStrictEqual([user('alice', { ...properties, tags: '["b"]' })])
  })

  it('are none for nobody', () => {
    expect(entriesOfUsers([])).toStrictEqual({ all: [], indices: [] })
  })
})

describe('entriesOfAccounts', () => {
  it('are one an account, in which the later property wins', () => {
    const accounts = ['free', 'pro'].map((plan) => ({ account_id: 'acme', properties: { plan } }))
    expect(entriesOfAccounts([...accounts, { account_id: 'other', properties: {} }])).toStrictEqual({
      all: [
        { account_id: 'acme', properties: { plan: 'pro' } },
        { account_id: 'other', properties: {} }
      ],
      indices: [[0], [0], [1]]
    })
  })
})

describe('entriesOfMerges', () => {
  it('are one a visitor and person', () => {
    const merge = (user_id: string, identity: string) => ({ user_id, identity })
    expect(entriesOfMerges([merge('7', 'alice'), merge('8', 'alice'), merge('7', 'alice')])).toStrictEqual({
      all: [merge('7', 'alice'), merge('8', 'alice')],
      indices: [[0], [1], [0]]
    })
  })
})
