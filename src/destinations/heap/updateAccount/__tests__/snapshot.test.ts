import { requestsOf } from '../../__tests__/__helpers__/requestsOf'

const seedName = 'Heap#updateAccount'

describe('requests of updateAccount', () => {
  it('with the required fields and every ID', async () => {
    expect(await requestsOf('updateAccount', seedName, true)).toMatchSnapshot()
  })

  it('with every field', async () => {
    expect(await requestsOf('updateAccount', seedName, false)).toMatchSnapshot()
  })
})
