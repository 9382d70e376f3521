import { FunctionsRuntime } from '..'
import type { RuntimeOptions } from '..'

const track = { type: 'track', event: 'Signed Up', properties: { plan: 'pro' } }

function run(body: string, options?: RuntimeOptions) {
  return new FunctionsRuntime(`async function onTrack(event, settings) { ${body} }`, options).invoke(track, { a: '1' })
}

function runBatch(body: string) {
  return new FunctionsRuntime(`async function onBatch(events, settings) { ${body} }`).invokeBatch([track, track], {})
}

describe('the stand-in of Segment’s runtime', () => {
  it('knows the handlers that a script declares, and says of others that the call is not supported', async () => {
    const runtime = new FunctionsRuntime('async function onPage() {} async function onBatch() {}')
    expect(runtime.handlers).toStrictEqual(['onPage', 'onBatch'])
    expect(await runtime.invoke(track, {})).toStrictEqual({
      delivered: false,
      error: 'EventNotSupported',
      message: 'track is not supported by this function',
      isRetried: false
    })
  })

  it('takes no script that Segment would not', () => {
    expect(() => new FunctionsRuntime('const onTrack = async () => {}')).toThrow(
      "Identifier 'onTrack' has already been declared"
    )
    expect(() => new FunctionsRuntime('export async function onTrack() {}')).toThrow(/export/)
    expect(() => new FunctionsRuntime('const answer = 42')).toThrow('The script has no handler, such as onTrack.')
    expect(() => new FunctionsRuntime('async function onTrack() {} eval("1")')).toThrow(/Code generation/)
    expect(() => new FunctionsRuntime('async function onTrack() {} new Function("")')).toThrow(/Code generation/)
  })

  it('hands over the event and the settings as JSON of another realm', async () => {
    const settled = await run(
      'throw new ValidationError(JSON.stringify([event, settings, event instanceof Object, Array.isArray([])]))'
    )
    expect(settled).toMatchObject({ message: JSON.stringify([track, { a: '1' }, false, true]) })
  })

  it('hands over an event that nests too deep to be written', async () => {
    let nested: object = {}
    for (let depth = 0; depth < 20_000; depth++) nested = { nested }
    const runtime = new FunctionsRuntime('async function onTrack(event) { if (!event.nested.nested) throw event }')
    expect(await runtime.invoke({ type: 'track', nested }, {})).toStrictEqual({ delivered: true })
  })

  it.each([
    ['EventNotSupported', false],
    ['InvalidEventPayload', false],
    ['ValidationError', false],
    ['RetryError', true]
  ])('knows %s', async (error, isRetried) => {
    expect(await run(`throw new ${error}('why')`)).toStrictEqual({ delivered: false, error, message: 'why', isRetried })
  })

  it('calls anything else that is thrown a Bad Request', async () => {
    const bad = { delivered: false, error: 'Bad Request', isRetried: false }
    expect(await run('throw new TypeError("why")')).toStrictEqual({ ...bad, message: 'why' })
    expect(await run('throw "why"')).toStrictEqual({ ...bad, message: 'why' })
    expect(await run('throw undefined')).toStrictEqual({ ...bad, message: 'undefined' })
  })

  it('ends a call that takes too long, whether it waits or works, and tries it again', async () => {
    const timeout = {
      delivered: false,
      error: 'Timeout',
      message: 'The function took longer than 20 ms',
      isRetried: true
    }
    expect(await run('await new Promise(() => {})', { timeLimit: 20 })).toStrictEqual(timeout)
    const busy = 'const start = Date.now(); while (Date.now() - start < 40);'
    expect(await run(busy, { timeLimit: 20 })).toStrictEqual(timeout)
  })

  it('has the documented globals and no others', async () => {
    const names =
      'fetch crypto https atob btoa cache _ Buffer URL Headers console setTimeout process require globalThis'
    const types = (globals: RuntimeOptions['globals']) =>
      run(`throw new ValidationError([${names.replaceAll(/\w+/g, 'typeof $&,')}].join(' '))`, { globals })
    expect(await types('documented')).toMatchObject({
      message: `function object object function function object function${' undefined'.repeat(7)} object`
    })
    expect(await types('older')).toMatchObject({
      message:
        'function object object function function object function function function function object function undefined undefined object'
    })
    expect(
      await run('throw new ValidationError([btoa("\\u00e9"), atob("6Q=="), typeof AbortController].join())')
    ).toMatchObject({ message: '6Q==,é,undefined' })
  })

  it('keeps what an older script wrote to the console', async () => {
    const runtime = new FunctionsRuntime('async function onTrack(event) { console.log("got", event.type) }', {
      globals: 'older'
    })
    expect(await runtime.invoke(track, {})).toStrictEqual({ delivered: true })
    expect(runtime.logs).toStrictEqual(['got track'])
  })

  it('has a cache that forgets what has expired or was deleted', async () => {
    const made = await run(
      `let made = 0
      const make = async () => ++made
      const values = [await cache.load('a', -1, make), await cache.load('a', -1, make), await cache.load('b', 0, make)]
      values.push(await cache.load('b', 0, make))
      cache.delete('a')
      values.push(await cache.load('a', -1, make))
      throw new ValidationError(values.join())`
    )
    expect(made).toMatchObject({ message: '1,1,2,3,4' })
  })

  describe('with a batch', () => {
    it('reads the status of each event; 500 is tried again', async () => {
      expect(await runBatch('return [{ status: 200 }, { status: 500, errormessage: "later" }]')).toStrictEqual([
        { delivered: true },
        { delivered: false, error: 500, message: 'later', isRetried: true }
      ])
      expect(
        await runBatch('return [{ status: 400, errormessage: "no" }, { status: 429, errormessage: "no" }]')
      ).toEqual([400, 429].map((error) => ({ delivered: false, error, message: 'no', isRetried: false })))
    })

    it('takes an error as one of all the events, and no answer as success', async () => {
      const error = { delivered: false, error: 'RetryError', message: 'why', isRetried: true }
      expect(await runBatch('throw new RetryError("why")')).toStrictEqual([error, error])
      expect(await runBatch('')).toStrictEqual([{ delivered: true }, { delivered: true }])
    })

    it.each([
      ['return [{ status: 200 }]', 'onBatch must return a status for each of the 2 events.'],
      ['return { status: 200 }', 'onBatch must return a status for each of the 2 events.'],
      ['return [{ status: 200 }, null]', 'onBatch must return a status from 200 to 599 for each event, not null.'],
      ['return [{ status: 200 }, { status: 0 }]', 'from 200 to 599 for each event, not {"status":0}.'],
      ['return [{ status: 200 }, { status: 400 }]', 'must say why an event has the status 400']
    ])('refuses what is no list of results: %s', async (body, reason) => {
      await expect(runBatch(body)).rejects.toThrow(reason)
    })

    it('needs a handler for it', async () => {
      await expect(new FunctionsRuntime('async function onTrack() {}').invokeBatch([track], {})).rejects.toThrow(
        'The script has no onBatch.'
      )
    })
  })
})
