/** A map that holds the entries written last, at most so many, in the order of writing. */
export class LatestMap<Key, Value> extends Map<Key, Value> {
  constructor(private readonly most: number) {
    super()
  }

  override set(key: Key, value: Value): this {
    // Without a limit an entry keeps its place.
    if (this.most !== Infinity) this.delete(key)
    super.set(key, value)
    if (this.size > this.most) {
      const [oldest] = this.keys()
      this.delete(oldest)
    }
    return this
  }
}
