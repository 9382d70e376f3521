import path from 'node:path'
import type { DestinationDefinition, SegmentEvent } from '@segment/actions-core'
import { json, Router } from 'express'
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express'
import type { Settings } from '../../../destinations/heap/generated-types'
import type { HeapEmulator } from '../../../heap-emulator'
import type { EventResult, RecordedRun } from '../../engine/eventResult'
import { isObject } from '../../engine/json'
import { isSegmentEvent } from '../../engine/segmentEvent'
import { problemsOf } from '../../engine/subscriptions'
import type { Subscription } from '../../engine/subscriptions'
import { UsageError } from '../../usageError'
import { EventStream } from '../eventStream'
import { pageAssets } from './assets'
import { checkFile } from './check'
import { checkTrigger, heldIn } from './evaluation'
import { Evaluator } from './evaluator'
import { LiveEvents } from './liveEvents'
import { readMappings, versionOf, writeMappings } from './mappingsFile'
import type { HeapView, HeldParts, History, LiveEvent, MappingSteps, PageAction, PageState } from './protocol'

/** What the page needs of the server that it belongs to. */
export interface PageOptions {
  settings: Settings
  emulator?: HeapEmulator
  /** The file that the mappings are of; missing where they are the presets. */
  mappingsFile?: string
  /** The definition and mappings in use now. */
  loaded: () => { definition: DestinationDefinition<Settings>; subscriptions: Subscription[] }
  /** Makes the server use what the file holds now. */
  reload: () => void
  /** Evaluates mappings, and is ended by whoever made it; one of its own if left out. */
  evaluator?: Evaluator
  /** Sends an event as if an SDK had. */
  send: (event: SegmentEvent) => Promise<void>
}

/** The page of `serve`: a router for it, and what must be told to it. */
export interface MappingPage {
  router: Router
  add(result: EventResult<RecordedRun>): void
  /** The definition has changed. */
  reloaded(): void
  close(): Promise<void>
}

/** So many of the latest events are held against a mapping that is being written. */
const HISTORY = 200

/** So much of what Heap holds is shown at once. */
const SHOWN = 200

/** So much of the summaries is held for a page that comes later; it keeps as many events as this is enough for. */
const STREAMED_CHARACTERS = 8 * 1024 * 1024

/** A mapping and an event, or all mappings. */
const BODY_LIMIT = '4mb'

/** Nothing but what the page itself brings runs there, and no text of an event becomes markup. */
const SECURITY = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store'
}

/** Sets up the page of a server. */
export function mappingPage(options: PageOptions): MappingPage {
  const { settings, emulator, mappingsFile, loaded, reload, send } = options
  const live = new LiveEvents()
  const stream = new EventStream(STREAMED_CHARACTERS)
  const evaluator = options.evaluator ?? new Evaluator(settings)
  let version = mappingsFile === undefined ? undefined : versionOf(mappingsFile)
  let assets: ReturnType<typeof pageAssets> | undefined

  const router = Router()
  router.use((_request, response, next) => {
    response.set(SECURITY)
    next()
  })
  for (const place of ['/', '/page/page.css', '/page/page.js']) {
    router.get(place, async (_request, response) => {
      const asset = (await (assets ??= pageAssets())).get(place)
      response.type(asset?.type ?? '').send(asset?.text)
    })
  }
  router.get('/page/state', (request, response) => {
    const { definition, subscriptions } = loaded()
    const state: PageState = {
      url: `http://${request.headers.host}`,
      heap: `${emulator ? 'the emulator' : 'the real one'}, App ID ${settings.appId}`,
      isLive: emulator === undefined,
      actions: pageActions(definition),
      subscriptions,
      ...(mappingsFile !== undefined && { mappingsFile: path.basename(mappingsFile), version })
    }
    response.json(state)
  })
  router.get('/page/live', (request, response) => {
    stream.open(request, response, true)
  })
  router.get('/page/events/:id', (request, response) => {
    const found = live.find(request.params.id)
    if (!found?.result) {
      response.status(404).json({ error: 'The details of this event are no longer kept.' })
      return
    }
    const { summary, result, subscriptions } = found
    const steps = stepsOf(result, subscriptions)
    const shown: LiveEvent = {
      ...summary,
      event: result.event,
      steps,
      ...(emulator && { held: heldOf(steps, heldIn(emulator.snapshot())) })
    }
    response.json(shown)
  })
  router.get('/page/heap', (request, response) => {
    const held = heldIn(emulator?.snapshot() ?? [])
    response.json(heapView(held, typeof request.query.search === 'string' ? request.query.search : ''))
  })

  // From here on something changes, or is worked out: for the page alone.
  router.use('/page', ownOriginOnly)
  router.post('/page/check', async (request, response) => {
    await checkFile(request, response, (events, signal) => evaluator.batch(events, loaded().subscriptions, signal))
  })
  router.use('/page', json({ limit: BODY_LIMIT }))
  router.post('/page/preview', async (request: Asked<{ event: unknown; subscription: unknown }>, response) => {
    const { event, subscription } = request.body
    if (!isSegmentEvent(event)) throw new Unusable('The event has no "type" that Segment knows, such as "track".')
    response.json(await evaluator.preview(event, checkedForm(subscription), goneSignal(response)))
  })
  router.post('/page/history', async (request: Asked<{ subscription: unknown }>, response) => {
    const subscription = { ...checkedForm(request.body.subscription), enabled: true }
    const events = live.latest(HISTORY)
    const fates = await evaluator.batch(events, [subscription], goneSignal(response))
    const many = (wanted: string) => fates.filter(({ fate }) => fate === wanted).length
    const [delivered, refused] = [many('delivered'), many('refused')]
    const history: History = { of: events.length, matched: delivered + refused, delivered, refused }
    response.json(history)
  })
  router.put('/page/mappings', (request: Asked<{ subscriptions: unknown; version: unknown }>, response) => {
    if (mappingsFile === undefined) throw new Unusable('Start serve with --mappings to save to a file.')
    const { subscriptions, version: basedOn } = request.body
    if (!Array.isArray(subscriptions)) throw new Unusable('The mappings are no list.')
    const found = versionOf(mappingsFile)
    if (found !== basedOn) {
      version = found
      response
        .status(409)
        .json({ error: 'The file has changed meanwhile.', version: found, subscriptions: readMappings(mappingsFile) })
      return
    }
    const list = subscriptions.map(checkedForm)
    const problems = list.flatMap((one, index) => {
      return one.enabled === false ? [] : problemsOf(one, one.name ?? `Mapping ${index + 1}`, loaded().definition)
    })
    if (problems.length > 0) throw new Unusable(`Nothing is saved. ${problems.join(' ')}`)
    version = writeMappings(mappingsFile, list)
    reload()
    response.json({ version })
  })
  router.post('/page/heap/empty', (_request, response) => {
    emulator?.reset()
    response.json({})
  })
  router.post('/page/example', async (_request, response) => {
    if (!emulator) throw new Unusable('Heap is the real one here, and gets no examples.')
    await send(exampleEvent())
    response.json({})
  })
  router.use(answerUnusable)

  return {
    router,
    add: (result) => stream.publish('summary', live.add(result, loaded().subscriptions)),
    reloaded() {
      void evaluator.restart()
      stream.publish('state', {})
    },
    async close() {
      stream.close()
      if (!options.evaluator) await evaluator.restart()
    }
  }
}

type Asked<Body> = Request<object, unknown, Body>

/** What the page asked for and cannot have, with the reason. */
class Unusable extends Error {}

/** Express knows the handler by its four parameters. */
const answerUnusable: ErrorRequestHandler = (error: Error & { status?: number }, _request, response, next) => {
  if (response.headersSent) return next(error)
  const isMistake = error instanceof Unusable || error instanceof UsageError
  const status = isMistake ? 400 : (error.status ?? 500)
  response.status(status).json({ error: error.message })
}

/** A page of another origin cannot set the header, and without JSON a browser would send a form without asking. */
const ownOriginOnly: RequestHandler = (request, response, next) => {
  const { origin, host } = request.headers
  if (origin !== `http://${host}`) {
    response.status(403).json({ error: 'Only the page of this server may do this.' })
  } else if (!request.is('application/json')) {
    response.status(415).json({ error: 'The body must be JSON.' })
  } else next()
}

/** Aborted once nobody waits for the response any more. */
function goneSignal(response: Response): AbortSignal {
  const controller = new AbortController()
  response.once('close', () => controller.abort())
  return controller.signal
}

/** @throws {Unusable} for what has not even the form of a mapping */
function checkedForm(value: unknown): Subscription {
  if (!isObject(value)) throw new Unusable('A mapping is an object.')
  const { name, enabled, partnerAction, subscribe, mapping = {} } = value
  if (typeof partnerAction !== 'string' || typeof subscribe !== 'string' || !isObject(mapping)) {
    throw new Unusable('A mapping has "partnerAction", "subscribe" and "mapping".')
  }
  return {
    ...value,
    ...(typeof name === 'string' && { name }),
    enabled: enabled !== false,
    partnerAction,
    subscribe,
    mapping: mapping as Subscription['mapping']
  }
}

function pageActions({ actions }: DestinationDefinition<Settings>): Record<string, PageAction> {
  return Object.fromEntries(
    Object.entries(actions).map(([slug, { title, description, defaultSubscription = '', fields }]) => [
      slug,
      {
        title,
        description,
        defaultSubscription,
        fields: Object.fromEntries(
          Object.entries(fields).map(([key, field]) => [
            key,
            {
              label: field.label,
              description: field.description,
              type: field.type,
              required: field.required === true,
              isHidden: field.unsafe_hidden === true,
              ...(field.default !== undefined && { default: field.default as never }),
              ...(field.choices && { choices: field.choices as PageAction['fields'][string]['choices'] })
            }
          ])
        )
      }
    ])
  )
}

function stepsOf({ event, runs }: EventResult<RecordedRun>, subscriptions: Subscription[]): MappingSteps[] {
  const left = [...runs]
  return subscriptions.map((subscription) => {
    const trigger = checkTrigger(subscription.subscribe, event)
    const isOn = subscription.enabled !== false
    // The runs stand in the order of the mappings that took the event.
    const run = isOn && trigger.isTaken ? left.shift() : undefined
    return {
      subscription,
      trigger: { ...trigger, isTaken: isOn && trigger.isTaken },
      exchanges: run?.exchanges ?? [],
      ...(run?.payload !== undefined && { payload: run.payload }),
      ...(run?.error && { error: run.error.message })
    }
  })
}

/** Of what Heap holds, what the requests of an event were about. */
function heldOf(steps: MappingSteps[], held: HeldParts): HeldParts {
  const posted = JSON.stringify(steps.flatMap(({ exchanges }) => exchanges.map(({ request }) => request.body)))
  const isMeant = (id: string) => posted.includes(JSON.stringify(id))
  return {
    users: held.users.filter(({ identity }) => isMeant(identity)),
    accounts: held.accounts.filter(({ account_id }) => isMeant(account_id)),
    events: held.events.filter(({ event, who }) => isMeant(event) && who.split(', ').some(isMeant)).slice(0, 5)
  }
}

function heapView(held: HeldParts, search: string): HeapView {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean)
  const isFound = (entry: HeldParts[keyof HeldParts][number]) => {
    if (words.length === 0) return true
    const text = textIn(entry).toLowerCase()
    return words.every((word) => text.includes(word))
  }
  return {
    counts: {
      users: held.users.length,
      events: held.events.length,
      accounts: held.accounts.length,
      eventsWithoutUser: held.events.filter(({ isAnonymous }) => isAnonymous).length
    },
    found: {
      users: held.users.filter(isFound).slice(0, SHOWN),
      events: held.events.filter(isFound).slice(0, SHOWN),
      accounts: held.accounts.filter(isFound).slice(0, SHOWN)
    }
  }
}

/** What a person would look for: names and values, and not what the parts of an entry are called. */
function textIn({ properties, ...rest }: HeldParts[keyof HeldParts][number]): string {
  return [...Object.values(rest), ...Object.entries(properties).flat()].join('\n')
}

let examples = 0

/** An order, each time another one. */
function exampleEvent(): SegmentEvent {
  examples++
  const now = new Date().toISOString()
  return {
    type: 'track',
    event: 'Order Completed',
    messageId: `example-${now}-${examples}`,
    userId: 'alice@example.com',
    anonymousId: 'visitor-1',
    timestamp: now,
    properties: { order: { id: `order-${examples}`, total: 12.5 }, products: [{ sku: 's-1', name: 'Board game' }] },
    context: { traits: { plan: 'pro' } }
  }
}
