import { checkAnonymousId, checkIdentity, isPlaceholder, MAX_IDENTITY_LENGTH } from '../identity'
import { trimmed } from '../text'

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

describe('checkIdentity', () => {
  it('has none with a sound identity of the greatest length', () => {
    const identity = 'a'.repeat(MAX_IDENTITY_LENGTH)
    expect(checkIdentity(identity)).toStrictEqual({ id: identity })
  })

  it('says how long a too long one is, and the limit', () => {
    expect(checkIdentity('a'.repeat(312)).problem).toBe(
      'Identity is 312 characters long; Heap accepts at most 255. Map a shorter ID to it.'
    )
  })

  it('names a placeholder and why it is not sent', () => {
    expect(checkIdentity('Undefined').problem).toBe(
      'Identity is "Undefined", a placeholder that names nobody: Heap would merge all people who carry it into one ' +
        'profile, for good. Map an ID of the person instead.'
    )
  })
})

describe('checkAnonymousId', () => {
  it('trims', () => {
    expect(checkAnonymousId(' anon-1 ')).toStrictEqual({ id: 'anon-1' })
  })

  it.each([null, undefined, '', '  ', 'undefined', 'NULL', '00000000-0000-0000-0000-000000000000'])(
    'makes nothing of %j',
    (anonymousId) => {
      expect(checkAnonymousId(anonymousId).id).toBeUndefined()
    }
  )
})
