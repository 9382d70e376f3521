// Generated file. DO NOT MODIFY IT BY HAND.

export interface Payload {
  /**
   * The ID that tells this person from everyone else, such as your user ID. At most 254 characters; "Alice" and "alice" are two people. If left empty, the visitor stays as anonymous as they were.
   */
  userId?: string | null
  /**
   * What you know about the person. Properties inside other properties are named with a dot (address.city), and texts are cut to 1023 characters. If left empty, only the identity is sent.
   */
  traits?: {
    [k: string]: unknown
  }
}
