/**
 * Stands in for what Heap's CDN answers: it takes the place of the loader's functions, runs what was queued, in order, and notes
 * every call in `window.heapCalls`. It refuses what Heap's library does not take (Heap, API Reference of the web library).
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
    identify: (identity, ...more) => isText(identity, 254) && more.length === 0,
    addUserProperties: (properties, ...more) => isFlat(properties) && more.length === 0,
    track: (event, properties, ...more) => isText(event, 255) && isFlat(properties) && more.length === 0,
    resetIdentity: (...args) => args.length === 0
  }
  for (const [name, check] of Object.entries(checks)) {
    heap[name] = (...args: unknown[]) => {
      if (!check(...args)) throw new Error(`Heap does not take ${name}(${JSON.stringify(args)})`)
      calls.push([name, ...args])
    }
  }
  heap.onReady = (callback: () => void) => callback()
  page.heap = heap
  page.heapCalls = calls
  for (const { name, fn } of heapReadyCb.splice(0)) {
    if (typeof heap[name] !== 'function') throw new Error(`Heap has no ${name}`)
    fn()
  }

  function isText(text: unknown, maxLength: number): boolean {
    return typeof text === 'string' && text.length >= 1 && text.length <= maxLength
  }

  function isFlat(properties: unknown): boolean {
    return (
      typeof properties === 'object' &&
      properties !== null &&
      Object.entries(properties).every(
        ([key, value]) => key.length < 512 && (isValue(value) || (typeof value === 'string' && value.length < 1024))
      )
    )
  }

  function isValue(value: unknown): boolean {
    return typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))
  }
}
