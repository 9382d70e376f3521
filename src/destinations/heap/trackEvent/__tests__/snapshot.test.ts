import { requestsOf } from '../../__tests__/__helpers__/requestsOf'

const seedName = 'Heap#trackEvent'

describe('requests of trackEvent', () => {
  it('with the required fields and every ID', async () => {
    expect(await requestsOf('trackEvent', seedName, true)).toMatchSnapshot()
  })

  it('with every field', async () => {
    expect(await requestsOf('trackEvent', seedName, false)).toMatchSnapshot()
  })
})
