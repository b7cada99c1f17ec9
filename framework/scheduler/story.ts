/** The story of an app: what happened, in sentences, bounded. What is told goes into the framework's log, too. */

import type { StoryKind } from '../story.js';
import { type Context, isoTime } from './context.js';
import type { AgentRef, DeploymentRecord, TaskRecord } from './records.js';

const linesMax = 200;

/** What a sentence is about beside its app. */
interface About {
  task?: TaskRecord;
  /** Left out: that which changes the app now, if any. */
  deployment?: DeploymentRecord;
  kind?: StoryKind;
}

export function tell(context: Context, appId: string, text: string, about: About = {}): void {
  const known = context.state.stories.get(appId)?.lines ?? [];
  const { kind } = about;
  const line = { at: isoTime(context.now), text, ...(kind && { kind }) };
  context.state.stories.put(appId, { lines: [...known, line].slice(-linesMax) });
  log(context, appId, text, about);
}

/** For the log alone: what is decided. What comes of it is told. */
export function log(context: Context, appId: string, text: string, { task, deployment }: About): void {
  const deploymentId = deployment?.id ?? deploymentIdOf(context, appId);
  const place = task && { taskId: task.id, agentId: task.agent.id };
  context.actions.push({ type: 'log', fields: { appId, deploymentId, ...place }, text });
}

/** Of what changes the app now, its newest deployment; null: nothing does. */
export const deploymentIdOf = ({ state }: Context, appId: string): string | null =>
  state.deploymentsOf(appId).at(-1)?.id ?? null;

/** "box3 (rack r2, zone b)": an agent with the failure domains people know it by. */
export function describeAgent(agent: AgentRef): string {
  const rack = agent.attributes.rack;
  const parts = [
    rack && (rack.type === 'text' || rack.type === 'scalar') ? `rack ${rack.value}` : null,
    agent.zone ? `zone ${agent.zone}` : null,
  ].filter((part) => part !== null);
  return parts.length > 0 ? `${agent.hostname} (${parts.join(', ')})` : agent.hostname;
}

/**
 * The first sentence, to go on within another one. Executors add remedies and the program's last lines; the story has
 * no room for them, `lastTaskFailure` has.
 */
export function firstSentence(text: string): string {
  const sentence = (text.trim().split(/\n|(?<=\.)\s/, 1)[0] as string).replace(/\.$/, '');
  return sentence.replace(/^[A-Z](?=[a-z]* )/, (letter) => letter.toLowerCase());
}
