import destination from '..'
import { requestsOf } from './__helpers__/requestsOf'

describe('requests of the destination', () => {
  describe.each(Object.keys(destination.actions))('for %s', (actionSlug) => {
    const seedName = `${destination.slug}#${actionSlug}`

    it('with the required fields and every ID', async () => {
      expect(await requestsOf(actionSlug, seedName, true)).toMatchSnapshot()
    })

    it('with every field', async () => {
      expect(await requestsOf(actionSlug, seedName, false)).toMatchSnapshot()
    })
  })
})
