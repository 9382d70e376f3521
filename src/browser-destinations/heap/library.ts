import type { Settings } from './generated-types'

/** The settings of the destination, and options that only the page knows. */
export interface PageSettings extends Settings {
  /** The nonce of the page's Content-Security-Policy, for the script that loads Heap. */
  nonce?: string
}

/** Heap, Data Residency: where each region's library comes from. */
const LIBRARY_HOSTS = { US: 'cdn.us.heap-api.com', EU: 'cdn.eu.heap-api.com' }
const CLASSIC_HOST = 'cdn.heapanalytics.com'

/** Heap's library, current or classic, from whatever host, with its App ID. */
export const LIBRARY = /\/config\/(\d+)\/heap_config\.js([?#]|$)/
export const CLASSIC = /\/js\/heap-(\d+)\.js([?#]|$)/

/** Which of Heap's libraries is loaded from where, and what its loader leaves for it on `window.heap`. */
export interface Library {
  url: string
  global: {
    envId: string
    clientConfig: Record<string, unknown>
    /** What the classic library calls the two. */
    appid?: string
    config?: Record<string, unknown>
  }
}

export function appIdOf({ appId }: Settings): string {
  return String(appId ?? '').trim()
}

/**
 * The library that the settings name. It is the classic one if there is a Tracking Server, and a Hostname or no Ingest
 * Server beside it.
 *
 * @throws Error for settings that name no library; a wrong one would send what visitors do to somebody else
 */
export function libraryOf(settings: Settings): Library {
  const { region, hostname, disableTextCapture, secureCookie } = settings
  const id = appIdOf(settings)
  if (!/^\d+$/.test(id)) throw new Error('App ID is not a Heap environment ID, which is a number such as 12343283')
  const place = region || 'US'
  if (place !== 'US' && place !== 'EU') throw new Error(`Data Region "${place}" is unknown; select US or EU`)
  const host = hostname?.trim()
  if (host && !/^[\w.-]+(:\d+)?$/.test(host))
    throw new Error(`Hostname "${host}" is not a host name such as heap.example.com`)
  const ingestServer = urlOf('Ingest Server', settings.ingestServer)
  const trackingServer = urlOf('Tracking Server', settings.trackingServer)
  const clientConfig = {
    ...(typeof disableTextCapture === 'boolean' && { disableTextCapture }),
    ...(typeof secureCookie === 'boolean' && { secureCookie }),
    ...(ingestServer && { ingestServer }),
    ...(trackingServer && { trackingServer }),
    shouldFetchServerConfig: false
  }
  if (trackingServer && (host || !ingestServer)) {
    const url = `https://${host || CLASSIC_HOST}/js/heap-${id}.js`
    return { url, global: { envId: id, clientConfig, appid: id, config: clientConfig } }
  }
  return {
    url: `https://${host || LIBRARY_HOSTS[place]}/config/${id}/heap_config.js`,
    global: { envId: id, clientConfig }
  }
}

function urlOf(label: string, given: string | undefined): string | undefined {
  const text = given?.trim()
  if (!text) return undefined
  const url = text.includes('://') ? text : `https://${text}`
  if (!/^https?:\/\/[^\s/]+\S*$/.test(url))
    throw new Error(`${label} "${text}" is not a URL such as https://heap.example.com`)
  return url
}
