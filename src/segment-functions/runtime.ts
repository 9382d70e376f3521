import crypto from 'node:crypto'
import https from 'node:https'
import vm from 'node:vm'
import lodash from 'lodash'
import nodeFetch, { Headers, Request, Response } from 'node-fetch'

/** Segment, Functions: the handlers that a destination function may have. */
const HANDLERS = ['onTrack', 'onIdentify', 'onPage', 'onScreen', 'onGroup', 'onAlias', 'onDelete', 'onBatch'] as const

export type Handler = (typeof HANDLERS)[number]

/** Segment, Functions: a call takes at most so many milliseconds. */
const TIME_LIMIT = 5000

/** Segment, Functions: a batch has so many events unless Segment's support raised it, to 400 at most. */
export const BATCH_SIZE = 20

/** What Segment calls the error of a function. It tries again after two of them, for up to four hours. */
export type ErrorType =
  'EventNotSupported' | 'InvalidEventPayload' | 'ValidationError' | 'RetryError' | 'Bad Request' | 'Timeout'

/** What became of an event. In a batch, an error may be a status in place of a type. */
export type EventResult =
  { delivered: true } | { delivered: false; error: ErrorType | number; message: string; isRetried: boolean }

/** An event as Segment hands it to a function. */
export interface FunctionEvent {
  type: string
}

export interface RuntimeOptions {
  /** Those that Segment documents, or with them those that a runtime of 2023 had; the documented ones if left out. */
  globals?: 'documented' | 'older'
  /** What the script gets as `fetch`; node-fetch 2, as Segment documents, if left out. */
  fetch?: typeof nodeFetch
  /** Milliseconds that a call may take; 5,000 if left out. */
  timeLimit?: number
}

const ERRORS = {
  EventNotSupported: errorClass('EventNotSupported'),
  InvalidEventPayload: errorClass('InvalidEventPayload'),
  ValidationError: errorClass('ValidationError'),
  RetryError: errorClass('RetryError')
}

/** An error class of this name, also where the code is minified. */
function errorClass(name: string): new (message?: string) => Error {
  const named = {
    [name]: class extends Error {
      name = name
    }
  }
  return named[name]
}

/**
 * A stand-in for the runtime of Segment's destination functions: one script in a context of its own, with the globals that
 * Segment documents (but for moment and the clients of other services), no modules, and no code made of text.
 *
 * Source: Segment, Destination Functions.
 */
export class FunctionsRuntime {
  /** The handlers that the script declares. */
  readonly handlers: Handler[]
  /** What the script wrote to the console, where it has one. */
  readonly logs: string[] = []

  private readonly functions: Partial<Record<Handler, (input: unknown, settings: unknown) => unknown>>
  private readonly timeLimit: number

  /**
   * Loads a script.
   *
   * @throws SyntaxError where it does not parse, as `const onTrack = …` does not; Error where it has no handler; and
   * whatever it throws itself
   */
  constructor(
    code: string,
    { globals = 'documented', fetch = nodeFetch, timeLimit = TIME_LIMIT }: RuntimeOptions = {}
  ) {
    this.timeLimit = timeLimit
    const context = vm.createContext(
      { ...documentedGlobals(fetch), ...(globals === 'older' && olderGlobals(this.logs)) },
      { codeGeneration: { strings: false, wasm: false } }
    )
    // Every context of V8 has a console, which Segment does not document.
    if (globals === 'documented') vm.runInContext('delete globalThis.console', context)
    const names = HANDLERS.join(', ')
    const load = vm.runInContext(`(function (${names}) {${code}\nreturn { ${names} }\n})`, context, {
      filename: 'function.js',
      timeout: TIME_LIMIT
    }) as () => typeof this.functions
    this.functions = load()
    this.handlers = HANDLERS.filter((name) => typeof this.functions[name] === 'function')
    if (this.handlers.length === 0) throw new Error('The script has no handler, such as onTrack.')
  }

  /** Calls the handler of one event, as Segment does where few events come. Never throws for what the handler does. */
  async invoke<Event extends FunctionEvent>(event: Event, settings: object): Promise<EventResult> {
    const name = HANDLERS.find((handler) => handler.toLowerCase() === `on${event.type}`)
    const handler = name && name !== 'onBatch' ? this.functions[name] : undefined
    if (!handler) return failed('EventNotSupported', `${event.type} is not supported by this function`)
    const call = await this.call(handler, event, settings)
    return 'failure' in call ? call.failure : { delivered: true }
  }

  /**
   * Calls `onBatch` with events of any kinds.
   *
   * @returns what became of each event, at its index
   * @throws TypeError where the script has no onBatch, or returns what is no list of a status for each event
   */
  async invokeBatch<Event extends FunctionEvent>(events: Event[], settings: object): Promise<EventResult[]> {
    const { onBatch } = this.functions
    if (!onBatch) throw new TypeError('The script has no onBatch.')
    const call = await this.call(onBatch, events, settings)
    if ('failure' in call) return events.map(() => call.failure)
    if (call.value === undefined) return events.map(() => ({ delivered: true }))
    if (!Array.isArray(call.value) || call.value.length !== events.length) {
      throw new TypeError(`onBatch must return a status for each of the ${events.length} events.`)
    }
    return call.value.map(resultOfStatus)
  }

  private async call(
    handler: (input: unknown, settings: unknown) => unknown,
    input: unknown,
    settings: object
  ): Promise<{ value: unknown } | { failure: EventResult }> {
    const start = performance.now()
    let timer: NodeJS.Timeout | undefined
    const timedOut = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Timeout(this.timeLimit)), this.timeLimit)
    })
    try {
      const value = await Promise.race([handler(copyOf(input), copyOf(settings)), timedOut])
      // A script that never waits keeps the timer from firing.
      if (performance.now() - start > this.timeLimit) throw new Timeout(this.timeLimit)
      return { value: copyOf(value) }
    } catch (error) {
      return { failure: failureOf(error) }
    } finally {
      clearTimeout(timer)
    }
  }
}

class Timeout extends Error {
  constructor(timeLimit: number) {
    super(`The function took longer than ${timeLimit} ms`)
  }
}

/** What goes in and out is JSON, and of another realm than the script's. What nests too deep to be written goes as it is. */
function copyOf(value: unknown): unknown {
  if (value === undefined) return undefined
  let text
  try {
    text = JSON.stringify(value)
  } catch (error) {
    if (error instanceof RangeError) return value
    throw error
  }
  return JSON.parse(text)
}

function failed(error: ErrorType | number, message: string): EventResult {
  const isRetried = typeof error === 'number' ? error >= 500 : error === 'RetryError' || error === 'Timeout'
  return { delivered: false, error, message, isRetried }
}

function failureOf(error: unknown): EventResult {
  const message = String((error as { message?: unknown } | undefined)?.message ?? error)
  if (error instanceof Timeout) return failed('Timeout', message)
  const type = (Object.keys(ERRORS) as (keyof typeof ERRORS)[]).find((name) => error instanceof ERRORS[name])
  return failed(type ?? 'Bad Request', message)
}

function resultOfStatus(entry: unknown): EventResult {
  const { status, errormessage } = (entry ?? {}) as { status?: unknown; errormessage?: unknown }
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 200 || status > 599) {
    throw new TypeError(`onBatch must return a status from 200 to 599 for each event, not ${JSON.stringify(entry)}.`)
  }
  if (status < 300) return { delivered: true }
  if (typeof errormessage !== 'string' || errormessage === '') {
    throw new TypeError(`onBatch must say why an event has the status ${status}, as its errormessage.`)
  }
  return failed(status, errormessage)
}

function documentedGlobals(fetch: typeof nodeFetch) {
  return {
    ...ERRORS,
    fetch,
    crypto,
    https,
    _: lodash,
    cache: cache(),
    // As the packages of these names do.
    atob: (base64: string) => Buffer.from(base64, 'base64').toString('binary'),
    btoa: (bytes: string) => Buffer.from(bytes, 'binary').toString('base64')
  }
}

function olderGlobals(logs: string[]) {
  const log = (...values: unknown[]) => void logs.push(values.map(String).join(' '))
  return {
    Buffer,
    URL,
    URLSearchParams,
    Headers,
    Request,
    Response,
    setTimeout,
    setInterval,
    console: { log, info: log, warn: log, error: log, debug: log }
  }
}

/** Segment, Functions: a cache of this process alone; without a `ttl`, a value does not expire. */
function cache() {
  const entries = new Map<string, { value: unknown; until: number }>()
  return {
    async load(key: string, ttl: number, make: () => Promise<unknown>): Promise<unknown> {
      const known = entries.get(key)
      if (known && Date.now() < known.until) return known.value
      const value = await make()
      entries.set(key, { value, until: ttl === undefined || ttl === -1 ? Infinity : Date.now() + ttl })
      return value
    },
    delete: (key: string): void => void entries.delete(key)
  }
}
