import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { createRequestClient } from '@segment/actions-core'
import nock from 'nock'
import { post } from '../response'

const US = 'https://heapanalytics.com'
const TRACK = '/api/integrations/track'

const request = createRequestClient()

function postWith(client = request) {
  return post(client, US + TRACK, { app_id: '11', events: [] })
}

beforeEach(() => nock.disableNetConnect())
afterAll(() => nock.restore())
afterEach(() => {
  jest.restoreAllMocks()
  nock.abortPendingRequests()
  nock.cleanAll()
})

describe('post', () => {
  it.each([
    [400, 'BAD_REQUEST'],
    [401, 'UNAUTHORIZED'],
    [429, 'TOO_MANY_REQUESTS'],
    [500, 'INTERNAL_SERVER_ERROR'],
    [599, 'UNKNOWN_ERROR']
  ])('keeps the status %i and the words of Heap', async (status, code) => {
    nock(US).post(TRACK).reply(status, ' too\n much ')
    expect(await postWith()).toStrictEqual({
      status,
      body: ' too\n much ',
      problem: { code, message: `Heap answered ${status}: too much` }
    })
  })

  it('shortens a long response for the person who reads it', async () => {
    nock(US).post(TRACK).reply(400, 'x'.repeat(100_000))
    const response = await postWith()
    expect(response.problem?.message).toBe(`Heap answered 400: ${'x'.repeat(300)}…`)
  })

  it('gives the name of the status instead of a page of HTML', async () => {
    nock(US).post(TRACK).reply(502, '\n<html><body>nginx</body></html>')
    expect((await postWith()).problem?.message).toBe('Heap answered 502: Bad Gateway')
  })

  it('follows no redirect: it would take personal data to a host that nobody chose', async () => {
    const elsewhere = nock('https://elsewhere.example').post(TRACK).reply(200)
    nock(US)
      .post(TRACK)
      .reply(307, '', { location: `https://elsewhere.example${TRACK}` })
    expect(await postWith()).toMatchObject({
      status: 307,
      problem: { message: 'Heap answered 307: Temporary Redirect' }
    })
    expect(elsewhere.isDone()).toBe(false)
  })

  it('asks for a retry when the connection drops', async () => {
    nock(US)
      .post(TRACK)
      .replyWithError(Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }))
    expect(await postWith()).toStrictEqual({
      status: 503,
      body: '',
      problem: {
        code: 'RETRYABLE_ERROR',
        message: `Heap could not be reached (request to ${US}${TRACK} failed, reason: socket hang up)`
      }
    })
  })

  it('asks for a retry when Heap does not answer in time', async () => {
    nock(US).post(TRACK).delayConnection(5000).reply(200)
    const impatient: typeof request = (url, options) => request(url, { ...options, timeout: 20 })
    expect(await postWith(impatient)).toStrictEqual({
      status: 408,
      body: '',
      problem: { code: 'REQUEST_TIMEOUT', message: 'Heap did not answer in time (Request timed out after 20ms)' }
    })
  })

  it('asks for a retry when Segment gives up waiting', async () => {
    nock(US).post(TRACK).delayConnection(5000).reply(200)
    const limited = createRequestClient({ signal: AbortSignal.timeout(20) })
    expect(await postWith(limited)).toMatchObject({ status: 408, problem: { code: 'REQUEST_TIMEOUT' } })
  })

  it('asks for a retry when the request fails in a way nobody knows', async () => {
    const broken: typeof request = () => Promise.reject('out of order')
    expect(await postWith(broken)).toMatchObject({
      status: 503,
      problem: { code: 'RETRYABLE_ERROR', message: 'Heap could not be reached (out of order)' }
    })
  })

  describe('asks for a retry when a response', () => {
    const stalling = () => {
      const body = new Readable({ read: () => undefined })
      body.push('{')
      return body
    }

    it('stalls', async () => {
      nock(US).post(TRACK).reply(200, stalling)
      const impatient: typeof request = (url, options) => request(url, { ...options, timeout: 300 })
      expect(await postWith(impatient)).toStrictEqual({
        status: 408,
        body: '',
        problem: {
          code: 'REQUEST_TIMEOUT',
          message: `Heap did not answer in time (Response timeout while trying to fetch ${US}${TRACK} (over 300ms))`
        }
      })
    })

    it('stalls until Segment gives up waiting', async () => {
      nock(US).post(TRACK).reply(200, stalling)
      const limited = createRequestClient({ signal: AbortSignal.timeout(20) })
      expect(await postWith(limited)).toMatchObject({ status: 408, problem: { code: 'REQUEST_TIMEOUT' } })
    })

    it.each([
      ['has no end', () => Readable.from(endless()), {}],
      ['is a bomb', gzipSync(Buffer.alloc(50_000_000)), { 'content-encoding': 'gzip' }],
      ['is one byte too long', 'x'.repeat(1_000_001), {}]
    ])('%s', async (_what, body, headers) => {
      // node-fetch leaves its timer of 10 s behind where it stops reading, and jest would wait for it.
      const { setTimeout } = globalThis
      jest.spyOn(globalThis, 'setTimeout').mockImplementation((run, delay) => setTimeout(run, delay).unref())
      nock(US).post(TRACK).reply(200, body, headers)
      expect(await postWith()).toStrictEqual({
        status: 503,
        body: '',
        problem: { code: 'RETRYABLE_ERROR', message: 'Heap answered more than 1000000 bytes' }
      })
    })
  })

  it('reads what is as long as is allowed', async () => {
    nock(US).post(TRACK).reply(200, 'x'.repeat(1_000_000))
    expect(await postWith()).toStrictEqual({ status: 200, body: 'x'.repeat(1_000_000) })
  })
})

function* endless(): Iterable<string> {
  for (let chunk = 0; chunk < 1000; chunk++) yield 'x'.repeat(10_000)
}
