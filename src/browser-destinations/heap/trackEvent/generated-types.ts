// Generated file. DO NOT MODIFY IT BY HAND.

export interface Payload {
  /**
   * What happened, in at most 1,024 characters. An event without a name is not sent.
   */
  name: string
  /**
   * The details of the event. Properties inside other properties are named with a dot (order.total), and texts are cut to 1,023 characters. If left empty, the event has no details.
   */
  properties?: {
    [k: string]: unknown
  }
}
