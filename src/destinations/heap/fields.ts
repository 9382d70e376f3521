import type { InputField } from '@segment/actions-core'
import { MAX_ENTRIES } from './heapApi'

/** The fields by which Segment knows that an action takes batches, and how large. */
export const batchFields = {
  enable_batching: {
    label: 'Send Events in Batches',
    description:
      'Send up to 1,000 events to Heap in one go, which is faster and keeps within Heap’s limits. Every event still succeeds or fails by itself. If switched off, events are sent one by one.',
    type: 'boolean',
    default: true
  },
  batch_size: {
    label: 'Batch Size',
    description: 'How many events Segment hands over at once.',
    type: 'number',
    default: MAX_ENTRIES,
    unsafe_hidden: true
  }
} satisfies Record<string, InputField>
