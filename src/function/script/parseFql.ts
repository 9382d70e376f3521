// In place of the parser of FQL: the conditions as it made them when the script was built.
import type { Subscription as Condition } from '@segment/destination-subscriptions'

const conditions = new Map<string, Condition>()

/** Says what a text of FQL means. */
export function know(fql: string, condition: Condition): void {
  conditions.set(fql, condition)
}

export default function parseFql(fql: string): Condition {
  return conditions.get(fql) ?? { error: new Error(`Unknown condition: ${fql}`) }
}
