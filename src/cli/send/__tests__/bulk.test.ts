import { readFileSync, writeFileSync } from 'node:fs'
import { inNewFolders, read, track, write } from './folder'
import { sendHere } from './sendHere'

inNewFolders()

describe('send of many events', () => {
  it('shows the first 20, sends the rest in batches, and names those that fail', async () => {
    const events = Array.from({ length: 1500 }, (_, index) => track(index))
    events[100] = track(100, { userId: ' null ' })
    write('events.ndjson.gz', events)
    const { status, output, errors } = await sendHere(['events.ndjson.gz'])
    expect({ status, errors }).toStrictEqual({ status: 1, errors: '' })
    expect(output.match(/^✔ track "Counted"/gm)).toHaveLength(20)
    expect(output).toContain('✘ events.ndjson.gz:101 trackEvent: Identity is "null", a placeholder that names nobody')
    expect(output).toMatch(/\n1,499 of 1,500 events delivered\.\n {2}1 not delivered: 400 PAYLOAD_VALIDATION_FAILED\n$/)
  })

  it('delivers the neighbours of an event that the framework itself fails over', async () => {
    const deep = `${'{"a":'.repeat(9000)}1${'}'.repeat(9000)}`
    write('events.ndjson', [track(1), JSON.stringify(track(2)).replace(/}$/, `,"properties":${deep}}`), track(3)])
    const { output } = await sendHere(['events.ndjson', '--failed', 'failed.ndjson'])
    expect(output).toBe('2 of 3 events delivered.\n  1 not delivered: Maximum call stack size exceeded\n')
    // Where it is too deep to be written again, it stays the text that it was read from.
    expect(read('failed.ndjson')).toMatchObject([{ line: 2, text: expect.stringContaining('"message-2"') as string }])
  })

  it('goes on after an event whose name is no text', async () => {
    const odd = { event: { toString: 1 } }
    write('events.ndjson', [track(1, odd), '{"type":"identify","name":{"toString":1},"userId":"u"}', track(2)])
    const { output, errors } = await sendHere(['events.ndjson'])
    expect(errors).toBe('')
    expect(output).toMatch(/✘ track {2}\(events\.ndjson:1\)[^]*✔ identify {2}\(events\.ndjson:2\)[^]*✔ track "Counted"/)
    expect(output).toContain('2 of 3 events delivered.')
  })

  it('keeps what the integrations of an event keep from Heap', async () => {
    write('events.ndjson', [
      track(1, { integrations: { All: false } }),
      track(2, { integrations: { All: true, Heap: false } }),
      track(3, { integrations: { All: false, Heap: true } }),
      track(4, { integrations: { 'Some Other': false } })
    ])
    const { status, output } = await sendHere(['events.ndjson', '--failed', 'failed.ndjson'])
    expect({ status, output }).toStrictEqual({
      status: 0,
      output: '2 of 4 events delivered.\n  2 left out: their "integrations" keep them from Heap\n'
    })
  })

  it('reads a broken archive as far as it goes, and says where it ends', async () => {
    write(
      'events.ndjson.gz',
      Array.from({ length: 50 }, (_, index) => track(index))
    )
    const file = 'events.ndjson.gz'
    writeFileSync(file, readFileSync(file).subarray(0, -30))
    const { status, output } = await sendHere(['events.ndjson.gz', '--failed', 'failed.ndjson'])
    expect(status).toBe(1)
    expect(output).toMatch(/^\d+ of \d+ events delivered\. 2 more could not be read\.\n/)
    // The line that it breaks off in, and all that would have followed.
    expect(read('failed.ndjson')).toMatchObject([
      { reason: expect.stringContaining('is not JSON') as string, text: expect.stringMatching(/^\{/) as string },
      { reason: 'cannot be read: unexpected end of file' }
    ])
  })

  it('sends through the mappings of a file', async () => {
    write('events.ndjson', [track(1, { userId: undefined, context: { device: { id: 'device-1' } } })])
    writeFileSync(
      'mappings.json',
      JSON.stringify([
        {
          name: 'By device',
          enabled: true,
          partnerAction: 'trackEvent',
          subscribe: 'event = "Counted"',
          mapping: {
            message_id: { '@path': '$.messageId' },
            event: 'Mapped',
            anonymous_id: { '@path': '$.context.device.id' }
          }
        },
        { enabled: false, partnerAction: 'trackEvent', subscribe: 'type = "track"', mapping: {} }
      ])
    )
    const { status, output } = await sendHere(['events.ndjson', '--json', '--mappings', 'mappings.json'])
    expect(status).toBe(0)
    const [result] = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { runs: object[] })
    expect(result.runs).toMatchObject([
      {
        subscription: 'By device',
        payload: { message_id: 'message-1', event: 'Mapped', anonymous_id: 'device-1' },
        exchanges: [{ request: { body: { events: [{ event: 'Mapped' }] } }, response: { statusCode: 200 } }]
      }
    ])
  })

  it('refuses mappings that cannot work, in one line', async () => {
    writeFileSync('mappings.json', 'no JSON')
    write('events.ndjson', [track(1)])
    const { status, output, errors } = await sendHere(['events.ndjson', '--mappings', 'mappings.json'])
    expect({ status, output, errors }).toStrictEqual({
      status: 1,
      output: '',
      errors: 'error: mappings.json:1 is not JSON: invalid symbol.\n'
    })
  })
})
