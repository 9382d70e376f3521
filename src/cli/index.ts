import { isMainThread } from 'node:worker_threads'

// The thread in which `serve` evaluates mappings runs this file too, as the package has all of the command in one.
if (isMainThread) require('./main')
else require('./serve/page/evaluationWorker')
