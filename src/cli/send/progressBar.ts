import type { WriteStream } from 'node:tty'
import { MultiBar, Presets } from 'cli-progress'

/** How far a send has come, on a terminal: a bar with rate and time left. */
export class ProgressBar {
  private readonly bars: MultiBar
  private readonly bar: ReturnType<MultiBar['create']>

  /** @param total the bytes to read, `undefined` if unknown */
  constructor(
    stream: WriteStream,
    total: number | undefined,
    private readonly startedAt = Date.now()
  ) {
    const known = total !== undefined
    this.bars = new MultiBar(
      {
        stream,
        hideCursor: true,
        clearOnComplete: true,
        barsize: 30,
        etaBuffer: 50,
        format: known
          ? '{bar} {percentage} % | {events} events | {rate} a second | {eta_formatted} left'
          : '{events} events | {rate} a second'
      },
      Presets.shades_classic
    )
    this.bar = this.bars.create(total ?? 0, 0, { events: '0', rate: '0' })
    process.once('exit', this.stop)
  }

  /** @param bytes read so far; `events` done so far */
  update(bytes: number, events: number): void {
    const rate = Math.round((events * 1000) / Math.max(1, Date.now() - this.startedAt))
    this.bar.update(bytes, { events: events.toLocaleString('en'), rate: rate.toLocaleString('en') })
  }

  /** Prints a line above the bar. */
  print(text: string): void {
    this.bars.log(`${text}\n`)
  }

  /** Removes the bar, and restores the cursor. */
  readonly stop = (): void => {
    process.removeListener('exit', this.stop)
    this.bars.stop()
  }
}
