import { identityCalls, userPropertyCalls } from '../heapCalls'
import type { Delivery } from '../heapCalls'
import type { Payload } from './generated-types'

/**
 * What an identify call asks of Heap's library: who the visitor is, if known, then what is known of them. In this order,
 * no traits go to the previous visitor.
 */
export function identifyUser({ userId, traits }: Payload): Delivery {
  const problems: string[] = []
  return { calls: [...identityCalls(userId, problems), ...userPropertyCalls(traits, undefined, problems)], problems }
}
