/** A call, or anything else that has a place in the order, from when it was made until all its steps have run. */
export interface Entry {
  /** The place in the order in which entries were added. */
  readonly number: number
  /** It waits for all entries before it, and all after it wait for it. */
  readonly isBarrier: boolean
  /** More steps may come for it. */
  isOpen: boolean
  /** Steps that have not run. */
  readonly steps: (() => void)[]
}

/** Runs the steps of entries, in the order in which the entries were added, as far as the order matters. */
export interface Ordering {
  /** Numbers a new entry. Call it when the call is made. */
  add: (isBarrier: boolean) => Entry
  /** Runs a step for an entry, which is settled with it, as soon as the entry may go. Never within this call. */
  run: (entry: Entry, step: () => void) => void
  /** No further step will come for this entry. */
  settle: (entry: Entry) => void
  /** Runs all waiting steps at once, in order. */
  flush: () => void
}

/** How many pieces a wait is counted in: after the page was busy for long, what that held up arrives between two of them. */
const PIECES = 10

/**
 * Keeps the order by one rule: a barrier goes when no entry before it is open, and the entries after it go when it has gone. Entries
 * between two barriers do not wait for each other; of steps that come together, the one of the lower number is run first.
 *
 * If nothing that a step waits for has come for `timeout` milliseconds, the first waiting step runs anyway.
 *
 * @param canTimeOut until it resolves, steps wait without end
 */
export function createOrdering(canTimeOut: Promise<unknown>, timeout = 1000): Ordering {
  const entries = new Map<number, Entry>()
  let lastNumber = 0
  /** All entries before this one are settled, and forgotten here. */
  let firstOpen = 1
  /** The entries before this one may go: it is the first barrier that waits, or is waited for. */
  let next = 1
  let arrived: Entry[] = []
  let waiting = 0
  let isScheduled = false
  let isAdvancing = false
  let isTiming = false
  let quietPieces = 0

  function add(isBarrier: boolean): Entry {
    const entry = { number: ++lastNumber, isBarrier, isOpen: true, steps: [] }
    entries.set(lastNumber, entry)
    return entry
  }

  function run(entry: Entry, step: () => void): void {
    entry.steps.push(step)
    arrived.push(entry)
    waiting++
    schedule()
  }

  function settle(entry: Entry): void {
    if (!entry.isOpen) return
    close(entry)
    schedule()
  }

  function flush(): void {
    // A running step may flush.
    if (isAdvancing) return
    advance()
    while (waiting > 0) letFirstGo()
  }

  /** The steps of one call come one by one, within one task. */
  function schedule(): void {
    if (!isScheduled) setTimeout(advance)
    isScheduled = true
  }

  function advance(): void {
    isScheduled = false
    isAdvancing = true
    const free = arrived.filter(({ number }) => number < next)
    arrived = []
    for (const entry of free.sort((one, other) => one.number - other.number)) runStepsOf(entry)
    for (let entry = entries.get(next); entry && !mustWait(entry); entry = entries.get(next)) {
      next++
      runStepsOf(entry)
    }
    isAdvancing = false
    if (waiting > 0) startTiming()
  }

  function mustWait(entry: Entry): boolean {
    while (firstOpen < next && !entries.get(firstOpen)?.isOpen) entries.delete(firstOpen++)
    return entry.isBarrier && entry.isOpen && (firstOpen < next || entry.steps.length === 0)
  }

  function runStepsOf(entry: Entry): void {
    if (entry.steps.length === 0) return
    close(entry)
    for (const step of entry.steps.splice(0)) {
      waiting--
      step()
    }
  }

  function close(entry: Entry): void {
    entry.isOpen = false
    if (entry.number <= next) quietPieces = 0
  }

  function startTiming(): void {
    if (isTiming) return
    isTiming = true
    quietPieces = 0
    void canTimeOut.then(countPieces)
  }

  function countPieces(): void {
    setTimeout(() => {
      if (++quietPieces >= PIECES) letFirstGo()
      isTiming = waiting > 0
      if (isTiming) countPieces()
    }, timeout / PIECES)
  }

  /** The first waiting entry goes without those that it waits for. */
  function letFirstGo(): void {
    const first = firstWaiting()
    if (!first) return
    for (let number = firstOpen; number < first.number; number++) {
      const entry = entries.get(number)
      if (entry && (entry.isBarrier || first.isBarrier)) close(entry)
    }
    advance()
  }

  function firstWaiting(): Entry | undefined {
    for (let number = next; number <= lastNumber; number++) {
      const entry = entries.get(number)
      if (entry && entry.steps.length > 0) return entry
    }
    return undefined
  }

  return { add, run, settle, flush }
}
