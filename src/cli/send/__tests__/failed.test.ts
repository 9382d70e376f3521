import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { inNewFolders, read, track, write } from './folder'
import { sendHere } from './sendHere'

inNewFolders()

describe('send --failed', () => {
  it('lists what was not delivered with the reason, and can be sent again once that is mended', async () => {
    const refused = track(2, { userId: undefined })
    const alias = { type: 'alias', userId: 'a', previousId: 'b' }
    write('events.ndjson', [track(1), refused, '{"type":', alias, track(3), 'null'])
    const { status, output, errors } = await sendHere(['events.ndjson', '--failed', 'failed.ndjson'])

    expect({ status, output, errors }).toStrictEqual({
      status: 1,
      output: `2 of 4 events delivered. 2 more could not be read.
  1 not delivered: 400 PAYLOAD_VALIDATION_FAILED
  1 not delivered: no mapping takes such alias calls
`,
      errors: 'What was not delivered is in failed.ndjson, with the reason; send it again once that is mended.\n'
    })
    const source = 'events.ndjson'
    expect(read('failed.ndjson')).toStrictEqual([
      {
        reason:
          'trackEvent: Identity and Anonymous ID are both missing, so Heap cannot tell whose event this is. Map at least one of them. (400 PAYLOAD_VALIDATION_FAILED)',
        source,
        line: 2,
        event: JSON.parse(JSON.stringify(refused)) as object
      },
      { reason: expect.stringContaining('is not JSON') as string, source, line: 3, text: '{"type":' },
      { reason: 'Not sent: no mapping takes this alias call.', source, line: 4, event: alias },
      { reason: 'is not a Segment event: it is null, not an object', source, line: 6, text: 'null' }
    ])

    const mended = readFileSync('failed.ndjson', 'utf8').replace('"Counted",', '"Counted","userId":"u",')
    writeFileSync('mended.ndjson', mended)
    const again = await sendHere(['mended.ndjson', '--failed', 'failed-again.ndjson'])
    expect(again.output).toMatch(/^1 of 2 events delivered\. 2 more could not be read\./)
    expect(read('failed-again.ndjson')).toMatchObject([
      { text: '{"type":', line: 2 },
      { event: alias },
      { text: 'null' }
    ])
  })

  it('leaves no file of its own behind when it has ended', async () => {
    write('events.ndjson', [track(1)])
    await sendHere(['events.ndjson', '--failed', 'failed.ndjson'])
    expect(readdirSync('.').sort()).toStrictEqual(['events.ndjson', 'failed.ndjson'])
    expect(readFileSync('failed.ndjson', 'utf8')).toBe('')
  })

  it('does not write over what a file holds already', async () => {
    write('events.ndjson', [track(1)])
    write('failed.ndjson', ['precious'])
    const { status, output, errors } = await sendHere(['events.ndjson', '--failed', 'failed.ndjson'])
    expect({ status, output, errors }).toStrictEqual({
      status: 1,
      output: '',
      errors:
        'error: failed.ndjson exists already. Name another file, or go on with --resume if it is of a stopped send.\n'
    })
    expect(readFileSync('failed.ndjson', 'utf8')).toBe('precious')
  })

  it('reads the standard input once', async () => {
    const { status, errors } = await sendHere(['-', '-'])
    expect({ status, errors }).toStrictEqual({ status: 1, errors: 'error: The standard input can be named once.\n' })
  })

  it('lists an event that nests too deep by its text, and can be sent again', async () => {
    const deep = JSON.stringify(track(1, { properties: { deep: 0 } })).replace(
      '"deep":0',
      `"deep":${'['.repeat(20_000)}${']'.repeat(20_000)}`
    )
    write('events.ndjson', [deep, track(2)])
    for (const [from, to] of [
      ['events.ndjson', 'failed.ndjson'],
      ['failed.ndjson', 'again.ndjson']
    ]) {
      const { output, errors } = await sendHere([from, '--failed', to])
      expect(output).toContain('1 not delivered: ')
      expect(errors).toMatch(/^What was not delivered is in .*\n$/)
    }
    expect(read('failed.ndjson')).toMatchObject([{ line: 1, text: deep }])
    expect(readFileSync('again.ndjson', 'utf8')).toContain('[[[[')
  })
})
