// Preloaded into a process: its https requests, whatever their host, go to the HTTP server on this machine at the port
// LOCAL_HEAP_PORT. Its peak memory, in kilobytes, is kept in the file PEAK_MEMORY_FILE.
const fs = require('node:fs')
const https = require('node:https')
const net = require('node:net')

class LocalAgent extends https.Agent {
  createConnection() {
    return net.connect(Number(process.env.LOCAL_HEAP_PORT), '127.0.0.1')
  }
}

https.globalAgent = new LocalAgent({ keepAlive: true })

setInterval(() => {
  fs.writeFileSync(process.env.PEAK_MEMORY_FILE, String(process.resourceUsage().maxRSS))
}, 200).unref()
