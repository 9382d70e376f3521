import { accountProperties, userProperties } from '../profile'

describe('userProperties', () => {
  it('are the traits, under names that Heap takes, and the ID of the visitor', () => {
    expect(userProperties({ id: 7, Email: 'a@example.com', vip: true }, 'anon-1')).toStrictEqual({
      segment_id: '7',
      email: 'a@example.com',
      vip: 'true',
      anonymous_id: 'anon-1'
    })
  })

  it('are flattened in the mode that the customer chose', () => {
    expect(userProperties({ tags: ['a'] }, undefined, 'flatten')).toStrictEqual({ 'tags.0': 'a' })
  })

  it('have the visitor of the field, whatever the trait says', () => {
    expect(userProperties({ anonymous_id: 'anon-2' }, 'anon-1')).toStrictEqual({ anonymous_id: 'anon-1' })
  })

  it('refuse an ID of a visitor that a property would cut', () => {
    expect(() => userProperties({}, 'a'.repeat(1024))).toThrow('Anonymous ID is 1024 characters long')
  })
})

describe.each([
  ['userProperties', (traits: object) => userProperties(traits, undefined)],
  ['accountProperties', (traits: object) => accountProperties(traits)]
])('%s', (_name, propertiesOf) => {
  describe.each(['anonymous_id', 'account_id'])('with %s', (name) => {
    it.each<[unknown, string]>([
      ['acme', 'acme'],
      [' acme\u200b', 'acme'],
      ['ac\0me', 'acme'],
      [7, '7'],
      ['765611980123456781', '765611980123456781']
    ])('of %j keep it', (value, expected) => {
      expect(propertiesOf({ plan: 'pro', [name]: value })).toStrictEqual({ plan: 'pro', [name]: expected })
    })

    it.each<unknown>([
      '',
      ' undefined ',
      'null',
      '"null"',
      '{{ user.id }}',
      0,
      false,
      null,
      NaN,
      ['acme'],
      {},
      '\u200b'
    ])('of %j leave it out', (value) => {
      expect(propertiesOf({ plan: 'pro', [name]: value })).toStrictEqual({ plan: 'pro' })
    })

    it('under a name with NUL in it leave it out, too', () => {
      expect(propertiesOf({ [`${name}\0`]: 'null' })).toStrictEqual({})
    })

    it.each<[unknown, string]>([
      [2 ** 53, 'is the number "9007199254740992", whose last digits may be lost'],
      ['1e+21', 'is the number "1e+21", whose last digits may be lost'],
      ['a'.repeat(1024), 'is 1024 characters long; Heap accepts at most 1023.']
    ])('refuse what is not sure to be one', (value, problem) => {
      expect(() => propertiesOf({ [name]: value })).toThrow(`Trait "${name}" ${problem}`)
    })
  })
})
