/** What has happened to an app, in sentences. */

/** What a line is about; left out: anything else. */
export type StoryKind =
  /** Who leads a group, or runs a replicated guest. */
  | 'leader'
  /** Outputs of replicas that differ. */
  | 'divergence'
  /** What nobody asked for: tasks that end, agents out of reach, groups without a majority. */
  | 'failure'
  /** Tasks and members that come, go and move. */
  | 'member'
  | 'deployment';

export interface StoryLine {
  /** ISO 8601. */
  at: string;
  text: string;
  kind?: StoryKind;
}
