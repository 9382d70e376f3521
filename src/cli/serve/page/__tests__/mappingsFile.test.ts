import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { UsageError } from '../../../usageError'
import { versionOf, writeMappings } from '../mappingsFile'

const MAPPINGS = [{ name: 'A', enabled: false, partnerAction: 'trackEvent', subscribe: 'type = "track"', mapping: {} }]

let folder: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'mappings-file-'))
  file = path.join(folder, 'mappings.json')
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('writeMappings', () => {
  it('writes a list over a list, and leaves nothing else behind', () => {
    writeFileSync(file, '\uFEFF[]')
    const before = versionOf(file)
    const version = writeMappings(file, MAPPINGS)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toStrictEqual(MAPPINGS)
    expect(version).toBe(versionOf(file))
    expect(version).not.toBe(before)
    expect(readdirSync(folder)).toStrictEqual(['mappings.json'])
  })

  it('keeps what else an object holds', () => {
    writeFileSync(file, '{"note": "ours", "subscriptions": []}')
    writeMappings(file, MAPPINGS)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toStrictEqual({ note: 'ours', subscriptions: MAPPINGS })
  })

  it('leaves a link a link', () => {
    writeFileSync(file, '[]')
    const link = path.join(folder, 'link.json')
    symlinkSync(file, link)
    writeMappings(link, MAPPINGS)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toStrictEqual(MAPPINGS)
  })

  it.each(['{"data": {"subscriptions": []}}', '{"values": {"root_module": {}}}'])('leaves %s as it is', (text) => {
    writeFileSync(file, text)
    expect(() => writeMappings(file, MAPPINGS)).toThrow(UsageError)
    expect(readFileSync(file, 'utf8')).toBe(text)
  })

  it('says that a file is gone', () => {
    expect(() => versionOf(file)).toThrow(new UsageError(`${file} cannot be read: no such file or directory.`))
  })

  it('leaves what is not UTF-8 as it is, whose letters would be lost', () => {
    const bytes = Buffer.from('{"note": "été", "subscriptions": []}', 'latin1')
    writeFileSync(file, bytes)
    expect(() => writeMappings(file, MAPPINGS)).toThrow(`${file} is not UTF-8. Save it as UTF-8.`)
    expect(readFileSync(file)).toStrictEqual(bytes)
  })
})
