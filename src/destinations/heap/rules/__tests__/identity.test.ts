import {
  checkAccountId,
  checkAnonymousId,
  checkEmail,
  checkHeapUserId,
  checkIdentity,
  checkMessageId,
  checkTrait,
  MAX_IDENTITY_LENGTH,
  optionalId,
  requiredId
} from '../identity'
import { InvalidPayloadError } from '../invalidPayload'

/** What programs send for people they do not know, as it is. */
const PLACEHOLDERS = [
  'undefined', 'null', 'nil', 'none', 'nan', 'n/a', 'unknown', 'anonymous', 'not_authenticated', 'guest', 'user', 'true', 'false',
  '0', '-1', '[object object]', '{}', '[]', '00000000-0000-0000-0000-000000000000'
] // prettier-ignore

const NOBODY = [
  // in another casing, and with what nobody sees at the ends
  'Undefined', ' NULL ', '\tnone\n', '\u00a0null\u00a0', 'undefined\u200b', '\u200dnull\u2060', '\ufeffundefined', '\u200enull\u200f',
  'null\0', '\0undefined', 'und\0efined', '\u001bnull', 'null\u0085', '\u3164null\u2800',
  // in quotation marks and brackets, also several
  '"null"', "'undefined'", '`null`', '“null”', '„null“', '«undefined»', '‘none’', '「null」', '(null)', '<null>', '[null]', '{null}', '<nil>',
  '["null"]', '{"undefined"}', '"\'null\'"', '\\"null\\"', '" null "', '((null))', '[[null]]', '(0)', '"-1"', '＂null＂', '"null', "'0",
  '""', "''", '()', '<>', '{{}}', '[[]]', '"[]"', '\\"\\"', '"[object Object]"', '{00000000-0000-0000-0000-000000000000}',
  // a thing that was printed
  '[object Promise]', '[object Object]', '[object Undefined]', '[object Window],[object Window]', '[Function: id]', '[Function (anonymous)]',
  '[class User]', '<object object at 0x7f0>', '<built-in function id>', "<class 'NoneType'>", '%!s(<nil>)', '%!v(MISSING)',
  // several of them joined
  'undefined undefined', 'null,null', 'None None', '[null,null]', 'undefined;null',
  // a template that was never filled in
  '{{ customer.id }}', '{{customer.id}}', '{{{ user.id }}}', '${user.id}', '#{user.id}', '@{user.id}', '{% user.id %}', '{$user.id}',
  '<%= user.id %>', '<% user %>', '<?= $user->id ?>', '%%USER_ID%%', '*|EMAIL|*', '[[user.id]]', '<<user_id>>', '$(user.id)', '##UID##',
  '"{{ user.id }}"', '{{first}} {{last}}', '{{\n user\n}}', '{user_id}', '{user.id}', '{userId}', '<USER_ID>', '[user-id]', '%USER_ID%',
  '%userId%', '__UID__',
  // such marks in brackets
  '(${x})', '<${user.id}>', '[<%= x %>]', '(%%X%%)', '(*|X|*)', '[#{x}]', '({{x}})', '<{{x}}>', '（{{x}}）', '「{{x}}」', '(( {{x}} ))',
  // lists of nothing in quotation marks
  '["null","null"]', '["undefined", "undefined"]', '"null","null"', "'none' 'none'",
  // other marks, and the names of fields
  '%SUBSCRIBERID%', '%EMAIL%', '%USERNAME%', '$USER_ID$', '$X$', '$user.id', '$USER_ID', '$!user.id', '$!{x}', '*{x}', '!{x}', '{!User.Id}',
  '%{user}', '{ user_id }', '{userid}', '{uid}', '{id}', '{email}', '{user.name}', '<id>', '[subscriberid]', '(user id)',
  // with what nobody sees inside, and in full width
  'n\u200bull', 'nu\u00adll', 'un\u2060defined', 'undef\u200bined', 'ｎｕｌｌ', 'ＮＵＬＬ', '＂ｎｕｌｌ＂',
  // as a link or a cookie has it
  '%22null%22', '%22%22', '%7B%7Buser.id%7D%7D', '%7b%7b%20user.id%20%7d%7d', 'undefined%20undefined', 'undefined+undefined', '%2522null%2522', '%5Bobject%20Object%5D',
  '%20null', 'null%0A', '%EF%BB%BFnull', '%3Cid%3E', '%00',
  // other ways to write nothing
  '-0', '0.0', '-1.0', '#N/A', '\\N', '-', '--', '?', '...', '\ud83d', '\ufe0f', '00000000000000000000000000000000'
] // prettier-ignore

/** IDs of real people, which only contain such things. */
const SOMEBODY = [
  'alice', 'user1', 'null@example.com', '00', '10', '-10', 'User Name', 'constructor', '__proto__', 'null-7', 'user-undefined', 'nullable',
  '(ann)', '[ann]', '{ann}', '<ann>', '"ann"', "'ann'", '«ann»', '[7]', 'a\u200db', 'a\u200cb', 'us$er', '$100', 'a{b}c', 'a{{b}}c', '100%',
  '%41', '50%%', 'O’Brien', "d'Arc", '@ann_id', '__ann__', '__kopi_id__', '{david}', '{DAVID}', '{d3b07384-d9a0-4c9b-8f3a-1234567890ab}',
  'Nan Nan', 'nannan', 'user 0', 'object 7', 'class of 1999', 'Symbol(x)', '😀', '❤️', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', '山田', 'عائشة', '~', '$', '+1', '+49 30 123', '1e3', '12e4',
  '5e3f', '1.2.3', '3.14', '9007199254740993', '765611980123456781', '1E+5x', 'YWJj==', 'a,b', 'ann|bob', '#7', 'http://example.com/?id={id}',
  '<ann@example.com>', '"Ann" <ann@example.com>', '{"id":7}', '(class-7)', '[class 7]', '(class of 2020)', '{function 3}', '[object-7]', '(ann-id)',
  '(ann.id)', '[[42]]', '<<42>>', '##42##', '#{42}', '${42}', '{#42}', '{$5}', '[[a]]b[[c]]', '<<a>>b<<c>>', '$(a)(b)', '${a}b${c}',
  '[object a]b[c]', '$ann', '$device:7', 'ｎｕｌｌ-7', '（ann）', '①', 'mid', '(david)', '{kid}', '%41%42',
  '%22ann%22', '%7B%22id%22%3A7%7D', 'ann%40example.com', '%E4null', 'null%', '%zznull', '100%25', '%2B1', 'null%40example.com', 'ann+null@example.com', 'null+1'
] // prettier-ignore

describe.each([
  ['checkIdentity', checkIdentity, 'Identity'],
  ['checkAnonymousId', checkAnonymousId, 'Anonymous ID'],
  ['checkEmail', checkEmail, 'Email'],
  ['checkAccountId', checkAccountId, 'Account ID'],
  ['checkMessageId', checkMessageId, 'Message ID'],
  ['checkTrait', (value: unknown) => checkTrait('account_id', value), 'Trait "account_id"']
])('%s', (_name, check, label) => {
  it('takes a placeholder for nobody, in whatever dress', () => {
    const problem = expect.stringMatching(new RegExp(`^${label} is ".*", a placeholder that names n`, 's')) as string
    for (const given of [...PLACEHOLDERS, ...NOBODY]) {
      expect([given, check(given)]).toStrictEqual([given, { problem, isPlaceholder: true }])
    }
  })

  it('takes the ID of a real person as it is', () => {
    for (const given of SOMEBODY) expect([given, check(given)]).toStrictEqual([given, { id: given }])
  })

  it.each([
    ['  alice ', 'alice'],
    ['\talice\n', 'alice'],
    ['\u200balice\u2060', 'alice'],
    ['\ufeffalice', 'alice'],
    ['ali\0ce', 'alice'],
    ['half \ud83d of it', 'half \ufffd of it']
  ])('makes %j %j', (given, id) => {
    expect(check(given)).toStrictEqual({ id })
  })

  it.each([null, undefined, '', ' \t\n', '\u200b', '\u2060\ufeff', '\0', '\u3164'])('finds nothing in %j', (given) => {
    expect(check(given)).toStrictEqual({})
  })

  it.each<[unknown, string]>([
    [42, '42'],
    [-10, '-10'],
    [Number.MAX_SAFE_INTEGER, '9007199254740991'],
    [12n, '12'],
    [2n ** 70n, '1180591620717411303424']
  ])('takes the number %s', (number, id) => {
    expect(check(number)).toStrictEqual({ id })
  })

  it.each([0, -0, -1, NaN, true, false])('takes %s for nobody', (value) => {
    expect(check(value)).toMatchObject({ isPlaceholder: true })
  })

  it.each([2 ** 53, 1e21, -1e21, Infinity, '1e+21', '-1e+21', '9.007199254740992e+21', '7.65612E+17', '7,65612E+17', '1.0E21', '1e-7'])(
    'refuses %s, whose last digits may be lost',
    (number) => {
      expect(check(number)).toStrictEqual({
        problem: `${label} is the number "${number}", whose last digits may be lost: two IDs could become one. Send the ID as text.`
      })
    }
  ) // prettier-ignore

  it.each<[unknown, string]>([
    [['ann'], 'an array'],
    [{ id: 'ann' }, 'an object'],
    [() => 'ann', 'a function'],
    [Symbol('ann'), 'a symbol']
  ])('refuses what is no text', (value, was) => {
    expect(check(value)).toStrictEqual({ problem: `${label} must be a string but it was ${was}.` })
  })
})

describe('the length of an ID', () => {
  it.each([
    ['Identity', checkIdentity, MAX_IDENTITY_LENGTH],
    ['Account ID', checkAccountId, 1023],
    ['Trait "anonymous_id"', (id: string) => checkTrait('anonymous_id', id), 1023]
  ])('of %s is limited, as cut it could be somebody else’s', (label, check, maxLength) => {
    const longest = 'a'.repeat(maxLength)
    expect(check(longest)).toStrictEqual({ id: longest })
    const length = maxLength + 1
    expect(check(`${longest}a`)).toStrictEqual({
      problem: `${label} is ${length} characters long; Heap accepts at most ${maxLength}. Map a shorter ID to it.`
    })
  })

  it('takes no time to speak of, however long', () => {
    for (const id of [
      '7'.repeat(2_000_000),
      `{{${'x'.repeat(2_000_000)}}}`,
      `1.${'5'.repeat(2_000_000)}e`,
      '"'.repeat(2_000_000)
    ]) {
      expect(checkIdentity(id).problem).toMatch(/^Identity is 20000\d\d characters long/)
      expect(checkAnonymousId(id)).toStrictEqual({ id })
    }
  })

  it('of an anonymous ID is not', () => {
    expect(checkAnonymousId('a'.repeat(5000)).id).toHaveLength(5000)
  })
})

describe('checkHeapUserId', () => {
  it.each<[unknown, string]>([
    ['0', '0'],
    [' 8273645192837465 ', '8273645192837465'],
    ['9007199254740991', '9007199254740991'],
    ['007', '7'],
    ['0000000000000000000000', '0'],
    [7, '7'],
    [0, '0']
  ])('takes %j', (given, id) => {
    expect(checkHeapUserId(given)).toStrictEqual({ id })
  })

  it.each(['9007199254740992', '99999999999999999', '-1', '1.5', 'alice', '0x10', '١', 'null', 1.5, -1, NaN])(
    'refuses %j',
    (given) => {
      expect(checkHeapUserId(given)).toStrictEqual({
        problem: `Heap User ID "${given}" is not an ID of Heap’s SDK, which is a number from 0 to 9007199254740991. Map heap.getUserId() to it, or nothing.`
      })
    }
  )

  it('shows of a long one no more than a person can read', () => {
    expect(checkHeapUserId('7'.repeat(20_000_000)).problem).toContain(`Heap User ID "${'7'.repeat(100)}…" is not`)
  })
})

describe('the problem with a placeholder', () => {
  it('says what it would do and what to map instead', () => {
    expect(checkIdentity('Undefined').problem).toBe(
      'Identity is "Undefined", a placeholder that names nobody: Heap would merge all people who carry it into one ' +
        'profile, for good. Map an ID of the person instead.'
    )
  })

  it('shows of a long one no more than a person can read', () => {
    expect(checkAnonymousId(`{{${'x'.repeat(900)}}}`).problem).toContain(`is "{{${'x'.repeat(98)}…", a placeholder`)
  })
})

describe('optionalId and requiredId', () => {
  it('take a sound ID', () => {
    expect(optionalId(checkIdentity('alice'))).toBe('alice')
    expect(requiredId(checkIdentity('alice'), 'missing')).toBe('alice')
  })

  it('differ where there is none', () => {
    expect(optionalId(checkIdentity('null'))).toBeUndefined()
    expect(optionalId(checkIdentity(''))).toBeUndefined()
    expect(() => requiredId(checkIdentity('null'), 'missing')).toThrow('Identity is "null", a placeholder')
    expect(() => requiredId(checkIdentity(''), 'missing')).toThrow(new InvalidPayloadError('missing'))
  })

  it('refuse one that Heap would not take', () => {
    expect(() => optionalId(checkIdentity('a'.repeat(256)))).toThrow(InvalidPayloadError)
    expect(() => requiredId(checkIdentity(1e21), 'missing')).toThrow(InvalidPayloadError)
  })
})
