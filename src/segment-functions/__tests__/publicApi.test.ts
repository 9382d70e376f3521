import { PublicApi } from '..'
import type { PublicApiOptions } from '..'

const setting = {
  name: 'appId',
  label: 'App ID',
  description: 'A number.',
  type: 'STRING',
  required: true,
  sensitive: false
}
const heap = { code: 'a\nb "\\n"', displayName: 'Heap', resourceType: 'DESTINATION', settings: [setting] }
const instance = { sourceId: 's1', metadataId: 'catalog_1', settings: { appId: '11' } }

function apiWith(options: Partial<PublicApiOptions> = {}) {
  const api = new PublicApi({ token: 'secret', sources: ['s1'], ...options })
  const ask = async (method: string, path: string, body?: unknown, host = 'api.segmentapis.com', token = 'secret') => {
    const response = await api.fetch(`https://${host}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body)
    })
    const text = await response.text()
    return { status: response.status, text }
  }
  const json = async (...args: Parameters<typeof ask>) => {
    const { status, text } = await ask(...args)
    return { status, ...(JSON.parse(text) as object) }
  }
  return { api, ask, json }
}

describe('the stand-in of Segment’s Public API', () => {
  it('makes a function, adds the workspace to its name, and lists it without its code', async () => {
    const { api, json } = apiWith()
    const id = 'dfn_1'
    const listed = { id, displayName: 'Heap (acme)', catalogId: 'catalog_1', resourceType: 'DESTINATION' }
    expect(await json('POST', '/functions', heap)).toMatchObject({
      status: 200,
      data: { function: { ...listed, code: heap.code } }
    })
    const list = await json('GET', '/functions?resourceType=DESTINATION')
    expect(list).toMatchObject({ data: { functions: [listed], pagination: { totalEntries: 1 } } })
    expect(JSON.stringify(list)).not.toContain('"code"')
    expect(await json('PATCH', `/functions/${id}`, { code: 'c', description: '' })).toMatchObject({
      data: { function: { ...listed, code: 'c', settings: [setting] } }
    })
    expect(await json('GET', `/functions/${id}`)).toMatchObject({ data: { function: { code: 'c' } } })
    expect(await json('DELETE', `/functions/${id}`)).toMatchObject({ data: { status: 'SUCCESS' } })
    expect(api.functions).toStrictEqual([])
    expect(api.requests.map(({ method, path }) => `${method} ${path}`)).toStrictEqual([
      'POST /functions',
      'GET /functions?resourceType=DESTINATION',
      'PATCH /functions/dfn_1',
      'GET /functions/dfn_1',
      'DELETE /functions/dfn_1'
    ])
  })

  it('gives long lists in pages', async () => {
    const { json } = apiWith()
    for (const displayName of ['A', 'B', 'C']) await json('POST', '/functions', { ...heap, displayName })
    const page = `/functions?resourceType=DESTINATION&${encodeURIComponent('pagination[count]')}=2`
    const first = await json('GET', page)
    expect(first).toMatchObject({ data: { functions: [{ id: 'dfn_1' }, { id: 'dfn_2' }] } })
    const { next } = (first as unknown as { data: { pagination: { next: string } } }).data.pagination
    const last = await json('GET', `${page}&${encodeURIComponent('pagination[cursor]')}=${encodeURIComponent(next)}`)
    expect(last).toMatchObject({ data: { functions: [{ id: 'dfn_3' }], pagination: { current: next } } })
    expect(JSON.stringify(last)).not.toContain('"next"')
  })

  it('connects a function to a source, once its settings are filled in', async () => {
    const { api, json } = apiWith()
    await json('POST', '/functions', heap)
    expect(await json('POST', '/destinations', { ...instance, name: 'Heap', enabled: false })).toMatchObject({
      data: { destination: { enabled: false, metadata: { id: 'catalog_1' }, settings: { appId: '11' } } }
    })
    const { id } = api.destinations[0]
    expect(await json('PATCH', `/destinations/${id}`, { enabled: true })).toMatchObject({
      data: { destination: { id, name: 'Heap', enabled: true } }
    })
    expect(await json('GET', '/sources/s1/connected-destinations')).toMatchObject({
      data: { destinations: [{ id, enabled: true }] }
    })
  })

  it.each([
    ['POST', '/functions', { ...heap, code: undefined }, 422, 'code is required.'],
    ['POST', '/functions', { ...heap, code: 7 }, 422, 'code must be a text.'],
    ['POST', '/functions', { ...heap, name: 'Heap' }, 422, 'name is not allowed.'],
    ['POST', '/functions', [], 422, 'body must be an object.'],
    ['POST', '/functions', { ...heap, settings: {} }, 422, 'settings must be a list.'],
    [
      'POST',
      '/functions',
      { ...heap, settings: [{ ...setting, sensitive: undefined }] },
      422,
      'sensitive is required.'
    ],
    [
      'POST',
      '/functions',
      { ...heap, settings: [{ ...setting, required: 'no' }] },
      422,
      'required must be true or false.'
    ],
    ['POST', '/functions', { ...heap, settings: [{ ...setting, type: 'SELECT' }] }, 422, 'type is unknown.'],
    ['POST', '/functions', { ...heap, settings: [{ ...setting, choices: [] }] }, 422, 'choices is not allowed.'],
    ['POST', '/functions', { ...heap, code: 'x'.repeat(2000) }, 413, 'The request is too large.'],
    ['PATCH', '/functions/dfn_1', { resourceType: 'SOURCE' }, 422, 'resourceType is not allowed.'],
    ['PATCH', '/functions/dfn_9', { code: 'c' }, 404, 'There is no function dfn_9.'],
    ['POST', '/functions/dfn_1/deploy', undefined, 400, 'Heap (acme) is not a source function.'],
    ['GET', '/functions', undefined, 422, 'resourceType is required.'],
    [
      'GET',
      '/functions?resourceType=DESTINATION&pagination[count]=0',
      undefined,
      422,
      'pagination.count must be from 1 to 1000.'
    ],
    ['GET', '/function', undefined, 404, 'GET /function is not known.'],
    ['POST', '/destinations', { ...instance, sourceId: 's2' }, 404, 'There is no source s2.'],
    [
      'POST',
      '/destinations',
      { ...instance, metadataId: 'dfn_1' },
      404,
      'There is no destination dfn_1 in the catalog.'
    ],
    ['POST', '/destinations', { ...instance, settings: {} }, 422, 'appId is required.'],
    ['POST', '/destinations', { ...instance, settings: { appId: '11', zone: 'EU' } }, 422, 'zone is not allowed.'],
    ['PATCH', '/destinations/d9', { enabled: true }, 404, 'There is no destination d9.'],
    ['GET', '/sources/s2/connected-destinations', undefined, 404, 'There is no source s2.']
  ])('refuses %s %s with %j as %d', async (method, path, body, status, message) => {
    const { json } = apiWith({ bodyLimit: 1000 })
    await json('POST', '/functions', heap)
    expect(await json(method, path, body)).toMatchObject({ status, errors: [{ message }] })
  })

  it('takes no more functions than a workspace may have', async () => {
    const { json } = apiWith()
    for (let number = 0; number < 25; number++) await json('POST', '/functions', heap)
    expect(await json('POST', '/functions', heap)).toMatchObject({ status: 422 })
  })

  it('needs the token, at the host of its region, as JSON', async () => {
    const { api, json, ask } = apiWith()
    const list = ['GET', '/functions?resourceType=DESTINATION', undefined] as const
    expect(await json(...list, 'api.segmentapis.com', 'other')).toMatchObject({ status: 401 })
    expect(await json(...list, 'eu1.api.segmentapis.com')).toMatchObject({ status: 401 })
    expect(api.requests).toStrictEqual([])
    await expect(ask(...list, 'api.segment.test')).rejects.toThrow('fetch failed')
    const post = (headers: Record<string, string>, body: string) =>
      api.fetch('https://api.segmentapis.com/functions', {
        method: 'POST',
        headers: { authorization: 'Bearer secret', ...headers },
        body
      })
    expect((await post({ 'content-type': 'text/plain' }, '{}')).status).toBe(415)
    expect((await post({ 'content-type': 'application/json' }, '{')).status).toBe(400)
  })

  it('can answer as ordered, and with raw line feeds in code', async () => {
    const { api, ask } = apiWith({ rawNewlines: true })
    api.answerNext({ status: 502, body: '<html>' })
    expect(await ask('POST', '/functions', heap)).toStrictEqual({ status: 502, text: '<html>' })
    const { text } = await ask('POST', '/functions', heap)
    expect(text).toContain('"code":"a\nb \\"\\\\n\\""')
    expect(() => void JSON.parse(text)).toThrow(SyntaxError)
  })
})
