import { identityTrouble, isPlaceholder, MAX_IDENTITY_LENGTH, trimmed, usableIdentifier } from '../identity'

const PLACEHOLDERS = [
  'undefined', 'null', 'nil', 'none', 'nan', 'n/a', 'unknown', 'anonymous', 'guest', 'user', 'true', 'false',
  '0', '-1', '[object object]', '{}', '[]', '00000000-0000-0000-0000-000000000000'
] // prettier-ignore

describe('trimmed', () => {
  it.each([
    ['  alice ', 'alice'],
    ['\talice\n', 'alice'],
    ['alice', 'alice'],
    ['', undefined],
    [' \t\n', undefined],
    [null, undefined],
    [undefined, undefined]
  ])('makes %j %j', (identifier, expected) => {
    expect(trimmed(identifier)).toBe(expected)
  })
})

describe('isPlaceholder', () => {
  it.each(PLACEHOLDERS)('knows %j in any casing', (placeholder) => {
    expect(isPlaceholder(placeholder)).toBe(true)
    expect(isPlaceholder(placeholder.toUpperCase())).toBe(true)
  })

  it.each(['alice', 'user1', 'null@example.com', '00', '10', '-10', 'User Name', 'constructor'])(
    'takes %j for a person',
    (identity) => {
      expect(isPlaceholder(identity)).toBe(false)
    }
  )
})

describe('identityTrouble', () => {
  it('has none with a sound identity of the greatest length', () => {
    expect(identityTrouble('a'.repeat(MAX_IDENTITY_LENGTH))).toBeUndefined()
  })

  it('says how long a too long one is, and the limit', () => {
    expect(identityTrouble('a'.repeat(312))).toBe(
      'Identity is 312 characters long; Heap accepts at most 255. Map a shorter ID to it.'
    )
  })

  it('names a placeholder and why it is not sent', () => {
    expect(identityTrouble('Undefined')).toBe(
      'Identity is "Undefined", a placeholder that names nobody: Heap would merge all people who carry it into one ' +
        'profile, for good. Map an ID of the person instead.'
    )
  })
})

describe('usableIdentifier', () => {
  it('trims', () => {
    expect(usableIdentifier(' anon-1 ')).toBe('anon-1')
  })

  it.each([null, undefined, '', '  ', 'undefined', 'NULL', '00000000-0000-0000-0000-000000000000'])(
    'makes nothing of %j',
    (anonymousId) => {
      expect(usableIdentifier(anonymousId)).toBeUndefined()
    }
  )
})
