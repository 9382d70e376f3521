import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Checkpoint, isCheckpoint } from '../checkpoint'
import { emptyTally } from '../tally'

const before = process.cwd()
let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'checkpoint-'))
  process.chdir(folder)
})
afterEach(() => {
  process.chdir(before)
  rmSync(folder, { recursive: true })
})

const sources = [{ name: 'events.ndjson', size: 7 }]
const progress = { stoppedAfter: 'events.ndjson:1', source: 0, items: 1, digest: 'd', tally: emptyTally() }

describe('Checkpoint', () => {
  it('gives back what was saved of the same send, and of no other', () => {
    new Checkpoint(sources, { appId: '1' }).save(progress)
    expect(new Checkpoint(sources, { appId: '1' }).load()).toStrictEqual(progress)
    expect(readdirSync('.').filter(isCheckpoint)).toHaveLength(1)
    const others = [new Checkpoint(sources, { appId: '2' }), new Checkpoint([...sources, ...sources], { appId: '1' })]
    for (const other of others) expect(() => other.load()).toThrow('No stopped send of these files')
    const longer = new Checkpoint([{ name: 'events.ndjson', size: 8 }], { appId: '1' })
    expect(() => longer.load()).toThrow('events.ndjson is not as it was when the send stopped')
  })

  it.each(['{"sources":', 'null', '{}', '[]', '7', '{"saved":{},"seal":{}}'])(
    'says that it cannot be read where it holds %s',
    (text) => {
      const checkpoint = new Checkpoint(sources, {})
      writeFileSync(checkpoint.file, text)
      expect(() => checkpoint.load()).toThrow(unreadable(checkpoint))
    }
  )

  it('says the same of whatever was changed in it', () => {
    const checkpoint = new Checkpoint(sources, {})
    checkpoint.save(progress)
    const text = readFileSync(checkpoint.file, 'utf8')
    for (let index = 0; index < text.length; index++) {
      const other = text[index] === '0' ? '1' : '0'
      writeFileSync(checkpoint.file, text.slice(0, index) + other + text.slice(index + 1))
      expect(() => checkpoint.load()).toThrow(unreadable(checkpoint))
    }
    writeFileSync(checkpoint.file, text)
    expect(checkpoint.load()).toStrictEqual(progress)
  })
})

function unreadable({ file }: Checkpoint): string {
  return `${file} cannot be read, so the send cannot go on. Send without --resume: what Heap has is not stored again.`
}
