/** What befalls a connection: it is reset, or stays open and never gets a response. */
export type ConnectionFault = 'reset' | 'no answer'

/**
 * When a fault strikes. With `after: 'storing'` Heap has stored what was sent before the fault hides that it did, the
 * classic cause of duplicates; a request that Heap refuses anyway gets its error, and the fault waits for the next.
 * Without it the fault strikes first and nothing is stored.
 */
export interface FaultTiming {
  after?: 'storing'
}

/** A response with this status (200 to 599). `body` is sent as it is; left out, it is a JSON error. */
export interface ResponseFault extends FaultTiming {
  status: number
  body?: string
  headers?: Record<string, string>
}

/** A failure to act out. The object form of a connection fault says when it strikes. */
export type Fault = ConnectionFault | ({ connection: ConnectionFault } & FaultTiming) | ResponseFault

/** A request as the rules of `failWhen` and the log see it. */
export interface ParsedRequest {
  /** In lower case, without the port. */
  host: string
  method: string
  path: string
  /** The parsed JSON, or the text if it is not JSON. */
  body: unknown
}

/** Decides for each request whether it fails, and how; `undefined` lets it pass. */
export type FaultRule = (request: ParsedRequest) => Fault | undefined

/** A fault that awaits a request. Calling `spend` says that it has struck. */
export interface PendingFault {
  fault: Fault
  spend(): void
}

/** The faults that have been ordered. */
export class Faults {
  private readonly queue: { fault: Fault; path: string | undefined; times: number }[] = []
  private readonly rules: FaultRule[] = []

  /** See `HeapEmulator.failNext`. */
  failNext(fault: Fault, times: number, path: string | undefined): void {
    if (!Number.isInteger(times) || times < 1) throw new RangeError(`times is ${times}; it must be 1 or more`)
    checkFault(fault)
    this.queue.push({ fault, path, times })
  }

  /** See `HeapEmulator.failWhen`. */
  failWhen(rule: FaultRule): () => void {
    this.rules.push(rule)
    return () => {
      const index = this.rules.indexOf(rule)
      if (index !== -1) this.rules.splice(index, 1)
    }
  }

  /** The fault for this request: the first one queued for it, else that of the first rule that has one. */
  find(request: ParsedRequest): PendingFault | undefined {
    const queued = this.queue.find(({ path }) => path === undefined || path === request.path)
    if (queued) return { fault: queued.fault, spend: () => this.spend(queued) }
    for (const rule of this.rules) {
      const fault = rule(request)
      if (fault === undefined) continue
      checkFault(fault)
      return { fault, spend: () => undefined }
    }
    return undefined
  }

  /** Forgets every fault and rule. */
  clear(): void {
    this.queue.length = 0
    this.rules.length = 0
  }

  private spend(queued: (typeof this.queue)[number]): void {
    queued.times -= 1
    if (queued.times === 0) this.queue.splice(this.queue.indexOf(queued), 1)
  }
}

/** Whether Heap stores what was sent before the fault strikes. */
export function strikesAfterStoring(fault: Fault): boolean {
  return typeof fault === 'object' && fault.after === 'storing'
}

function checkFault(fault: Fault): void {
  if (typeof fault !== 'object' || !('status' in fault)) return
  const { status } = fault
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new RangeError(`The status of a fault is ${status}; it must be a whole number from 200 to 599`)
  }
}
