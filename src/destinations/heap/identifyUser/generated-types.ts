// Generated file. DO NOT MODIFY IT BY HAND.

export interface Payload {
  /**
   * The ID that tells this person apart from everyone else, such as your user ID. Required: without it the call is rejected, because Heap has nobody to give the properties to. At most 255 characters; "Alice" and "alice" are two people.
   */
  user_id?: string
  /**
   * The ID that Segment gave this visitor before they were known. Heap uses it to add their earlier events to this person. If left empty, earlier events stay anonymous.
   */
  anonymous_id?: string
  /**
   * What you know about the person. Properties inside other properties are named with a dot (address.city), and text is cut to 1,023 characters. If left empty, only the person and their anonymous ID are sent.
   */
  traits?: {
    [k: string]: unknown
  }
  /**
   * The number by which Heap’s own SDK knows a visitor: heap.getUserId(). With it, everything that this visitor did is moved to the person, which cannot be undone. Map it only if you also run that SDK. It is never your own user ID. If left empty, nothing is moved.
   */
  heap_user_id?: string
  /**
   * How a property is sent that is an object or a list. By dotted name, each value in it is a property of its own: order.total, and for lists foods.0, foods.1. As text, it is one property that holds JSON: ["a","b"]. A list that is too long for one text is sent up to its last entry that fits, and a property such as foods.omitted says how many were left out; by dotted name, all of them are sent. If left empty, objects are sent by dotted name and lists as text.
   */
  nested_properties_mode?: string
  /**
   * Send up to 1,000 events to Heap in one request, which is faster and keeps within Heap’s limits. Every event still succeeds or fails by itself. If switched off, events are sent one by one.
   */
  enable_batching?: boolean
  /**
   * How many events Segment hands over at once.
   */
  batch_size?: number
}
