// Generated file. DO NOT MODIFY IT BY HAND.

export interface Payload {
  /**
   * The ID that Segment gives every event. Heap uses it to store an event once, however often it is sent. An event without it is rejected.
   */
  message_id: string
  /**
   * The ID that tells this person apart from everyone else, such as your user ID. At most 255 characters; "Alice" and "alice" are two people. If left empty, the event belongs to the anonymous visitor.
   */
  identity?: string
  /**
   * The ID that Segment gives a visitor who is not known yet. If left empty, the event needs an Identity. With both, Heap adds the visitor’s earlier events to the person.
   */
  anonymous_id?: string
  /**
   * What happened, in at most 1,024 characters. If left empty, a page is called "Page viewed" and a screen "Screen viewed"; any other event is rejected.
   */
  event?: string
  /**
   * The details of the event. Properties inside other properties are named with a dot (order.total), and text is cut to 1,023 characters. If left empty, the event has no details.
   */
  properties?: {
    [k: string]: unknown
  }
  /**
   * When the event happened. If left empty, Heap uses the time at which it receives the event.
   */
  timestamp?: string
  /**
   * Whether this is a track, page or screen call. It names page and screen views that have no Event Name. If left empty, pages and screens need an Event Name.
   */
  type?: string
  /**
   * The name of the page or screen. Sent as the property "name". If left empty, the event properties are sent as they are.
   */
  name?: string
  /**
   * What you know about the person. Set on their profile whenever the event has an Identity. If left empty, the profile keeps its properties.
   */
  traits?: {
    [k: string]: unknown
  }
  /**
   * The number by which Heap’s own SDK knows a visitor: heap.getUserId(). Map it only if you also run that SDK. It is never your own user ID. If left empty, the other IDs are used.
   */
  heap_user_id?: string
  /**
   * An email address that tells Heap whose event this is. Sent only if you map it. If left empty, the other IDs are used.
   */
  email?: string
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
