import { readdirSync } from 'node:fs'
import path from 'node:path'
import { Readable } from 'node:stream'
import { ROOT } from '../../__tests__/run'
import { sendHere } from './sendHere'

const before = process.cwd()
beforeAll(() => process.chdir(ROOT))
afterAll(() => process.chdir(before))

function send(args: string[], input = '') {
  return sendHere(args, { input: Readable.from([Buffer.from(input)]) })
}

interface Line {
  source?: string
  delivered?: boolean | number
  runs?: {
    action: string
    exchanges: { request: { url: string }; response: { statusCode: number } }[]
    error?: { message: string; status: number }
  }[]
  held?: { events: { event: string }[]; users: { identity: string }[] }[]
}

function linesOf(output: string): Line[] {
  return output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
}

describe('heap-destination send', () => {
  it('delivers every example and shows a person what Heap holds', async () => {
    const { status, output, errors } = await send([])
    expect({ status, errors }).toStrictEqual({ status: 0, errors: '' })
    expect(output).toContain('✔ track "Signed Up"  (examples/01-contract.json:1)\n  POST https://heapanalytics.com/')
    expect(output).toContain('          foo.bar.prop      [1,2,3]\n')
    // A line for each of the others.
    expect(output).toContain('(examples/02-order-completed.json:1)\n✔ identify  (examples/03-identify.json:1)\n')
    expect(output).toContain('Heap (US, App ID 12343283) now holds 7 events, 4 users and 1 account.')
    expect(output.trim().split('\n').at(-1)).toBe('10 of 10 events delivered.')
    expect(output).not.toContain('refused')
  })

  it('shows what was sent of every event, and what Heap holds of it, if that is asked for', async () => {
    const { output } = await send(['--verbose', 'examples/02-order-completed.json', 'examples/08-server-events.ndjson'])
    expect(output.match(/^ {2}POST https:/gm)).toHaveLength(4)
    expect(output).toContain(`
    Order Completed  alice@example.com, 2026-11-23T10:01:00.000Z
      segment_library  cloud-mode-destination
      order_id         50314b8e9bcf000000000000
`)
  })

  it('shows all of an event of 32 KB', async () => {
    const properties = Object.fromEntries(
      Array.from({ length: 400 }, (_, index) => [`field_${index}`, `value ${index}`])
    )
    const { output } = await send(
      ['-'],
      JSON.stringify({
        type: 'track',
        event: 'Wide',
        messageId: 'message-0001',
        userId: 'a',
        properties: { ...properties, long: 'ä'.repeat(1023) }
      })
    )
    for (const [key, value] of Object.entries(properties))
      expect(output).toMatch(new RegExp(`^ +${key} +${value}$`, 'm'))
    expect(output.match(/ä/g)).toHaveLength(1023)
  })

  it('gives the same to scripts as JSON lines', async () => {
    const { status, output } = await send(['--json', 'examples'])
    const lines = linesOf(output)
    expect(status).toBe(0)
    expect(
      lines.slice(0, -1).map(({ delivered, runs }) => [delivered, runs?.map(({ action }) => action)])
    ).toStrictEqual(
      [
        'trackEvent',
        'trackEvent',
        'identifyUser',
        'trackEvent',
        'trackEvent',
        'trackEvent',
        'trackEvent',
        'trackEvent',
        'identifyUser',
        'updateAccount'
      ].map((action) => [true, [action]])
    )
    expect(lines.at(-1)?.held?.[0].users.map(({ identity }) => identity)).toStrictEqual([
      'alice@example.com',
      'bob-7',
      'carol-9',
      'dave-11'
    ])
  })

  it('refuses every event of examples/refused, each with its reason, and sends nothing', async () => {
    const { status, output } = await send(['--json', 'examples/refused'])
    const lines = linesOf(output)
    expect(status).toBe(1)
    expect(lines.at(-1)).toStrictEqual({
      read: 16,
      delivered: 0,
      excluded: 0,
      unreadable: 0,
      failures: { '400 PAYLOAD_VALIDATION_FAILED': 15, 'no mapping takes such alias calls': 1 },
      held: []
    })
    expect(readdirSync(path.join(ROOT, 'examples/refused'))).toHaveLength(16)
    for (const { runs } of lines.slice(0, -1)) {
      for (const { exchanges, error } of runs ?? []) {
        expect(exchanges).toStrictEqual([])
        expect(error).toMatchObject({ status: 400, message: expect.stringMatching(/\.$/) as string })
      }
    }
  })

  it('says plainly that no mapping takes a call', async () => {
    const { status, output } = await send(['-'], '{"type":"alias","userId":"alice"}')
    expect(status).toBe(1)
    expect(output).toBe(
      '✘ alias  (standard input:1)\n  Not sent: no mapping takes this alias call.\n\n0 of 1 events delivered.\n  1 not delivered: no mapping takes such alias calls\n'
    )
  })

  it('says in one line what is wrong with a file, and sends the others', async () => {
    const { status, output, errors } = await send(['no-such.json', 'examples/06-anonymous.json'])
    expect({ status, errors }).toStrictEqual({ status: 1, errors: '' })
    expect(output).toMatch(/^✘ no-such\.json cannot be read: no such file or directory\n/)
    expect(output).toMatch(/1 of 1 events delivered\. 1 more could not be read\.\n$/)
  })

  it('sends to the environment and region that are named', async () => {
    const { output } = await send(['--json', '--app-id', '11', '--region', 'EU', 'examples/06-anonymous.json'])
    const [event, end] = linesOf(output)
    expect(event.runs?.[0].exchanges[0]).toMatchObject({
      request: { url: 'https://c.eu.heap-api.com/api/integrations/track' },
      response: { statusCode: 200 }
    })
    expect(end.held).toMatchObject([{ region: 'EU', app_id: '11' }])
  })

  it('keeps what an event holds from steering the terminal', async () => {
    const { output } = await send(
      ['-'],
      '{"type":"track","event":"\\u001b[31mred","messageId":"message-0001","userId":"a"}'
    )
    expect(output).not.toContain('\u001b')
  })

  it('writes JSON that steers no terminal, also of an event that nests too deep for it', async () => {
    const deep = `{"type":"track","event":"\u009b2J","messageId":"message-0001","userId":"a","properties":{"a":${'['.repeat(9000)}${']'.repeat(9000)}}}`
    const { output, errors } = await send(
      ['--json', '-'],
      `${deep}\n{"type":"page","name":"\u009b2J\u202e","messageId":"message-0002","userId":"a"}`
    )
    expect(errors).toBe('')
    expect(output).not.toMatch(/[\u0080-\u009f\u202e]/)
    const lines = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object)
    expect(lines).toMatchObject([
      { line: 1, delivered: false, runs: [{ action: 'trackEvent' }] },
      { line: 2, delivered: true, event: { name: '\u009b2J\u202e' } },
      { read: 2 }
    ])
  })

  it('keeps it from forging lines, and from steering the terminal by way of an error', async () => {
    const event = (more: object) => JSON.stringify({ type: 'track', messageId: 'message-0001', userId: 'a', ...more })
    const { output } = await send(
      ['-'],
      [
        event({ event: 'X\n✔ track "Forged"\u202e' }),
        event({ event: 'Y', timestamp: 'Jan 1 20000 (\u001b[31mRED\u001b[2J)\n✔ track "Forged"' }),
        '{"type":"\u009b2J\u007f\\n✔ track"}'
      ].join('\n')
    )
    for (const control of ['\u001b', '\u009b', '\u007f', '\u202e']) expect(output).not.toContain(control)
    expect(output.match(/^✔/gm)).toHaveLength(1)
  })

  it.each([[['--region', 'eu', '--app-id', ' 11 ']], [['--region', ' EU ', '--app-id', '11\n']]])(
    'takes %j as it is meant',
    async (args) => {
      const { output } = await send([...args, '--json', 'examples/06-anonymous.json'])
      expect(linesOf(output).at(-1)?.held).toMatchObject([{ region: 'EU', app_id: '11' }])
    }
  )

  it.each([
    [
      ['nope.json'],
      '✘ nope.json cannot be read: no such file or directory\n\nNothing was sent: no event could be read.\n'
    ],
    [['-'], '✘ standard input is empty\n\nNothing was sent: no event could be read.\n']
  ])('says plainly that there was nothing to send: %j', async (args, wanted) => {
    expect(await send(args)).toStrictEqual({ status: 1, output: wanted, errors: '' })
  })

  it('says that it does not read a folder in a folder', async () => {
    const { output, errors } = await send(['examples'])
    expect(output).toMatch(/10 of 10 events delivered\.\n$/)
    expect(errors).toBe(
      'examples is read, but not the folders in it, such as examples/refused. Name them too, if their events are to be sent.\n'
    )
  })

  it.each([
    [
      ['--live', '--app-id', '11'],
      '--live sends to your Heap environment: name the files of events to send, or - for standard input.'
    ],
    [['--rate', '100'], '--rate goes with --live: without it nothing is sent to Heap, and there is no limit to keep.'],
    [['--mappings', 'nope.json'], 'nope.json cannot be read: no such file or directory.'],
    [['--mappings', 'README.md'], 'README.md:1 is not JSON: invalid symbol.'],
    [['--live'], '--live needs --app-id'],
    [['--app-id', 'abc'], "option '--app-id <id>' argument 'abc' is invalid. It is a number, such as 12343283."],
    [['--region', 'APAC'], "option '--region <region>' argument 'APAC' is invalid. Allowed choices are US, EU."]
  ])('refuses %j in one line', async (args, message) => {
    const { status, output, errors } = await send(args)
    expect({ status, output }).toStrictEqual({ status: 1, output: '' })
    expect(errors).toContain(message)
    expect(errors.trim().split('\n')).toHaveLength(1)
  })
})
