/** The story of an app: what happened, in sentences, bounded. */

import { type Context, isoTime } from './context.js';
import type { AgentRef } from './records.js';

const linesMax = 200;

export function tell(context: Context, appId: string, text: string): void {
  const known = context.state.stories.get(appId)?.lines ?? [];
  context.state.stories.put(appId, { lines: [...known, { at: isoTime(context.now), text }].slice(-linesMax) });
}

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
