import { CLASSIC, LIBRARY, libraryOf } from '../library'
import type { PageSettings } from '../library'

const APP_ID = { appId: '12343283' }

describe('the library', () => {
  it.each<[Partial<PageSettings>, string]>([
    [{}, 'https://cdn.us.heap-api.com/config/12343283/heap_config.js'],
    [{ region: 'US' }, 'https://cdn.us.heap-api.com/config/12343283/heap_config.js'],
    [{ region: '' }, 'https://cdn.us.heap-api.com/config/12343283/heap_config.js'],
    [{ region: 'EU' }, 'https://cdn.eu.heap-api.com/config/12343283/heap_config.js'],
    [{ hostname: ' heap.example.com ' }, 'https://heap.example.com/config/12343283/heap_config.js'],
    [{ hostname: 'localhost:8080', region: 'EU' }, 'https://localhost:8080/config/12343283/heap_config.js'],
    [{ trackingServer: 't.example.com', region: 'EU' }, 'https://cdn.heapanalytics.com/js/heap-12343283.js'],
    [{ appId: ' 12343283 ' }, 'https://cdn.us.heap-api.com/config/12343283/heap_config.js'],
    [{ appId: 12343283 as unknown as string }, 'https://cdn.us.heap-api.com/config/12343283/heap_config.js']
  ])('for %j comes from %s', (settings, url) => {
    expect(libraryOf({ ...APP_ID, ...settings }).url).toBe(url)
  })

  it.each<[Partial<PageSettings>, object]>([
    [{}, {}],
    [{ disableTextCapture: null, secureCookie: null, ingestServer: ' ', trackingServer: '' } as object, {}],
    [
      { disableTextCapture: true, secureCookie: false },
      { disableTextCapture: true, secureCookie: false }
    ],
    [{ ingestServer: 'https://heap.example.com' }, { ingestServer: 'https://heap.example.com' }],
    [{ ingestServer: 'http://localhost:3000/path' }, { ingestServer: 'http://localhost:3000/path' }],
    [{ ingestServer: 'heap.example.com' }, { ingestServer: 'https://heap.example.com' }],
    [{ ingestServer: ' heap.example.com:8443/in ' }, { ingestServer: 'https://heap.example.com:8443/in' }]
  ])('for %j is told %j', (settings, clientConfig) => {
    expect(libraryOf({ ...APP_ID, ...settings }).global).toStrictEqual({
      envId: '12343283',
      clientConfig: { ...clientConfig, shouldFetchServerConfig: false }
    })
  })

  it('is told the same under other names where it is the classic one', () => {
    const config = { trackingServer: 'https://t.example.com', shouldFetchServerConfig: false }
    expect(libraryOf({ ...APP_ID, trackingServer: 't.example.com' }).global).toStrictEqual({
      envId: '12343283',
      clientConfig: config,
      appid: '12343283',
      config
    })
  })

  it.each<[object, string]>([
    [{ appId: undefined }, 'App ID is not a Heap environment ID, which is a number such as 12343283'],
    [{ appId: 'my app' }, 'App ID is not a Heap environment ID, which is a number such as 12343283'],
    [{ appId: '1/../2' }, 'App ID is not a Heap environment ID, which is a number such as 12343283'],
    [{ region: 'APAC' }, 'Data Region "APAC" is unknown; select US or EU'],
    [{ region: 'toString' }, 'Data Region "toString" is unknown; select US or EU'],
    [{ ingestServer: 'two words' }, 'Ingest Server "two words" is not a URL such as https://heap.example.com'],
    [
      { ingestServer: 'ftp://example.com' },
      'Ingest Server "ftp://example.com" is not a URL such as https://heap.example.com'
    ],
    [{ trackingServer: 'https://' }, 'Tracking Server "https://" is not a URL such as https://heap.example.com'],
    [
      { hostname: 'https://heap.example.com' },
      'Hostname "https://heap.example.com" is not a host name such as heap.example.com'
    ]
  ])('is none for %j', (settings, reason) => {
    expect(() => libraryOf({ ...APP_ID, ...settings })).toThrow(new Error(reason))
  })

  it('is known by its address, with its App ID', () => {
    const idOf = (url: string): string | undefined => (LIBRARY.exec(url) ?? CLASSIC.exec(url))?.[1]
    expect(idOf('https://cdn.eu.heap-api.com/config/1/heap_config.js')).toBe('1')
    expect(idOf('https://heap.example.com/config/22/heap_config.js?v=3#top')).toBe('22')
    expect(idOf('https://cdn.heapanalytics.com/js/heap-333.js')).toBe('333')
    expect(idOf('https://example.com/js/heap-333.json')).toBeUndefined()
    expect(idOf('https://example.com/config/heap_config.js')).toBeUndefined()
  })
})
