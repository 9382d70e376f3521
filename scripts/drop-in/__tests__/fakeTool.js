#!/usr/bin/env node
// Stands in for every tool of a checkout of action-destinations: it does to the files what the tool does, and as strictly.
const fs = require('node:fs')
const path = require('node:path')

const root = process.env.FAKE_CHECKOUT
const { fails = [], hangs } = JSON.parse(fs.readFileSync(path.join(root, 'fake.json'), 'utf8'))
const tool = path.basename(process.argv[1])
const args = process.argv.slice(2)
const name = tool === 'run' ? args[0] : tool
const folder = path.relative(root, process.cwd())

fs.appendFileSync(
  path.join(root, 'calls.log'),
  `${JSON.stringify({ name, args, folder, TZ: process.env.TZ, id: process.pid })}\n`
)

const CLOUD = 'packages/destination-actions/src/destinations/heap'
const BROWSER = 'packages/browser-destinations/destinations/heap'
const METADATA = [`${CLOUD}/metadata.json`, `${BROWSER}/metadata.json`]

if (name === hangs) setInterval(() => undefined, 1000)
else if (fails.includes(name)) fail()
else succeed()

function succeed() {
  switch (name) {
    case 'tsc':
      if (args.includes('--outDir')) {
        fs.mkdirSync(args[args.indexOf('--outDir') + 1], { recursive: true })
        fs.writeFileSync(path.join(args[args.indexOf('--outDir') + 1], 'index.js'), 'ours')
      }
      return
    case 'validate':
      return METADATA.forEach((file) => console.error(`✔ Validating definition for ${metadata(file).name}`))
    case 'generate:types':
      return generated('generated-types.ts').forEach(([file, ours]) => write(file, ours))
    case 'generate:metadata-payload':
      return generated('metadata.json').forEach(([file, ours]) => write(file, ours))
    case 'list-required-fields':
      return console.log(JSON.stringify({ [definition().name]: requiredFields(definition()) }))
    case 'validate-secret-fields':
      return console.log(JSON.stringify({ [definition().name]: { settings: [] } }))
    case 'eslint':
      return console.log(JSON.stringify([{ filePath: `${root}/${CLOUD}/index.ts`, warningCount: 2, messages: [] }]))
    case 'prettier':
      return
    case 'jest':
      return console.error('Tests:       3 passed, 3 total')
    default:
      throw new Error(`There is no tool ${name}.`)
  }
}

function fail() {
  switch (name) {
    case 'generate:types': {
      const [[file, ours]] = generated('generated-types.ts')
      return write(file, `${ours}// theirs\n`)
    }
    case 'validate':
      return console.error('✖ Validating definition for Heap: \n    The preset "Track Calls" is wrong.')
    case 'validate-secret-fields':
      return console.log(JSON.stringify({ [definition().name]: { settings: ['apiKey'] } }))
    case 'list-required-fields':
      return console.log('{}')
    case 'eslint': {
      const error = { severity: 2, line: 7, ruleId: 'no-var', message: 'Unexpected var.' }
      return console.log(
        JSON.stringify([{ filePath: `${root}/${CLOUD}/index.ts`, warningCount: 0, messages: [error] }])
      )
    }
    default:
      console.error(`${name} has found something.`)
      process.exitCode = 1
  }
}

/** Where the files that a generator writes go, with the text of ours. */
function generated(fileName) {
  const ours = process.env.FAKE_OURS
  const files = [['', 'src/destinations/heap', CLOUD]]
  files.push(['', 'src/browser-destinations/heap', fileName === 'metadata.json' ? BROWSER : `${BROWSER}/src`])
  return files.flatMap(([, source, place]) => {
    return fs
      .readdirSync(path.join(ours, source), { recursive: true })
      .filter((file) => path.basename(file) === fileName)
      .map((file) => [path.join(place, file), fs.readFileSync(path.join(ours, source, file), 'utf8')])
  })
}

function write(file, text) {
  fs.writeFileSync(path.join(root, file), text)
}

/** The metadata of the destination that the command was given. */
function definition() {
  const [, , file] = args
  return metadata(file.startsWith(CLOUD) ? METADATA[0] : METADATA[1])
}

function metadata(file) {
  return JSON.parse(fs.readFileSync(path.join(root, file), 'utf8'))
}

function requiredFields({ authentication, actions }) {
  const required = (fields) => Object.keys(fields).filter((key) => fields[key].required === true)
  const lists = Object.entries(actions).map(([key, { fields }]) => [key, required(fields)])
  return { settings: required(authentication.fields), ...Object.fromEntries(lists) }
}
