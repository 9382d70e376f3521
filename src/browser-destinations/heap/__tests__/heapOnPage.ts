/**
 * Stands in for what Heap's CDN answers: it takes the place of the loader's functions, runs what was queued, in order, and notes
 * every call in `window.heapCalls`. It refuses what Heap's library does not take (Heap, Web API).
 */
export function heapOnPage(): void {
  type Call = [name: string, ...args: unknown[]]
  const page = window as unknown as {
    heap?: Record<string, unknown>
    heapReadyCb?: { name: string; fn: () => void }[]
    heapCalls?: Call[]
  }
  const { heap = {}, heapReadyCb = [], heapCalls: calls = [] } = page
  calls.push(['library', heap.envId, heap.clientConfig])

  const checks: Record<string, (...args: unknown[]) => boolean> = {
    identify: (identity, ...more) =>
      typeof identity === 'string' && identity.length >= 1 && identity.length <= 255 && more.length === 0,
    addUserProperties: (properties, ...more) => isFlat(properties) && more.length === 0,
    track: (event, properties, ...more) =>
      typeof event === 'string' && event.length >= 1 && isFlat(properties) && more.length === 0,
    resetIdentity: (...args) => args.length === 0
  }
  for (const [name, check] of Object.entries(checks)) {
    heap[name] = (...args: unknown[]) => {
      if (!check(...args)) throw new Error(`Heap does not take ${name}(${JSON.stringify(args)})`)
      calls.push([name, ...args])
    }
  }
  page.heap = heap
  page.heapCalls = calls
  for (const { name, fn } of heapReadyCb.splice(0)) {
    if (!Object.hasOwn(checks, name)) throw new Error(`Heap has no ${name}`)
    fn()
  }

  function isFlat(properties: unknown): boolean {
    return (
      typeof properties === 'object' &&
      properties !== null &&
      Object.values(properties).every((value) => ['string', 'number', 'boolean'].includes(typeof value))
    )
  }
}
