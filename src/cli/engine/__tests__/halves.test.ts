import * as fc from 'fast-check'
import { inHalves } from '../halves'

it('gives each event its result, whichever make a batch throw', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }), async (isSound) => {
      const run = async (events: boolean[]) => {
        if (events.includes(false)) throw new Error('unsound')
        return events.map(() => 'run')
      }
      const results = await inHalves(isSound, run, (error) => (error as Error).message)
      expect(results).toStrictEqual(isSound.map((sound) => (sound ? 'run' : 'unsound')))
    })
  )
})
