import { PassThrough } from 'node:stream'
import type { WriteStream } from 'node:tty'
import { ProgressBar } from '../progressBar'

/** A terminal that keeps what is written to it. */
function terminal() {
  let text = ''
  const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 120 })
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
  return { stream: stream as unknown as WriteStream, text: () => text }
}

describe('ProgressBar', () => {
  it('shows how far it is, the rate and the time left', async () => {
    const { stream, text } = terminal()
    const bar = new ProgressBar(stream, 4000, Date.now() - 10_000)
    bar.update(1000, 20_000)
    await new Promise((go) => setTimeout(go, 300))
    bar.stop()
    expect(text()).toMatch(/25 % \| 20,000 events \| (2,0\d\d|1,9\d\d) a second \| \S+ left/)
  })

  it('shows no share where nobody knows how much there is, and prints above itself', async () => {
    const { stream, text } = terminal()
    const bar = new ProgressBar(stream, undefined, Date.now() - 1000)
    bar.update(1000, 20)
    bar.print('a line')
    await new Promise((go) => setTimeout(go, 300))
    bar.stop()
    expect(text()).toContain('a line\n')
    expect(text()).toMatch(/\n?20 events \| \d+ a second/)
    expect(text()).not.toContain('%')
  })
})
