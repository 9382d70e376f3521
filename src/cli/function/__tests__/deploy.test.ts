import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { FunctionsRuntime, PublicApi } from '../../../segment-functions'
import type { PublicApiOptions, StoredDestination, StoredFunction } from '../../../segment-functions'
import { UsageError } from '../../usageError'
import { scriptFor } from '../build'
import { deployIn } from '../deploy'
import type { DeployHost, DeployOptions } from '../deploy'

const TOKEN = 'sgp_token-that-is-secret'
const KEY = 'heap-key-that-is-secret'

interface Workspace {
  api: PublicApi
  waits: number[]
  /** All that was ever said or thrown. */
  said: string[]
  deploy: (options?: Partial<DeployOptions>, env?: DeployHost['env']) => Promise<string>
}

const workspaces: Workspace[] = []

function workspace(options: Partial<PublicApiOptions> = {}): Workspace {
  const api = new PublicApi({ token: TOKEN, sources: ['src_1'], ...options })
  const waits: number[] = []
  const said: string[] = []
  const made: Workspace = {
    api,
    waits,
    said,
    /** @returns what was said, or the error in its place */
    async deploy(given = {}, env = { SEGMENT_PUBLIC_API_TOKEN: TOKEN }) {
      const lines: string[] = []
      const host = {
        env,
        fetch: api.fetch,
        report: (line: string) => lines.push(line),
        wait: async (ms: number) => waits.push(ms)
      }
      try {
        expect(await deployIn(host, { name: 'Heap', workspaceRegion: 'US', region: 'US', ...given })).toBe(0)
      } catch (error) {
        if (!(error instanceof UsageError)) throw error
        lines.push(`error: ${error.message}`)
      }
      said.push(...lines)
      return lines.join('\n')
    }
  }
  workspaces.push(made)
  return made
}

/** The requests that change something. */
function changesOf({ requests }: PublicApi) {
  return requests.filter(({ method }) => method !== 'GET')
}

function functionOf(changes: Partial<StoredFunction> = {}): StoredFunction {
  return {
    id: 'dfn_old',
    resourceType: 'DESTINATION',
    createdAt: '2026-01-01T00:00:00.000Z',
    code: 'async function onTrack() {}',
    settings: [],
    displayName: 'Heap (acme)',
    description: '',
    logoUrl: '',
    catalogId: 'catalog_old',
    ...changes
  }
}

let code: string
beforeAll(async () => ({ code } = await scriptFor(undefined)))

// Whatever a test did: neither the token nor Heap's key is to be read anywhere.
afterEach(() => {
  for (const { said, api } of workspaces.splice(0)) {
    expect(said.join('\n')).not.toMatch(/that-is-secret/)
    expect(JSON.stringify(api.functions)).not.toMatch(/that-is-secret/)
    expect(JSON.stringify(api.requests.map(({ path }) => path))).not.toMatch(/that-is-secret/)
  }
})

describe('heap-destination function deploy', () => {
  it('makes the function where there is none, and leaves it alone afterwards', async () => {
    const { api, deploy } = workspace()
    expect(await deploy()).toMatch(
      /^There is no function called Heap yet\. This makes it, with a script of \d+\.\d KB \(\d+\.\d KB gzipped\)\.\nMade Heap \(acme\), dfn_1\.$/
    )
    expect(api.functions).toMatchObject([{ code, displayName: 'Heap (acme)', resourceType: 'DESTINATION' }])
    expect(new FunctionsRuntime(api.functions[0].code).handlers).toContain('onBatch')
    expect(api.functions[0].settings.map(({ name, required, sensitive }) => [name, required, sensitive])).toStrictEqual(
      [
        ['appId', true, false],
        ['region', false, false],
        ['apiKey', false, true]
      ]
    )

    expect(await deploy()).toBe('Heap (acme), dfn_1, is up to date.')
    expect(changesOf(api)).toHaveLength(1)
  })

  it('updates what differs, and says first that every instance changes', async () => {
    const { api, deploy } = workspace()
    api.functions.push(functionOf())
    const said = await deploy()
    expect(said).toMatch(/^Heap \(acme\), dfn_old, gets another script: 0\.0 KB \(.* now, \d+\.\d KB \(.* then\.$/m)
    expect(said).toMatch(/^Heap \(acme\), dfn_old, gets other settings: appId, region, apiKey\.$/m)
    expect(said).toMatch(/This changes every connected instance of it at once\.\nUpdated Heap \(acme\)\.$/)
    expect(api.functions).toMatchObject([{ id: 'dfn_old', code }])
    const [{ method, path, body }] = changesOf(api)
    expect([method, path, Object.keys(body as object)]).toStrictEqual([
      'PATCH',
      '/functions/dfn_old',
      ['code', 'settings']
    ])
  })

  it('sends of the two what differs alone', async () => {
    const { api, deploy } = workspace()
    await deploy()
    api.functions[0].settings[0].required = false
    expect(await deploy()).not.toContain('script')
    api.functions[0].code = `${code}// mine`
    expect(await deploy()).not.toContain('settings')
    expect(changesOf(api).map(({ body }) => Object.keys(body as object))).toMatchObject([{}, ['settings'], ['code']])
  })

  it('deploys the mappings of a file', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'deploy-'))
    const file = path.join(folder, 'mappings.json')
    writeFileSync(
      file,
      JSON.stringify([{ partnerAction: 'trackEvent', subscribe: 'event = "Paid"', mapping: { event: 'X' } }])
    )
    const { api, deploy } = workspace()
    await deploy({ mappings: file })
    expect(api.functions[0].code).toContain('event = \\"Paid\\"')
    writeFileSync(file, '[{ "partnerAction": "trackEvnt", "subscribe": "type = \\"track\\"" }]')
    expect(await deploy({ mappings: file })).toContain('names the action "trackEvnt", which does not exist')
    rmSync(folder, { recursive: true })
  })

  it('changes nothing with --dry-run', async () => {
    const { api, deploy } = workspace()
    expect(await deploy({ dryRun: true, source: 'src_1', appId: '11' })).toMatch(
      /yet\. This makes it, .*\nThis connects it to src_1 with the App ID 11 in the US, without an API key, disabled.*\nNothing was changed, as of --dry-run\.$/
    )
    api.functions.push(functionOf())
    expect(await deploy({ dryRun: true, enable: true, source: 'src_1', appId: '11' })).toMatch(
      /gets another script[^]*changes every connected instance[^]*, enabled\.\nNothing was changed/
    )
    expect(changesOf(api)).toStrictEqual([])
  })

  it('tells functions apart by their names without the workspace’s, on every page of the list', async () => {
    const { api, deploy } = workspace({ workspace: 'Acme (EU)' })
    for (let number = 0; number < 120; number++)
      api.functions.push(functionOf({ id: `dfn_${number}`, displayName: 'Other (Acme (EU))' }))
    api.functions.push(functionOf({ id: 'dfn_test', displayName: 'Heap (test) (Acme (EU))' }))
    api.functions.push(functionOf({ id: 'dfn_heap', displayName: 'Heap (Acme (EU))' }))
    await deploy()
    await deploy({ name: 'Heap (test)' })
    expect(changesOf(api).map(({ path }) => path)).toStrictEqual(['/functions/dfn_heap', '/functions/dfn_test'])
  })

  it('asks for the ID where several have the name', async () => {
    const { api, deploy } = workspace()
    api.functions.push(functionOf({ id: 'dfn_a' }), functionOf({ id: 'dfn_b' }))
    expect(await deploy()).toBe(
      'error: 2 functions are called Heap. Say which one with --function: Heap (acme): dfn_a, Heap (acme): dfn_b.'
    )
    expect(await deploy({ function: 'dfn_b' })).toContain('Updated Heap (acme).')
    expect(api.functions.map((one) => one.code === code)).toStrictEqual([false, true])
    expect(await deploy({ function: 'dfn_c' })).toMatch(/^error: There is no function dfn_c in this workspace\./)
    api.functions.push(functionOf({ id: 'sfn_1', resourceType: 'SOURCE', displayName: 'Heap' }))
    expect(await deploy({ function: 'sfn_1' })).toBe(
      'error: sfn_1 (Heap) is no destination function, so it is left alone.'
    )
  })

  it('asks the API of the region of the workspace', async () => {
    const { api, deploy } = workspace({ region: 'EU' })
    expect(await deploy({ workspaceRegion: 'EU' })).toContain('Made Heap (acme)')
    expect(await deploy()).toMatch(/^error: Segment does not accept the token .* --workspace-region\.$/)
    expect(api.functions).toHaveLength(1)
  })
})

describe('--source', () => {
  const source = { source: 'src_1', appId: '11' }
  const withKey = { SEGMENT_PUBLIC_API_TOKEN: TOKEN, HEAP_API_KEY: KEY }

  it('connects the function, disabled, and leaves it so', async () => {
    const { api, deploy } = workspace()
    expect(await deploy({ ...source, region: 'EU' }, withKey)).toMatch(
      /This connects it to src_1 with the App ID 11 in the EU, with an API key, disabled: .*\nConnected, as destination_2\.$/
    )
    expect(api.destinations).toMatchObject([
      {
        sourceId: 'src_1',
        enabled: false,
        metadata: { id: 'catalog_1' },
        settings: { appId: '11', region: 'EU', apiKey: KEY }
      }
    ])
    expect(await deploy({ ...source, region: 'EU' }, withKey)).toBe(
      'Heap (acme), dfn_1, is up to date.\nIt is connected to src_1 already, as destination_2, and disabled. That stays so.'
    )
    expect(changesOf(api)).toHaveLength(2)
  })

  it('enables it with --enable, at once or later', async () => {
    const { api, deploy } = workspace()
    await deploy({ ...source, enable: true })
    expect(api.destinations).toMatchObject([{ enabled: true, settings: { appId: '11', region: 'US' } }])
    api.destinations[0].enabled = false
    expect(await deploy({ ...source, enable: true, dryRun: true })).toContain('is enabled now')
    expect(api.destinations).toMatchObject([{ enabled: false }])
    expect(await deploy({ ...source, enable: true })).toContain('already, as destination_2. It is enabled now.')
    expect(await deploy({ ...source, enable: true })).toContain('and enabled. That stays so.')
    expect(api.destinations).toMatchObject([{ enabled: true }])
  })

  it('does not move what is connected to another environment', async () => {
    const { api, deploy } = workspace()
    await deploy(source)
    const before = structuredClone(api.destinations)
    expect(await deploy({ ...source, appId: '12' })).toContain('with the App ID 11 in the US. Change that in Segment')
    expect(await deploy({ ...source, region: 'EU' })).toContain('with the App ID 11 in the US. Change that in Segment')
    api.destinations[0].settings.region = ' us'
    expect(await deploy(source)).toContain('That stays so.')
    expect(api.destinations).toMatchObject([{ ...before[0], settings: { appId: '11' } }])
  })

  it('warns of another Heap destination that is enabled', async () => {
    const { api, deploy } = workspace()
    const other: StoredDestination = {
      id: 'destination_old',
      sourceId: 'src_1',
      name: 'prod',
      enabled: true,
      metadata: { id: 'm1', name: 'Heap' },
      settings: {}
    }
    api.destinations.push(
      other,
      { ...other, id: 'd2', metadata: { id: 'm2', name: 'Cheapest' } },
      { ...other, id: 'd3', enabled: false }
    )
    const said = await deploy(source)
    expect(said).toContain('Mind that Heap, destination_old, is enabled for this source too.')
    expect(said).not.toMatch(/\bd[23]\b/)
  })

  it('says what it lacks', async () => {
    const { api, deploy } = workspace()
    expect(await deploy({ source: 'src_1' })).toBe(
      'error: --source needs --app-id, the number of your Heap environment.'
    )
    expect(await deploy({ source: 'src_9', appId: '11' })).toContain(
      'error: There is no source src_9 in this workspace.'
    )
    expect(await deploy({ enable: true })).toMatch(/^error: --app-id and --enable need --source/)
    expect(await deploy({}, {})).toMatch(/^error: SEGMENT_PUBLIC_API_TOKEN is not set\./)
    expect(await deploy({}, { SEGMENT_PUBLIC_API_TOKEN: ' ' })).toMatch(/^error: SEGMENT_PUBLIC_API_TOKEN is not set\./)
    for (const damaged of [`${TOKEN}\n${TOKEN}`, `“${TOKEN}”`, `${TOKEN} x`]) {
      expect(await deploy({}, { SEGMENT_PUBLIC_API_TOKEN: damaged })).toMatch(
        /^error: SEGMENT_PUBLIC_API_TOKEN holds a character that no token has, [^/]*$/
      )
    }
    expect(await deploy({ appId: '11' }, { SEGMENT_PUBLIC_API_TOKEN: `${TOKEN}\n` })).toMatch(/^error: --app-id and/)
    expect(api.destinations).toStrictEqual([])
  })
})

describe('what Segment refuses', () => {
  const answer = (status: number, error: object) => ({
    status,
    body: JSON.stringify({ errors: [{ type: 'x', ...error }] })
  })

  it.each([
    [
      '401',
      answer(401, { message: `${TOKEN} is bad` }),
      /^error: Segment does not accept the token in SEGMENT_PUBLIC_API_TOKEN\./
    ],
    [
      '403',
      answer(403, { message: `No, ${TOKEN}` }),
      /^error: The token .* may not do this: .*plan\. Segment says: No, <redacted>$/
    ],
    ['413', answer(413, {}), /^error: The script is too large for Segment\./],
    [
      '422',
      answer(422, { field: 'code', message: 'is bad' }),
      /^error: Segment refused it with 422\. Segment says: code: is bad$/
    ],
    ['500', answer(500, {}), /^error: Segment answered 500\. Try again later\.$/],
    [
      '502 with a page',
      { status: 502, body: '<html>\n<h1>Bad\ngateway' },
      /^error: Segment answered 502\. Try again later\.$/
    ],
    [
      '200 with a page',
      { status: 200, body: '<html>' },
      /^error: Segment answered GET \/functions with something that cannot be read\.$/
    ],
    [
      '200 without what was asked',
      { status: 200, body: '{"data":{}}' },
      /^error: Segment's answer has no functions\.$/
    ],
    [
      '200 with entries that are none',
      { status: 200, body: '{"data":{"functions":[null,5]}}' },
      /^error: Segment's answer has no list of functions\.$/
    ],
    [
      '200 with no list',
      { status: 200, body: '{"data":{"functions":{}}}' },
      /^error: Segment's answer has no list of functions\.$/
    ]
  ])('with %s is said in one line', async (name, refusal, line) => {
    const { api, deploy } = workspace()
    if (name === '413') api.answerNext({ status: 200, body: '{"data":{"functions":[]}}' })
    api.answerNext(refusal)
    const lines = (await deploy()).split('\n')
    expect(lines.at(-1)).toMatch(line)
    expect(lines.filter((one) => one.startsWith('error'))).toHaveLength(1)
    expect(api.functions).toStrictEqual([])
  })

  it('that goes on where it was is not asked for without end', async () => {
    const { api, deploy } = workspace()
    const page = { status: 200, body: '{"data":{"functions":[{"id":1}],"pagination":{"next":"same"}}}' }
    api.answerNext(page, page)
    const fetch = jest.spyOn(api, 'fetch')
    expect(await deploy()).toContain('Made Heap (acme)')
    expect(fetch.mock.calls.filter(([, init]) => init?.method === 'GET')).toHaveLength(2)
  })

  it('for now, with 429, is asked again as soon as Segment says', async () => {
    const { api, deploy, waits } = workspace()
    api.answerNext(answer(429, { data: { msBeforeNext: 1234 } }), answer(429, {}), { status: 429, body: 'busy' })
    expect(await deploy()).toContain('Made Heap (acme)')
    expect(waits).toStrictEqual([1234, 1000, 1000])
    api.answerNext(...Array.from({ length: 6 }, () => answer(429, { data: { msBeforeNext: 1e9 } })))
    expect(await deploy()).toMatch(/^error: Segment has been asked too often and takes no more for now\./)
    expect(Math.max(...waits)).toBe(60_000)
  })

  it('is not what has raw line feeds in it', async () => {
    const { api, deploy } = workspace({ rawNewlines: true })
    await deploy({ source: 'src_1', appId: '11' })
    expect(api.destinations).toHaveLength(1)
    expect(await deploy()).toBe('Heap (acme), dfn_1, is up to date.')
    api.functions[0].code = 'other'
    expect(await deploy()).toContain('Updated Heap (acme).')
  })

  it('is not known where the network fails', async () => {
    const fetch = async () => {
      throw new TypeError('fetch failed', { cause: new Error(`connect ECONNREFUSED ${TOKEN}`) })
    }
    const host = {
      env: { SEGMENT_PUBLIC_API_TOKEN: TOKEN },
      fetch,
      report: () => undefined,
      wait: async () => undefined
    }
    await expect(deployIn(host, { name: 'Heap', workspaceRegion: 'US', region: 'US' })).rejects.toThrow(
      new UsageError("Segment's Public API could not be reached (connect ECONNREFUSED <redacted>).")
    )
  })

  it('and a function that Segment took with an answer that nobody can read is found in its list', async () => {
    const { api, deploy } = workspace()
    const { fetch } = api
    let made = false
    const unreadable: typeof fetch = async (input, init) => {
      const response = await fetch(input, init)
      made ||= init?.method === 'POST'
      return init?.method === 'POST' ? new Response('<html>', { status: 200 }) : response
    }
    Object.assign(api, { fetch: unreadable })
    expect(await deploy()).toContain('Made Heap (acme), dfn_1.')
    expect(made).toBe(true)
  })
})
