import fc from 'fast-check'
import { createOrdering } from '../ordering'
import type { Entry, Ordering } from '../ordering'

const READY = Promise.resolve()

beforeEach(() => {
  jest.useFakeTimers()
})
afterEach(() => {
  jest.useRealTimers()
})

/** An ordering whose steps leave the name of their entry. */
class Calls {
  readonly ran: string[] = []
  private readonly ordering: Ordering
  private readonly entries = new Map<string, Entry>()

  constructor(canTimeOut: Promise<unknown> = READY, timeout?: number) {
    this.ordering = createOrdering(canTimeOut, timeout)
  }

  /** Calls are made in this order; a name in capitals is that of a barrier. */
  make(...names: string[]): this {
    for (const name of names) this.entries.set(name, this.ordering.add(name === name.toUpperCase()))
    return this
  }

  /** Their steps come, in this order, within one task. */
  arrive(...names: string[]): this {
    for (const name of names) this.ordering.run(this.entry(name), () => this.ran.push(name))
    return this
  }

  settle(name: string): this {
    this.ordering.settle(this.entry(name))
    return this
  }

  flush(): this {
    this.ordering.flush()
    return this
  }

  async after(milliseconds: number): Promise<string[]> {
    await jest.advanceTimersByTimeAsync(milliseconds)
    return this.ran
  }

  private entry(name: string): Entry {
    const entry = this.entries.get(name)
    if (!entry) throw new Error(`${name} was not made`)
    return entry
  }
}

describe('calls between two barriers', () => {
  it('do not wait for each other', async () => {
    expect(await new Calls().make('a', 'b', 'c').arrive('c').after(0)).toStrictEqual(['c'])
  })

  it('are run in their order where they come together, the steps of one after each other', async () => {
    const calls = new Calls().make('a', 'b', 'c').arrive('b', 'c', 'a', 'b')
    expect(calls.ran).toStrictEqual([])
    expect(await calls.after(0)).toStrictEqual(['a', 'b', 'b', 'c'])
  })

  it('may be given further steps later', async () => {
    const calls = new Calls().make('a', 'B', 'c').arrive('a', 'B', 'c')
    await calls.after(0)
    expect(await calls.arrive('a').after(0)).toStrictEqual(['a', 'B', 'c', 'a'])
  })
})

describe('a barrier', () => {
  it('waits for the calls before it', async () => {
    const calls = new Calls().make('a', 'b', 'C').arrive('C', 'b')
    expect(await calls.after(0)).toStrictEqual(['b'])
    expect(await calls.arrive('a').after(0)).toStrictEqual(['b', 'a', 'C'])
  })

  it('does not wait for a call that is settled without a step', async () => {
    const calls = new Calls().make('a', 'b', 'C').arrive('C', 'a').settle('b').settle('b')
    expect(await calls.after(0)).toStrictEqual(['a', 'C'])
  })

  it('is waited for by the calls after it, whichever come first', async () => {
    const calls = new Calls().make('A', 'b', 'C', 'd').arrive('d', 'C', 'b')
    expect(await calls.after(0)).toStrictEqual([])
    expect(await calls.arrive('A').after(0)).toStrictEqual(['A', 'b', 'C', 'd'])
  })

  it('is not waited for where it is settled without a step', async () => {
    const calls = new Calls().make('A', 'b').arrive('b')
    expect(await calls.after(0)).toStrictEqual([])
    expect(await calls.settle('A').after(0)).toStrictEqual(['b'])
  })

  it('is run with all of its steps before what comes after it', async () => {
    expect(await new Calls().make('A', 'B').arrive('A', 'B', 'A', 'B').after(0)).toStrictEqual(['A', 'A', 'B', 'B'])
  })
})

describe('what does not come', () => {
  it('is waited for no longer than the timeout, by a barrier', async () => {
    const calls = new Calls().make('held', 'B', 'c').arrive('B', 'c')
    expect(await calls.after(999)).toStrictEqual([])
    expect(await calls.after(1)).toStrictEqual(['B', 'c'])
    expect(await calls.arrive('held').after(0)).toStrictEqual(['B', 'c', 'held'])
  })

  it('is waited for no longer than the timeout, by the calls after a barrier', async () => {
    const calls = new Calls(READY, 50).make('HELD', 'b', 'also held', 'D', 'e').arrive('b', 'D', 'e')
    expect(await calls.after(49)).toStrictEqual([])
    expect(await calls.after(1)).toStrictEqual(['b'])
    expect(await calls.after(50)).toStrictEqual(['b', 'D', 'e'])
  })

  it('is waited for anew whenever something has come that is waited for', async () => {
    const calls = new Calls().make('a', 'b', 'held', 'D', 'e')
    calls.arrive('D')
    await calls.after(900)
    calls.arrive('a')
    await calls.after(900)
    calls.settle('b')
    // Nothing waits for this one.
    await calls.after(900)
    calls.arrive('e')
    expect(await calls.after(99)).toStrictEqual(['a'])
    expect(await calls.after(1)).toStrictEqual(['a', 'D', 'e'])
  })

  it('is waited for without end before timeouts are allowed', async () => {
    let allow = (): void => undefined
    const calls = new Calls(new Promise<void>((resolve) => (allow = resolve))).make('held', 'B').arrive('B')
    expect(await calls.after(100_000)).toStrictEqual([])
    allow()
    expect(await calls.after(999)).toStrictEqual([])
    expect(await calls.after(1)).toStrictEqual(['B'])
  })

  it('is given its time although the page was busy for long', async () => {
    const calls = new Calls().make('a', 'B').arrive('B')
    await calls.after(0)
    // All timers of that time come at once, then the call.
    jest.setSystemTime(Date.now() + 5000)
    jest.runOnlyPendingTimers()
    expect(await calls.arrive('a').after(0)).toStrictEqual(['a', 'B'])
  })

  it('is not waited for once all is flushed, and what comes after that waits again', async () => {
    const calls = new Calls().make('HELD', 'b', 'C', 'd', 'e').arrive('d', 'C', 'b')
    calls.flush()
    expect(calls.ran).toStrictEqual(['b', 'C', 'd'])
    calls.make('F').arrive('F')
    expect(await calls.after(0)).toStrictEqual(['b', 'C', 'd'])
    expect(await calls.arrive('e').after(0)).toStrictEqual(['b', 'C', 'd', 'e', 'F'])
  })
})

it('lets a step add, settle, run and flush', async () => {
  const ordering = createOrdering(READY)
  const ran: string[] = []
  const [first, second, third] = [ordering.add(true), ordering.add(false), ordering.add(true)]
  ordering.run(third, () => ran.push('third'))
  ordering.run(first, () => {
    ran.push('first')
    const inner = ordering.add(false)
    ordering.run(inner, () => ran.push('inner'))
    ordering.settle(second)
    ordering.flush()
  })
  await jest.advanceTimersByTimeAsync(0)
  expect(ran).toStrictEqual(['first', 'third', 'inner'])
})

it('takes 20,000 calls, however they come', async () => {
  const ordering = createOrdering(READY)
  const ran: number[] = []
  const entries = Array.from({ length: 20_000 }, (_, index) => ordering.add(index % 5000 === 2500))
  // Each waits for one that comes after it.
  for (const entry of [...entries].reverse()) ordering.run(entry, () => ran.push(entry.number))
  await jest.advanceTimersByTimeAsync(0)
  expect(ran).toStrictEqual(entries.map(({ number }) => number))
})

/** What may happen to a call. */
type Fate = 'arrives' | 'arrives twice' | 'is settled'

interface Made {
  isBarrier: boolean
  fate: Fate
  /** How many others that are made after it come before it. */
  delay: number
}

const anyCalls = fc.array(
  fc.record<Made>({
    isBarrier: fc.boolean(),
    fate: fc.constantFrom<Fate>('arrives', 'arrives', 'arrives twice', 'is settled'),
    delay: fc.nat({ max: 5 })
  }),
  { maxLength: 40 }
)

describe('whatever is made and comes, in whatever order,', () => {
  /** Makes the calls, then lets them come, with `between` after each; gives the numbers of the entries as their steps were run. */
  async function play(made: Made[], between: (ordering: Ordering) => Promise<void> | void): Promise<number[]> {
    const ordering = createOrdering(READY)
    const ran: number[] = []
    const entries = made.map(({ isBarrier }) => ordering.add(isBarrier))
    const coming = made.map((call, index) => ({ ...call, entry: entries[index], at: index + call.delay }))
    for (const { entry, fate } of coming.sort((one, other) => one.at - other.at)) {
      if (fate === 'is settled') ordering.settle(entry)
      else ordering.run(entry, () => ran.push(entry.number))
      if (fate === 'arrives twice') ordering.run(entry, () => ran.push(entry.number))
      await between(ordering)
    }
    await jest.advanceTimersByTimeAsync(0)
    return ran
  }

  function stepsOf(made: Made[]): number[] {
    const steps: Record<Fate, number> = { arrives: 1, 'arrives twice': 2, 'is settled': 0 }
    return made.flatMap(({ fate }, index) => new Array<number>(steps[fate]).fill(index + 1))
  }

  it('all steps are run once, none across a barrier, and without a wait where nothing is missing', async () => {
    await fc.assert(
      fc.asyncProperty(anyCalls, fc.array(fc.boolean()), async (made, pauses) => {
        let call = 0
        const ran = await play(made, async () => {
          if (pauses[call++]) await jest.advanceTimersByTimeAsync(0)
        })
        expect([...ran].sort((one, other) => one - other)).toStrictEqual(stepsOf(made))
        ran.forEach((number, index) => {
          const passed = ran.slice(index + 1).filter((later) => later < number)
          expect(passed.filter((other) => made[number - 1].isBarrier || made[other - 1].isBarrier)).toStrictEqual([])
        })
      })
    )
  })

  it('all steps are run once where some time out or all is flushed', async () => {
    await fc.assert(
      fc.asyncProperty(anyCalls, fc.array(fc.nat({ max: 1500 })), async (made, pauses) => {
        let call = 0
        const ran = await play(made, async (ordering) => {
          const pause = pauses[call++] ?? 0
          if (pause % 7 === 0) ordering.flush()
          else await jest.advanceTimersByTimeAsync(pause)
        })
        expect(ran.sort((one, other) => one - other)).toStrictEqual(stepsOf(made))
      })
    )
  })

  it('nothing waits for long for what never comes', async () => {
    await fc.assert(
      fc.asyncProperty(anyCalls, fc.array(fc.boolean()), async (made, missing) => {
        const there = made.filter((_, index) => !missing[index])
        const ordering = createOrdering(READY)
        const entries = made.map(({ isBarrier }) => ordering.add(isBarrier))
        let ran = 0
        entries.filter((_, index) => !missing[index]).forEach((entry) => ordering.run(entry, () => ran++))
        // One timeout for each call that is missing.
        await jest.advanceTimersByTimeAsync(1000 * (made.length - there.length))
        expect(ran).toBe(there.length)
      })
    )
  })
})
