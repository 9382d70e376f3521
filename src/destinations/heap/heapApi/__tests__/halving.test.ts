import { MAX_EXTRA_REQUESTS, postEach } from '../halving'

type Entry = { person: number; isBad?: boolean }

/** Posts entries to a Heap that refuses each request which holds a bad one, and keeps the requests. */
async function post(entries: Entry[]) {
  const requests: Entry[][] = []
  const responses = await postEach(
    entries,
    (some) => {
      requests.push(some)
      return Promise.resolve({ status: some.some(({ isBad }) => isBad) ? 400 : 200, body: String(requests.length) })
    },
    (one, next) => one.person === next.person
  )
  return { requests, responses }
}

function entriesOf(person: number, count: number): Entry[] {
  return Array.from({ length: count }, () => ({ person }))
}

describe('postEach', () => {
  it('keeps in one request what belongs together', async () => {
    const entries = [...entriesOf(1, 700), ...entriesOf(2, 400), ...entriesOf(3, 300)]
    const { requests, responses } = await post(entries)
    expect(requests.map(({ length }) => length)).toStrictEqual([700, 700])
    expect(responses.map(({ body }) => body)).toStrictEqual([
      ...entriesOf(1, 700).map(() => '1'),
      ...entriesOf(2, 700).map(() => '2')
    ])
  })

  it('splits what is too much for one request all the same', async () => {
    const { requests } = await post([...entriesOf(1, 1), ...entriesOf(2, 2500)])
    expect(requests.map(({ length }) => length)).toStrictEqual([1, 1000, 1000, 500])
  })

  it('halves between people as long as it can, and singles out the culprit', async () => {
    const bad: Entry = { person: 2, isBad: true }
    const entries = [...entriesOf(1, 3), { person: 2 }, bad, { person: 2 }, ...entriesOf(3, 2)]
    const { requests, responses } = await post(entries)
    expect(responses.map(({ status }) => status)).toStrictEqual(entries.map(({ isBad }) => (isBad ? 400 : 200)))
    expect(requests[1]).toStrictEqual(entriesOf(1, 3))
    expect(requests[2].map(({ person }) => person)).toStrictEqual([2, 2, 2])
    expect(requests.at(-1)).toHaveLength(1)
  })

  it('makes no more requests than agreed', async () => {
    const entries = Array.from({ length: 1000 }, (_, person) => ({ person, isBad: true }))
    const { requests, responses } = await post(entries)
    expect(requests.length).toBeLessThanOrEqual(1 + MAX_EXTRA_REQUESTS)
    expect(responses).toHaveLength(1000)
    expect(responses.every(({ status }) => status === 400)).toBe(true)
  })
})
