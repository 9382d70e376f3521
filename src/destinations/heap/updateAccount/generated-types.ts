// Generated file. DO NOT MODIFY IT BY HAND.

export interface Payload {
  /**
   * The ID that tells this account apart from all others. A call without it is rejected.
   */
  account_id: string
  /**
   * What you know about the account. Properties inside other properties are named with a dot (address.city), and text is cut to 1,023 characters. If left empty, the account keeps its properties.
   */
  traits?: {
    [k: string]: unknown
  }
  /**
   * The ID of a person who belongs to the account. At most 255 characters. If left empty, only the account is updated.
   */
  identity?: string
  /**
   * The user property that you selected as Account ID in Heap, under Account > Manage > Account Health Analysis. It is set to the Account ID, so that the person belongs to the account. If left empty, it is account_id.
   */
  account_id_property?: string
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
