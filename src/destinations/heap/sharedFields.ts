import type { InputField } from '@segment/actions-core'
import { MAX_ENTRIES } from './heapApi/wireTypes'
import { flatten, flattenByIndex } from './rules/flatten'
import type { Flatten } from './rules/flatten'

const BY_INDEX = 'flatten_by_index'

/** How arrays are sent, on every action that flattens. */
export const arrayHandlingField: { array_handling: InputField } = {
  array_handling: {
    label: 'Lists in Properties',
    description:
      'How a list such as ["a", "b"] is sent: as one text, or each entry as a property of its own (foods.0, foods.1), for reports that were built on such names. If left empty, as one text.',
    type: 'string',
    choices: [
      { label: 'As one text', value: 'stringify' },
      { label: 'Each entry as a property of its own', value: BY_INDEX }
    ],
    default: 'stringify'
  }
}

/** The way to flatten that a customer chose. */
export function flattenFor({ array_handling }: { array_handling?: string }): Flatten {
  return array_handling === BY_INDEX ? flattenByIndex : flatten
}

/** Heap's own ID of a visitor, for customers who also run Heap's SDK. */
export const heapUserIdField: { heap_user_id: InputField } = {
  heap_user_id: {
    label: 'Heap User ID',
    description:
      'The number by which Heap’s own SDK knows a visitor: heap.getUserId(). Map it only if you also run that SDK. It is never your own user ID. If left empty, the other IDs are used.',
    type: 'string',
    allowNull: true
  }
}

/** The fields by which Segment knows that an action takes batches, and how large. */
export const batchFields: { enable_batching: InputField; batch_size: InputField } = {
  enable_batching: {
    label: 'Send Events in Batches',
    description:
      'Send up to 1,000 events to Heap in one request, which is faster and keeps within Heap’s limits. Every event still succeeds or fails by itself. If switched off, events are sent one by one.',
    type: 'boolean',
    default: true
  },
  batch_size: {
    label: 'Batch Size',
    description: 'How many events Segment hands over at once.',
    type: 'number',
    default: MAX_ENTRIES,
    minimum: 1,
    maximum: MAX_ENTRIES,
    unsafe_hidden: true
  }
}
