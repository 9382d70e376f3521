// What Liquid uses of Node, out of the globals of Segment's runtime; it reads no files and writes no streams here.
import base64 from './btoa'

interface Digest {
  update(text: string, encoding: string): Digest
  digest(encoding: string): string
}

declare const atob: (base64: string) => string
declare const crypto: { createHash(name: string): Digest; createHmac(name: string, key: string): Digest }

export const createHash = (name: string) => crypto.createHash(name)
export const createHmac = (name: string, key: string) => crypto.createHmac(name, key)

/** Base64 of UTF-8, and back. */
export const Buffer = {
  isBuffer: () => false,
  from: (text: string, encoding: 'utf8' | 'base64') => ({
    toString: () => (encoding === 'utf8' ? base64(text) : utf8(atob(text)))
  })
}

function utf8(bytes: string): string {
  const escaped = Array.from(bytes, (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0')}`)
  try {
    return decodeURIComponent(escaped.join(''))
  } catch {
    throw new Error('base64_decode: the Base64 is not that of a text')
  }
}

function unavailable(): never {
  throw new Error('A Segment Function has no files and no streams.')
}

export {
  unavailable as createRequire,
  unavailable as dirname,
  unavailable as extname,
  unavailable as PassThrough,
  unavailable as readFile,
  unavailable as readFileSync,
  unavailable as realpath,
  unavailable as realpathSync,
  unavailable as resolve,
  unavailable as stat,
  unavailable as statSync
}

export const sep = '/'

export const cwd = () => ''
