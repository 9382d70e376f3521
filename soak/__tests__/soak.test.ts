import { COMMAND } from '../../src/cli/__tests__/run'
import { soak } from '../soak'

describe('a send through faults that is killed and resumed', () => {
  it('stores each event once or lists it, and keeps profiles up to date', async () => {
    const { lost, doubled, stale, stored, sent, failed, faults } = await soak(6000, COMMAND)
    expect({ lost, doubled, stale }).toStrictEqual({ lost: [], doubled: [], stale: [] })
    // Nothing of this would mean much if little had happened.
    expect(faults).toBeGreaterThan(5)
    expect(failed).toBeGreaterThan(50)
    expect(stored).toBeGreaterThan(sent * 0.9)
  })
})
