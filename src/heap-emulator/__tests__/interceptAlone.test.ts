import http from 'node:http'
import https from 'node:https'
import { createRequestClient } from '@segment/actions-core'
import { HeapEmulator, interceptHeap } from '..'
import { events, event, INTEGRATIONS_TRACK } from './requests'

const post = () =>
  createRequestClient()(`https://heapanalytics.com${INTEGRATIONS_TRACK}`, { method: 'post', json: events(event()) })

it('leaves node’s http alone before and after, where nobody else uses nock', async () => {
  const nodes = () => [http.ClientRequest, http.request, http.get, https.request, https.get]
  const untouched = nodes()
  for (let round = 0; round < 3; round++) {
    const heap = new HeapEmulator()
    const interception = interceptHeap(heap)
    expect(nodes()).not.toEqual(untouched)
    expect((await post()).status).toBe(200)
    interception.restore()
    expect(nodes()).toEqual(untouched)
  }
})

it('frees a request that was left without an answer even so', async () => {
  const heap = new HeapEmulator()
  const interception = interceptHeap(heap)
  const received = new Promise<void>((resolve) => {
    heap.failWhen(() => {
      resolve()
      return 'no answer'
    })
  })
  const rejection = expect(post()).rejects.toMatchObject({ name: 'FetchError', code: 'ECONNRESET' })
  await received
  await new Promise(setImmediate)
  interception.restore()
  await rejection
})
