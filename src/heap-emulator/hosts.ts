/** The two places where Heap keeps data. What is sent to one is never seen in the other (Heap, Hosts). */
export type Region = 'US' | 'EU'

/** The host that takes each region's data, always over https (Heap, Hosts). */
export const HEAP_HOSTS: Readonly<Record<Region, string>> = {
  US: 'heapanalytics.com',
  EU: 'c.eu.heap-api.com'
}

/**
 * The region that a host belongs to.
 *
 * @param host A host name in any casing, with or without a port.
 * @returns `undefined` for a host that is not Heap's.
 */
export function regionOf(host: string): Region | undefined {
  const name = host.toLowerCase().replace(/:\d+$/, '')
  if (name === HEAP_HOSTS.US) return 'US'
  if (name === HEAP_HOSTS.EU) return 'EU'
  return undefined
}
