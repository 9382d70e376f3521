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
   * Needed only to delete people from Heap when Segment passes on a deletion request (GDPR, CCPA). Find it in Heap under Account > Manage > Privacy & Security. The App ID must then be that of your Main Production environment.
   */
  apiKey?: string
}
