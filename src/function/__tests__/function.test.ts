import { createHash, createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import vm from 'node:vm'
import { fieldsToJsonSchema, validateSchema } from '@segment/actions-core'
import type { JSONObject } from '@segment/actions-core'
import { analyze } from 'eslint-scope'
import { parse } from 'espree'
import fc from 'fast-check'
import heap from '../../destinations/heap'
import { HeapEmulator, interceptHeap } from '../../heap-emulator'
import type { Interception } from '../../heap-emulator'
import { FunctionsRuntime } from '../../segment-functions'
import { ENGINE } from '..'
import type { FunctionScript, Subscription } from '..'
import { bundleEngine } from '../engine'
import { build, PRESETS } from './bothWays'

/** Segment documents no limit; a script that grows should be noticed. */
const MOST_BYTES = 130_000

const emulator = new HeapEmulator({ apiKeys: { '11': 'key-of-11', '12': 'key-of-12' } })
let interception: Interception
let script: FunctionScript
let runtime: FunctionsRuntime
beforeAll(async () => {
  interception = interceptHeap(emulator)
  script = await build(PRESETS)
  runtime = new FunctionsRuntime(script.code)
})
beforeEach(() => emulator.reset())
afterAll(() => interception.restore())

const track = { type: 'track', event: 'Opened', messageId: 'message-0001', userId: 'ann' }

async function runtimeOf(...subscriptions: Subscription[]): Promise<FunctionsRuntime> {
  return new FunctionsRuntime((await build(subscriptions)).code)
}

function trackMapping(mapping: Subscription['mapping'], subscribe = 'type = "track"'): Subscription {
  return { name: 'Mine', partnerAction: 'trackEvent', subscribe, mapping: { ...PRESETS[0].mapping, ...mapping } }
}

describe('the script', () => {
  it('is small, is the same each time, and reads the same when it is readable', async () => {
    expect(Buffer.byteLength(script.code)).toBeLessThan(MOST_BYTES)
    expect(await build(PRESETS)).toStrictEqual(script)
    const readable = await build(PRESETS, { readable: true })
    expect(readable.handlers).toStrictEqual(script.handlers)
    expect(readable.code).toContain('function isoTimestamp(')
    expect(await new FunctionsRuntime(readable.code).invoke(track, { appId: '11' })).toStrictEqual({ delivered: true })
  })

  it('uses nothing but what Segment documents, not even where no test comes by', () => {
    const scopes = analyze(parse(script.code, { ecmaVersion: 2022, range: true }) as never, { ecmaVersion: 2022 })
    const free = new Set(scopes.globalScope?.through.map(({ identifier }) => identifier.name))
    const language = vm.runInNewContext('Object.getOwnPropertyNames(globalThis)') as string[]
    expect([...free].filter((name) => !language.includes(name)).sort()).toStrictEqual(
      ['EventNotSupported', 'InvalidEventPayload', 'RetryError', 'ValidationError', '_', 'btoa', 'fetch'].sort()
    )
    expect([...free]).not.toContain('eval')
    expect([...free]).not.toContain('Function')
  })

  it('declares its handlers as functions, and those alone that some mapping can take', async () => {
    expect(script.handlers).toStrictEqual([
      'onTrack',
      'onIdentify',
      'onPage',
      'onScreen',
      'onGroup',
      'onDelete',
      'onBatch'
    ])
    expect(runtime.handlers).toStrictEqual(script.handlers)
    const handlersOf = async (subscribe: string) => (await build([trackMapping({}, subscribe)])).handlers
    const others = ['onDelete', 'onBatch']
    expect(await handlersOf('type = "track" and event = "Paid"')).toStrictEqual(['onTrack', ...others])
    expect(await handlersOf('type != "track" and (type = "alias" or type = "track")')).toStrictEqual([
      'onAlias',
      ...others
    ])
    expect(await handlersOf('event = "Paid" or userId != null')).toStrictEqual([
      'onTrack',
      'onIdentify',
      'onPage',
      'onScreen',
      'onGroup',
      'onAlias',
      ...others
    ])
  })

  it('fails to build where the framework is not what it was made for', async () => {
    // Without the framework, nothing of it is swapped.
    const entry = path.join(__dirname, '../script/formats.ts')
    await expect(bundleEngine({ liquid: false, readable: false }, entry)).rejects.toThrow(
      'request-client.js is not in the framework any more'
    )
  })
})

describe('a mapping of the customer’s', () => {
  it('is used in place of the presets', async () => {
    const own = await runtimeOf(
      trackMapping({ event: { '@template': 'Own {{event}}' } }, 'type = "track" and event = "Paid"')
    )
    expect(await own.invoke({ ...track, event: 'Paid' }, { appId: '11' })).toStrictEqual({ delivered: true })
    expect(emulator.environment('US', '11').events).toMatchObject([{ event: 'Own Paid' }])
    expect(await own.invoke(track, { appId: '11' })).toMatchObject({
      error: 'EventNotSupported',
      message: 'No mapping takes this track call, so it was not sent to Heap.'
    })
    expect(await own.invoke({ ...track, type: 'page' }, { appId: '11' })).toMatchObject({ error: 'EventNotSupported' })
  })

  it('may use Liquid, with all of its filters that Segment allows', async () => {
    const liquid =
      '{{ event | upcase | append: "!" }} {{ "é" | base64_encode }} {{ "w6k=" | base64_decode }} {{ "a" | sha256 | slice: 0, 8 }} {{ "a" | hmac_sha256: "k" | slice: 0, 8 }}'
    const mapping = trackMapping({ event: { '@liquid': liquid } })
    const { code } = await build([mapping])
    for (const globals of ['documented', 'older'] as const) {
      const own = new FunctionsRuntime(code, { globals })
      const messageId = `message-${globals}`
      expect(await own.invoke({ ...track, messageId }, { appId: '11' })).toStrictEqual({ delivered: true })
    }
    const digests = [createHash('sha256').update('a'), createHmac('sha256', 'k').update('a')]
    const [sha256, hmac] = digests.map((digest) => digest.digest('hex').slice(0, 8))
    const event = `OPENED! w6k= é ${sha256} ${hmac}`
    expect(emulator.environment('US', '11').events).toMatchObject([{ event }, { event }])
    expect(Buffer.byteLength(script.code)).toBeLessThan(Buffer.byteLength(code) - 50_000)
  })

  it('is data, whatever its keys and texts are', async () => {
    const literal = JSON.parse(
      '{"@literal":{"__proto__":{"a":1},"b":"\\"__proto__\\": \u2028</script>"}}'
    ) as JSONObject
    const { code } = await build([trackMapping({ properties: literal })])
    expect(code).toContain('["__proto__"]: {')
    expect(await new FunctionsRuntime(code).invoke(track, { appId: '11' })).toStrictEqual({ delivered: true })
    const { properties } = emulator.environment('US', '11').events[0]
    expect(properties).toMatchObject({ b: '"__proto__": \u2028</script>' })
  })

  it.each([
    [[{ status: 400 }, { status: 429 }], 'RetryError', 429],
    [[{ status: 403 }, { status: 400 }], 'ValidationError', 403]
  ])('beside another: %j is told as %s', async (faults, error) => {
    const two = await runtimeOf({ ...trackMapping({}), name: 'One' }, { ...trackMapping({}), name: 'Two' })
    for (const fault of faults) emulator.failNext(fault, 1, '/api/integrations/track')
    const result = await two.invoke(track, { appId: '11' })
    expect(result).toMatchObject({ error })
    expect((result as { message: string }).message).toMatch(
      /^One: The event was not stored: .*\. Two: The event was not/
    )
  })

  it('beside another that works is named where it fails', async () => {
    const two = await runtimeOf(
      { ...trackMapping({}), name: 'Good' },
      { ...trackMapping({ identity: 'null', anonymous_id: null }), name: 'Bad' }
    )
    const message = expect.stringMatching(/^Bad: Identity is "null"/) as string
    expect(await two.invoke(track, { appId: '11' })).toMatchObject({ error: 'InvalidEventPayload', message })
    expect(await two.invokeBatch([track], { appId: '11' })).toMatchObject([{ error: 400, message }])
  })

  it('that the framework fails over with one event costs its neighbours nothing', async () => {
    const liquid = '{% if event == "Bad" %}{{ event | map: "a" }}{% endif %}{{ event }}'
    const own = await runtimeOf(trackMapping({ event: { '@liquid': liquid } }))
    const events = Array.from({ length: 7 }, (_, number) => ({
      ...track,
      messageId: `message-${number}`,
      event: number === 4 ? 'Bad' : 'Good'
    }))
    const results = await own.invokeBatch(events, { appId: '11' })
    expect(results.map(({ delivered }) => delivered)).toStrictEqual([true, true, true, true, false, true, true])
    expect(results[4]).toMatchObject({
      error: 400,
      message: expect.stringContaining('filter "map" is disabled') as string
    })
    expect(await own.invoke(events[4], { appId: '11' })).toMatchObject({ error: 'ValidationError' })
  })
})

describe('an event', () => {
  it('whose context is null is delivered, alone and in a batch', async () => {
    const event = { ...track, context: null }
    expect(await runtime.invoke(event, { appId: '11' })).toStrictEqual({ delivered: true })
    expect(await runtime.invokeBatch([event, { ...track, messageId: 'message-0002' }], { appId: '11' })).toStrictEqual([
      { delivered: true },
      { delivered: true }
    ])
  })

  it('that asks to delete a person does so, alone and in a batch', async () => {
    const event = { type: 'delete', userId: 'ann', messageId: 'message-0001' }
    const settings = { appId: '11', apiKey: 'key-of-11' }
    expect(await runtime.invoke(event, settings)).toStrictEqual({ delivered: true })
    expect(await runtime.invokeBatch([track, event, { ...event, userId: null }], settings)).toMatchObject([
      { delivered: true },
      { delivered: true },
      { error: 400, message: expect.stringContaining('has no userId') as string }
    ])
    expect(emulator.deletions.map(({ users }) => users)).toStrictEqual([[{ identity: 'ann' }], [{ identity: 'ann' }]])
    expect(await runtime.invoke(event, { appId: '11' })).toMatchObject({ error: 'ValidationError' })
    emulator.failNext({ status: 503 })
    expect(await runtime.invoke(event, settings)).toMatchObject({ error: 'RetryError' })
  })

  it('that asks to delete a person is answered for in time', async () => {
    const quick = new FunctionsRuntime((await build(PRESETS, { deadline: 50 })).code)
    emulator.failNext('no answer', 1, '/api/public/v0/user_deletion')
    const event = { type: 'delete', userId: 'ann' }
    expect(await quick.invoke(event, { appId: '11', apiKey: 'key-of-11' })).toMatchObject({
      error: 'RetryError',
      message: expect.stringContaining('did not answer in time') as string
    })
  })
})

describe('the settings', () => {
  it.each([
    ['US', {}],
    ['US', { region: '' }],
    ['US', { region: null }],
    ['US', { region: ' us ' }],
    ['EU', { region: 'eu' }],
    ['EU', { region: 'EU', apiKey: '' }],
    ['EU', { 'Data Region': 'eu', region: '' }],
    ['EU', { dataRegion: 'EU' }]
  ] as const)('send to %s with %j', async (region, given) => {
    expect(await runtime.invoke(track, { appId: ' 11 ', ...given })).toStrictEqual({ delivered: true })
    expect(emulator.snapshot()).toMatchObject([{ region, app_id: '11' }])
  })

  it.each([
    [{}, 'App ID is not a Heap environment ID'],
    [{ appId: '' }, 'App ID is not a Heap environment ID'],
    [{ appId: 'my app' }, 'App ID is not a Heap environment ID'],
    [{ appId: '11', region: 'Frankfurt' }, 'Data Region must be one of: "US" or "EU".']
  ])('that cannot be, %j, are told of, and nothing is sent', async (settings, reason) => {
    const message = expect.stringContaining(reason) as string
    const wrong = { delivered: false, message, isRetried: false }
    expect(await runtime.invoke(track, settings)).toStrictEqual({ ...wrong, error: 'ValidationError' })
    expect(await runtime.invokeBatch([track, track], settings)).toStrictEqual(Array(2).fill({ ...wrong, error: 400 }))
    expect(await runtime.invoke({ ...track, type: 'delete' }, settings)).toMatchObject({ error: 'ValidationError' })
    expect(emulator.requests).toStrictEqual([])
  })

  it('of two instances in one process never mix', async () => {
    const events = Array.from({ length: 40 }, (_, number) => number)
    await Promise.all(
      events.map((number) =>
        runtime.invoke(
          { ...track, messageId: `message-${number}`, userId: `user-${number % 2}` },
          number % 2 ? { appId: '11' } : { appId: '12', region: 'EU' }
        )
      )
    )
    for (const [region, appId, user] of [
      ['US', '11', 'user-1'],
      ['EU', '12', 'user-0']
    ] as const) {
      const held = emulator.environment(region, appId).events
      expect(held).toHaveLength(20)
      expect(new Set(held.map((event) => event.user))).toStrictEqual(new Set([user]))
    }
    expect(emulator.snapshot()).toHaveLength(2)
  })

  it('are in no error and no log, whatever Heap answers', async () => {
    const older = new FunctionsRuntime(script.code, { globals: 'older' })
    const event = { type: 'delete', userId: 'ann' }
    const settings = { appId: '11', apiKey: 'key-of-11' }
    const results = [await older.invoke(event, { ...settings, apiKey: 'key-of-12' })]
    for (const fault of [
      { status: 500, body: 'key-of-11 is busy' },
      { status: 403, body: '{"error":"key-of-11"}' },
      { status: 200, body: 'key-of-11' },
      'reset'
    ] as const) {
      emulator.failNext(fault, 1, '/api/public/v0/auth_token')
      results.push(await older.invoke(event, settings), ...(await older.invokeBatch([event], settings)))
    }
    expect(results.filter(({ delivered }) => !delivered).length).toBeGreaterThan(4)
    expect(JSON.stringify(results)).not.toMatch(/key-of-1/)
    expect(older.logs).toStrictEqual([])
  })
})

describe('the validators made at build time', () => {
  type Validate = (payload: object, schema: object, options: { schemaKey: string }) => boolean
  let validateInScript: Validate
  beforeAll(async () => {
    const entry = path.join(__dirname, 'validateSchema.ts')
    const { code } = await bundleEngine({ liquid: false, readable: false }, entry)
    const { validateSchema: exported } = vm.runInNewContext(`${code}; ${ENGINE}`) as { validateSchema: Validate }
    validateInScript = exported
  })

  /** What a validator makes of a payload, and how it changes it. */
  function made(validate: Validate, payload: object, schema: object, schemaKey: string) {
    const copy = structuredClone(payload)
    try {
      return { valid: validate(copy, schema, { schemaKey }), copy: JSON.stringify(copy) }
    } catch (error) {
      const { name, message } = error as Error
      return { name, message, copy: JSON.stringify(copy) }
    }
  }

  const scalar = fc.oneof(
    fc.string(),
    fc.constantFrom('US', 'EU', 'stringify', 'true', '', '2026-11-23', '1795428421', '1795428421000', 'NaN', 'today'),
    fc.double(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.date({ noInvalidDate: true }).map((date) => date.toISOString())
  )
  const value = fc.oneof(
    { weight: 4, arbitrary: scalar },
    fc.array(scalar, { maxLength: 2 }),
    fc.dictionary(fc.string(), fc.oneof(scalar, fc.array(scalar)), { maxKeys: 3 })
  )

  const schemas: [string, Parameters<typeof fieldsToJsonSchema>[0]][] = [
    ['settings', heap.authentication?.fields ?? {}],
    ...Object.values(heap.actions).map(({ title, fields }) => [title, fields] as [string, typeof fields])
  ]

  it.each(schemas)('do with %s as the framework does', (title, fields) => {
    const schema = fieldsToJsonSchema(fields)
    const keys = Object.keys(fields ?? {})
    const payloads = fc.dictionary(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...keys) }, fc.string()), value)
    let refused = 0
    fc.assert(
      fc.property(payloads, (payload) => {
        const expected = made(validateSchema, payload, schema, `${heap.name}:${title}`)
        expect(made(validateInScript, payload, schema, `${heap.name}:${title}`)).toStrictEqual(expected)
        if ('message' in expected) refused++
      }),
      { numRuns: 200 }
    )
    expect(refused).toBeGreaterThan(20)
  })

  it('are made by the ajv of the framework, with its options and formats', () => {
    const core = require.resolve('@segment/actions-core')
    expect(createRequire(core).resolve('ajv')).toBe(require.resolve('ajv'))
    expect(createRequire(core).resolve('ajv-formats')).toBe(require.resolve('ajv-formats'))
    const source = readFileSync(path.join(path.dirname(core), '../esm/schema-validation.js'), 'utf8')
    const options = /new Ajv\(\{([^}]*)\}\)/.exec(source)?.[1].replace(/\s+/g, ' ').trim()
    expect(options).toBe(
      "coerceTypes: 'array', allErrors: true, allowUnionTypes: true, verbose: true, removeAdditional: true"
    )
    expect(Array.from(source.matchAll(/addFormat\('(.*?)'/g), ([, name]) => name)).toStrictEqual(['text', 'date-like'])
  })
})
