/** What the API may be told of agents. */
import type { AgentName } from '../placement/cluster.js';
import type { AttributeValue, PortRange } from '../placement/types.js';
import type { HostFacts } from './host-facts/facts.js';

export interface AgentView extends AgentName {
  /** Null: nothing yet. */
  offeredSecondsAgo: number | null;
  /** As an executor told it when it began there; null: none has. `clockOffsetMs`: by how much the agent's clock is ahead, less the report's way here. */
  host: { facts: HostFacts; clockOffsetMs: number; secondsAgo: number } | null;
}

/** Where the agent has the files of a task. */
export interface SandboxView {
  host: string;
  /** Of the agent's API; null: not known yet. */
  agentUrl: string | null;
  path: string;
}

/** The last that an agent has offered and nothing has taken since. */
export interface OfferView {
  id: string;
  agentId: string;
  hostname: string;
  attributes: Record<string, AttributeValue>;
  /** Each with one of the three. */
  resources: { name: string; role: string; scalar?: number; ranges?: PortRange[]; set?: string[] }[];
  at: string;
}
