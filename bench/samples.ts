import type { SegmentEvent } from '@segment/actions-core'

/** The properties of an order, as Segment's e-commerce spec has them. */
export const typicalProperties = {
  order_id: '50314b8e9bcf000000000000',
  affiliation: 'Example Store',
  total: 27.5,
  subtotal: 22.5,
  revenue: 25,
  shipping: 3,
  tax: 2,
  discount: 2.5,
  coupon: 'welcome',
  currency: 'USD',
  first_order: true,
  ordered_at: '2026-11-23T10:00:00.000Z',
  address: { city: 'Berlin', zip: '10115', position: { latitude: 52.53, longitude: 13.38 } },
  products: [
    { product_id: '507f1f77bcf86cd799439011', sku: '45790-32', name: 'Board Game', price: 19, quantity: 1 },
    { product_id: '505bd76785ebb509fc183733', sku: '46493-32', name: 'Card Game', price: 3, quantity: 2 }
  ]
}

/** An object of 1,300 leaves, three levels deep, whose names begin with this one. */
export function nestedProperties(name: string): object {
  return nest(name, 13, () => nest('section', 10, () => leaves(10)))
}

/** An object of this many leaves (a multiple of 10), two levels deep, whose names begin with this one. */
export function wideProperties(name: string, count: number): object {
  return nest(name, count / 10, () => leaves(10))
}

function nest(name: string, count: number, inner: () => object): object {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`${name}_${index}`, inner()]))
}

function leaves(count: number): object {
  const values = ['a value of a usual length', 1234.5, true]
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`field_${index}`, values[index % 3]]))
}

/** Track events with traits, by 100 people. */
export function trackEvents(count: number): SegmentEvent[] {
  return Array.from({ length: count }, (_, index) => ({
    type: 'track',
    event: 'Order Completed',
    messageId: `ajs-next-1795428000000-${index}`,
    timestamp: '2026-11-23T10:00:00.000Z',
    userId: `person-${index % 100}@example.com`,
    anonymousId: `8a3f9c5e-51a6-4a27-9a3a-${index % 100}`,
    context: { traits: { plan: 'pro', logins: index, address: { city: 'Berlin', country: 'DE' } } },
    properties: { ...typicalProperties, order_id: `order-${index}` }
  }))
}
