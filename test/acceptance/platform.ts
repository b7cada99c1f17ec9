/** What the story needs of the cluster that it is told on. */
import { page } from '../conformance/raw-http.js';
import type { Api } from '../e2e/system.js';

export interface Platform {
  /** Where programs listen for their clients. */
  readonly bind: string;
  /** What replicas are told to reach each other by; null: whatever is best. */
  readonly transport: string | null;
  /** Null: they are somebody else's, and nothing of them is lost. */
  readonly machines: Machines | null;
  /** Waits until the framework is subscribed. */
  framework(): Promise<Api>;
  /** Kills the framework that leads, as with its machine, and gives back the one that goes on. */
  frameworkAgain(): Promise<Api>;
  /** SIGKILL to a process on a machine. */
  kill(host: string, pid: number): Promise<void>;
  inMesos(): Promise<InMesos>;
  /** Leaves nothing of the framework in Mesos. */
  stop(frameworkId: string | null): Promise<void>;
}

/** By the names that agents have. */
export interface Machines {
  /** With all that runs on it, without a warning. */
  kill(host: string): Promise<void>;
  start(host: string): Promise<void>;
  /** No machine of its rack is reached any more. Gives back what ends that. */
  cutRackOf(host: string): Promise<() => Promise<void>>;
}

/** Tasks that Mesos says live, what its agents keep for the framework's role, and how many agents there are. */
export interface InMesos {
  living: string[];
  reserved: string[];
  activeAgents: number;
}

interface FrameworkPage {
  roles?: string[];
  tasks: { id: string; state: string }[];
}

interface AgentPage {
  hostname: string;
  active: boolean;
  reserved_resources: Record<string, object>;
}

export async function inMesosOf(masterUrl: string, role: string): Promise<InMesos> {
  const { frameworks } = await page<{ frameworks: FrameworkPage[] }>(masterUrl, '/state');
  const { slaves } = await page<{ slaves: AgentPage[] }>(masterUrl, '/slaves');
  const tasks = frameworks.filter(({ roles }) => roles?.includes(role)).flatMap(({ tasks: all }) => all);
  return {
    living: tasks.filter(({ state }) => /STAGING|STARTING|RUNNING|KILLING/.test(state)).map(({ id }) => id),
    reserved: slaves.filter((agent) => role in agent.reserved_resources).map(({ hostname }) => hostname),
    activeAgents: slaves.filter(({ active }) => active).length,
  };
}
