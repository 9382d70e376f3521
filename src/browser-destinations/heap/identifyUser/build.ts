import { identityCalls, userPropertyCalls } from '../heapCalls'
import type { Delivery } from '../heapCalls'
import type { Payload } from './generated-types'

/**
 * What an identify call asks of Heap's library: who the visitor is, where that is known, then what is known of them. In this order,
 * so that nobody's traits go to the visitor before.
 */
export function identifyUser({ userId, traits }: Payload): Delivery {
  const problems: string[] = []
  return { calls: [...identityCalls(userId, problems), ...userPropertyCalls(traits, undefined, problems)], problems }
}
