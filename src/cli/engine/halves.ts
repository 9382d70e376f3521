/**
 * Runs a batch. Where that throws, its halves are run, so that an event over which the framework throws stands alone in
 * the end and does not take its neighbours along.
 *
 * @param run gives the result of each event, in the same order
 * @param failed gives the result of an event over which `run` throws
 */
export async function inHalves<Event, Result>(
  events: Event[],
  run: (events: Event[]) => Promise<Result[]>,
  failed: (error: unknown) => Result
): Promise<Result[]> {
  try {
    return await run(events)
  } catch (error) {
    if (events.length === 1) return [failed(error)]
    const half = Math.ceil(events.length / 2)
    const first = await inHalves(events.slice(0, half), run, failed)
    return [...first, ...(await inHalves(events.slice(half), run, failed))]
  }
}
