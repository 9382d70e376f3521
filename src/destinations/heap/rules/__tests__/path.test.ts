import { Path } from '../path'
import { MAX_PROPERTY_LENGTH } from '../text'

describe('Path', () => {
  it('names what it leads to', () => {
    const place = Path.root.to('order').to('total')
    expect([place.path, place.name]).toStrictEqual(['order.total', 'order.total'])
  })

  it('is remembered', () => {
    expect(Path.root.to('order').to('total')).toBe(Path.root.to('order').to('total'))
  })

  it('grows up to the limit and no further', () => {
    const long = Path.root.to('a').to('k'.repeat(MAX_PROPERTY_LENGTH))
    expect(long.name).toBe(`a.${'k'.repeat(MAX_PROPERTY_LENGTH - 2)}`)
    expect(long.to('b')).toBe(long)
  })

  it('is the same whatever was remembered before', () => {
    const keys = Array.from({ length: 25_000 }, (_, number) => `id-${number}`)
    const names = keys.map((key) => Path.root.to('customer').to(key).name)
    expect(names).toStrictEqual(keys.map((key) => `customer.${key}`))
    expect(Path.root.to('order').to('total').name).toBe('order.total')
  })
})
