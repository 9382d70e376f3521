import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { heapDestination, runNode, ROOT } from '../../__tests__/run'

describe('heap-destination generate', () => {
  it('finds every generated file up to date', async () => {
    expect(await heapDestination(['generate', '--check'])).toStrictEqual({
      status: 0,
      output: 'Every generated file is up to date.\n',
      errors: ''
    })
  })

  describe('where the definition has changed', () => {
    const action = 'src/destinations/heap/trackEvent/index.ts'
    let copy: string

    beforeEach(async () => {
      copy = await mkdtemp(path.join(tmpdir(), 'generate-'))
      await symlink(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'))
      for (const folder of ['bin', 'src'])
        await cp(path.join(ROOT, folder), path.join(copy, folder), { recursive: true })
      const text = await readFile(path.join(copy, action), 'utf8')
      await writeFile(
        path.join(copy, action),
        text.replace("label: 'Message ID',", "label: 'Changed', multiple: true,")
      )
    })
    afterEach(() => rm(copy, { recursive: true }))

    it('says what is stale, and writes it', async () => {
      const types = 'src/destinations/heap/trackEvent/generated-types.ts'
      const metadata = 'src/destinations/heap/metadata.json'
      const stale = await runNode(['bin/heap-destination.js', ...['generate', '--check']], { cwd: copy })
      expect(stale).toStrictEqual({
        status: 1,
        output: `Stale: ${types}\nStale: ${metadata}\nRun npm run generate and commit what it writes.\n`,
        errors: ''
      })
      const written = await runNode(['bin/heap-destination.js', ...['generate']], { cwd: copy })
      expect(written).toStrictEqual({ status: 0, output: `Wrote: ${types}\nWrote: ${metadata}\n`, errors: '' })
      expect(await readFile(path.join(copy, types), 'utf8')).toContain('message_id: string[]')
      const fresh = await runNode(['bin/heap-destination.js', ...['generate', '--check']], { cwd: copy })
      expect(fresh.status).toBe(0)
    })
  })
})

describe('metadata.json', () => {
  it('names every key of a field, null where the definition has none', async () => {
    const text = await readFile(path.join(ROOT, 'src/destinations/heap/metadata.json'), 'utf8')
    const metadata = JSON.parse(text) as {
      slug: string
      actions: { trackEvent: { hidden: unknown; fields: { event: object } } }
    }
    expect(metadata.slug).toBe('actions-heap-cloud')
    expect(metadata.actions.trackEvent.hidden).toBeNull()
    expect(metadata.actions.trackEvent.fields.event).toStrictEqual({
      label: 'Event Name',
      description: expect.stringMatching(/^What happened/) as string,
      type: 'string',
      required: null,
      default: { '@path': '$.event' },
      choices: null,
      multiple: null,
      allowNull: null,
      additionalProperties: null,
      properties: null,
      format: null,
      minimum: null,
      maximum: null,
      placeholder: null,
      dynamic: null,
      defaultObjectUI: null,
      unsafe_hidden: null,
      readOnly: null,
      depends_on: null,
      category: null,
      displayMode: null,
      disabledInputMethods: null
    })
  })
})
