import type { ConnectionFault } from './faults'

/** A request as it comes off the wire. Header names may have any casing. */
export interface HeapRequest {
  /** One of Heap's hosts, with or without a port. It decides the region. */
  host: string
  method: string
  /** With the query, if there is one. */
  path: string
  headers: Readonly<Record<string, string | number | string[] | undefined>>
  body: string
}

/** What the emulator responds. */
export interface HeapResponse {
  status: number
  headers: Record<string, string>
  body: string
}

/** A response, or the fate of a connection that whoever carries the request must bring about. */
export type HeapResult = HeapResponse | ConnectionFault

/** What an endpoint responds, before it is written out. */
export interface StatusAndBody {
  status: number
  body: object
}

/** The value of a header, `undefined` if the request has none of this name. */
export function headerOf({ headers }: HeapRequest, name: string): string | undefined {
  const given = Object.keys(headers).find((key) => key.toLowerCase() === name)
  return given === undefined ? undefined : String(headers[given])
}
