// In place of actions-core's fetch.js. Only `Response` is used, to recognize one.
export { Response } from './requestClient'

function unavailable(): never {
  throw new Error('A Segment Function has one request client, which is handed to the action.')
}

export { unavailable as default, unavailable as Headers, unavailable as Request }
