// Generated file. DO NOT MODIFY IT BY HAND.

export interface Payload {
  /**
   * What happened, in at most 255 characters. An event without a name is not sent.
   */
  name: string
  /**
   * The details of the event. Properties inside other properties are named with a dot (order.total), and texts are cut to 1023 characters. If left empty, the event has no details.
   */
  properties?: {
    [k: string]: unknown
  }
  /**
   * The ID that tells this person from everyone else, in at most 254 characters. Map it if your site makes no identify calls. If left empty, the event belongs to whoever the visitor is.
   */
  identity?: string | null
  /**
   * Segment’s ID of the visitor. It becomes the user property anonymous_id, by which Heap joins this visitor to the events that your servers send. If left empty, no such property is set.
   */
  anonymousId?: string | null
  /**
   * What you know about the visitor, sent with each event. If left empty, it is what Heap knows already.
   */
  traits?: {
    [k: string]: unknown
  }
}
