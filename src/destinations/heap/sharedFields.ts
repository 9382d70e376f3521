import type { InputField } from '@segment/actions-core'
import { MAX_ENTRIES } from './heapApi/wireTypes'
import type { NestedMode } from './rules/flatten'

const NESTED_MODES: { label: string; value: NestedMode }[] = [
  { label: 'Objects by dotted name, lists as text', value: 'flatten_objects' },
  { label: 'Objects and lists by dotted name', value: 'flatten' },
  { label: 'Each object or list as text', value: 'stringify' },
  { label: 'Left out', value: 'drop' }
]

/** How objects and lists in properties are sent, on every action that has properties. */
export const nestedPropertiesField: { nested_properties_mode: InputField } = {
  nested_properties_mode: {
    label: 'Objects and Lists in Properties',
    description:
      'How a property is sent that is an object or a list. By dotted name, each value in it is a property of its own: order.total, and for lists foods.0, foods.1. As text, it is one property that holds JSON: ["a","b"]. A list that is too long for one text is sent up to its last entry that fits, and a property such as foods.omitted says how many were left out; by dotted name, all of them are sent. If left empty, objects are sent by dotted name and lists as text.',
    type: 'string',
    choices: NESTED_MODES,
    default: 'flatten_objects'
  }
}

/** The way to flatten that a customer chose. */
export function nestedMode({ nested_properties_mode }: { nested_properties_mode?: unknown }): NestedMode | undefined {
  return NESTED_MODES.find(({ value }) => value === nested_properties_mode)?.value
}

/** Heap's own ID of a visitor, for customers who also run Heap's SDK. */
export const heapUserIdField: { heap_user_id: InputField } = {
  heap_user_id: {
    label: 'Heap User ID',
    description:
      'The number by which Heap’s own SDK knows a visitor: heap.getUserId(). Map it only if you also run that SDK. It is never your own user ID. If left empty, the other IDs are used.',
    type: 'string'
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
