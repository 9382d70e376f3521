import { requestsOf } from '../../__tests__/__helpers__/requestsOf'

const seedName = 'Heap#identifyUser'

describe('requests of identifyUser', () => {
  it('with the required fields and every ID', async () => {
    expect(await requestsOf('identifyUser', seedName, true)).toMatchSnapshot()
  })

  it('with every field', async () => {
    expect(await requestsOf('identifyUser', seedName, false)).toMatchSnapshot()
  })
})
