import { dropIn } from './dropIn'

const [folder, ...rest] = process.argv.slice(2)
const stop = new AbortController()

async function main(): Promise<number> {
  if (folder === undefined || rest.length > 0) {
    console.error('Give the path of a checkout of action-destinations: npm run drop-in -- <checkout>')
    return 2
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => stop.abort(new Error('Stopped.')))
  }
  try {
    return await dropIn(folder, stop.signal, console.log)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    return stop.signal.aborted ? 130 : 1
  }
}

void main().then((status) => {
  process.exitCode = status
})
