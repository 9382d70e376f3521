/** In place of Node's: as much of an EventEmitter as an action is. */
export class EventEmitter {
  private readonly listeners: Record<string, ((value: unknown) => void)[]> = {}

  on(name: string, listener: (value: unknown) => void): this {
    ;(this.listeners[name] ??= []).push(listener)
    return this
  }

  emit(name: string, value: unknown): boolean {
    const listeners = this.listeners[name] ?? []
    for (const listener of listeners) listener(value)
    return listeners.length > 0
  }
}
