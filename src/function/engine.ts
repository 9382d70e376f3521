import path from 'node:path'
import { fieldsToJsonSchema } from '@segment/actions-core'
import Ajv, { _ } from 'ajv'
import addFormats from 'ajv-formats'
import standaloneCode from 'ajv/dist/standalone'
import * as esbuild from 'esbuild'
import heap from '../destinations/heap'
import { ENGINE } from '.'
import type { EngineOptions } from '.'

const SCRIPT = path.join(__dirname, 'script')

/** A script, and what esbuild says of what is in it. */
export interface Engine {
  code: string
  metafile: esbuild.Metafile
}

/**
 * The framework and the destination as one script for Segment's Functions: `var heapDestination = …`.
 *
 * @param entry the module whose exports the engine has
 * @throws Error if the framework is not what the swaps were made for, or something is left that Segment does not run
 */
export async function bundleEngine(
  { liquid, readable }: EngineOptions,
  entry = path.join(SCRIPT, 'index.ts')
): Promise<Engine> {
  const swapped = new Set<string>()
  const { outputFiles, metafile } = await esbuild.build({
    absWorkingDir: path.join(__dirname, '../..'),
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: ENGINE,
    target: 'es2022',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    minify: !readable,
    legalComments: 'none',
    metafile: true,
    logLevel: 'silent',
    inject: liquid ? [path.join(SCRIPT, 'nodeForLiquid.ts')] : [],
    define: { 'process.cwd': 'cwd' },
    plugins: [swaps(liquid, swapped)]
  })
  const [{ text }] = outputFiles
  for (const name of [...Object.keys(MODULES), ...Object.keys(PACKAGES)]) {
    if (!swapped.has(name) && name !== FORMATS)
      throw new Error(`${name} is not in the framework any more, so the script needs a new look.`)
  }
  const [forbidden] = FORBIDDEN.exec(text) ?? []
  if (forbidden !== undefined) throw new Error(`The script holds "${forbidden}", which Segment's Functions do not run.`)
  return { code: text.trim(), metafile }
}

/** Asked for by the validators where a field has a format. */
const FORMATS = 'heap-function:formats'

/** Code from strings, modules and Node itself. */
const FORBIDDEN = /\beval\(|\bnew Function\b|\bFunction\(|\bprocess[.[]|\brequire\(|\bimport[\s({*'"]|\bexport[\s{*]/

/**
 * What Segment's runtime does not have, and what stands in for it: modules of the framework by their path, packages by
 * their name. All else of the framework is in the script as it is.
 */
const MODULES: Record<string, string> = {
  '@segment/actions-core/dist/esm/request-client.js': own('requestClient', 'default'),
  '@segment/actions-core/dist/esm/fetch.js': own('fetch', 'default'),
  '@segment/actions-core/dist/esm/time.js':
    'export const time = () => Date.now(); export const duration = (start, stop) => stop - start',
  '@segment/destination-subscriptions/dist/esm/parse-fql.js': own('parseFql', 'default')
}

const PACKAGES: Record<string, string> = {
  ajv: own('ajv', 'default'),
  'ajv-formats': 'export default (ajv) => ajv',
  // What it is otherwise asks for module loaders.
  dayjs: 'export { default } from "dayjs/esm"',
  'btoa-lite': own('btoa', 'default'),
  events: own('events'),
  os: 'export const homedir = () => ""',
  [FORMATS]: own('formats'),
  'heap-function:validators': validators()
}

const WITHOUT_LIQUID: Record<string, string> = {
  liquidjs: `export class Liquid {
    registerTag() {}
    registerFilter() {}
    parseAndRenderSync() { throw new Error('Liquid was left out, as no mapping used it when the function was built.') }
  }`
}

const FOR_LIQUID: Record<string, string> = Object.fromEntries(
  ['crypto', 'fs', 'module', 'path', 'stream'].map((name) => [name, own('nodeForLiquid')])
)

function own(name: string, ...more: 'default'[]): string {
  const file = JSON.stringify(path.join(SCRIPT, name))
  return [`export * from ${file}`, ...more.map((one) => `export { ${one} } from ${file}`)].join('\n')
}

function swaps(liquid: boolean, swapped: Set<string>): esbuild.Plugin {
  const packages = { ...PACKAGES, ...(liquid ? FOR_LIQUID : WITHOUT_LIQUID) }
  const load = (name: string, contents: string) => {
    swapped.add(name)
    return { contents, resolveDir: __dirname }
  }
  return {
    name: 'segment-function',
    setup(build) {
      const isPackage = new RegExp(`^(${Object.keys(packages).join('|')})$`)
      build.onResolve({ filter: isPackage }, ({ path: name }) => ({ path: name, namespace: 'swapped' }))
      build.onLoad({ filter: /.*/, namespace: 'swapped' }, ({ path: name }) => load(name, packages[name]))
      build.onLoad({ filter: /[\\/]@segment[\\/].*\.js$/ }, ({ path: file }) => {
        const name = file.replaceAll('\\', '/').split('/node_modules/').at(-1) ?? ''
        return name in MODULES ? load(name, MODULES[name]) : undefined
      })
    }
  }
}

/** The validators that the framework would make of the schemas as it runs, by the keys that it gives them. */
function validators(): string {
  const ajv = addFormats(
    new Ajv({
      // As the framework's schema-validation.js has it.
      coerceTypes: 'array',
      allErrors: true,
      allowUnionTypes: true,
      verbose: true,
      removeAdditional: true,
      code: { source: true, formats: _`require("heap-function:formats").formats` }
    })
  )
  ajv.addFormat('text', true)
  // Its own check of it is in the script.
  ajv.addFormat('date-like', () => true)
  const schemas = {
    [`${heap.name}:settings`]: schemaOf(heap.authentication?.fields ?? {}),
    ...Object.fromEntries(
      Object.values(heap.actions).map(({ title, fields }) => [`${heap.name}:${title}`, schemaOf(fields)])
    )
  }
  for (const [key, schema] of Object.entries(schemas)) ajv.addSchema(schema, key)
  return standaloneCode(ajv, Object.fromEntries(Object.keys(schemas).map((key) => [key, key])))
}

/** The framework's schema without descriptions, which no message has. */
function schemaOf(fields: Parameters<typeof fieldsToJsonSchema>[0]): object {
  const text = JSON.stringify(fieldsToJsonSchema(fields), (key, value: unknown) =>
    key === 'description' && typeof value === 'string' ? undefined : value
  )
  return JSON.parse(text) as object
}
