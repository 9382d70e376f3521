import { cut, MAX_PROPERTY_LENGTH, storable } from './text'

/** So many paths are remembered, of at most so many characters: enough for the properties of most customers, some megabytes. */
const MAX_REMEMBERED = 10_000
const MAX_REMEMBERED_LENGTH = 200

/**
 * Where a property stands in an object: `order.total`.
 *
 * Paths are remembered, since events have the same ones over and over, and to build and look up a new string takes longer
 * than all else that is done to a property. Nothing but the time depends on what is remembered.
 */
export class Path {
  /** The properties of an event or a profile themselves. */
  static readonly root = new Path('')
  private static remembered = 0

  /** What the property is called in Heap, cut to its limit. */
  readonly name: string
  readonly path: string
  /** Most properties have none inside them. */
  private children: Map<string, Path> | undefined

  private constructor(path: string) {
    this.name = cut(path)
    this.path = path
  }

  /** The path of a property of the object that stands here. Past the limit a longer path makes no other name, so it stays. */
  to(key: string): Path {
    if (this.path.length >= MAX_PROPERTY_LENGTH) return this
    return this.children?.get(key) ?? this.remember(key)
  }

  private remember(key: string): Path {
    const name = storable(key)
    const path = this === Path.root ? name : `${this.path}.${name}`
    const child = new Path(path)
    if (path.length > MAX_REMEMBERED_LENGTH) return child
    if (Path.remembered++ === MAX_REMEMBERED) {
      Path.root.children = undefined
      Path.remembered = 0
    }
    this.children ??= new Map()
    this.children.set(key, child)
    return child
  }
}
