// Generated file. DO NOT MODIFY IT BY HAND.

export interface Settings {
  /**
   * The number of the Heap environment that your data goes to, such as 12343283. Find it in Heap under Account > Manage > Projects.
   */
  appId: string
  /**
   * Where Heap stores your data. Select the region of your Heap environment; if left empty, data goes to the US.
   */
  region?: string
  /**
   * Keeps Heap from capturing the text of the elements that visitors click. If left empty, it is captured.
   */
  disableTextCapture?: boolean
  /**
   * Makes Heap’s cookies go over HTTPS only. If left empty, they go over HTTP too.
   */
  secureCookie?: boolean
  /**
   * The URL of your own server that passes data on to Heap, such as https://heap.example.com. If left empty, data goes to Heap directly.
   */
  ingestServer?: string
  /**
   * What Ingest Server was called in Heap’s classic library. If you set it and leave Ingest Server empty, the classic library is loaded. Leave it empty unless your site still needs that library.
   */
  trackingServer?: string
  /**
   * The host that serves Heap’s library, such as heap.example.com, if you serve it yourself. Together with a Tracking Server, it is the host of the classic library. If left empty, the library comes from Heap.
   */
  hostname?: string
  /**
   * Sends each entry of a list in an event’s properties as an event of its own too, named like "Order Completed products item". This is the greatest number of such events for one event. If left empty, there are none.
   */
  browserArrayLimit?: number
}
