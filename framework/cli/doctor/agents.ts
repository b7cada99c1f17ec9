/** `gaia doctor --agents`: are the agents of the cluster fit, as executors there have found them. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentView } from '../../service.js';
import { type ApiClient, appPath } from '../api-client.js';
import { EXIT, Failure } from '../failure.js';
import type { Session } from '../session.js';
import { type Finding, findingsAt } from './findings.js';
import { findingColumns, findingRow } from './table.js';

/** What was found is looked for again after this long. */
const freshSeconds = 3600;
/** Agents that are asked at a time. */
const askedMax = 200;
const pollMs = 250;

interface Examined {
  agentId: string;
  hostname: string;
  findings: Finding[];
}

export async function doctorOfAgents({ api, output }: Session, timeoutSeconds: number): Promise<void> {
  const asked = await askOthers({ api, output }, new Set(), timeoutSeconds);
  // Their tasks have had all agents offer: some may not have been known before.
  await askOthers({ api, output }, asked, timeoutSeconds);
  const examined = (await agentsOf(api)).map(examine);
  if (examined.length === 0) throw nobody();
  const rows = examined.flatMap(({ hostname, findings }) =>
    findings.filter(({ level }) => level !== 'ok').map((finding) => [hostname, ...findingRow(finding)]),
  );
  if (rows.length > 0) output.table(['AGENT', ...findingColumns], rows);
  const unfit = examined.filter(({ findings }) => findings.some(({ level }) => level === 'problem'));
  if (unfit.length > 0) throw problems(unfit, examined);
  output.line(`${examined.length} agents, none with a problem`);
  output.result({ agents: examined });
}

/** Those that have not reported lately, but for `asked`; gives the ids of all that have been asked. */
async function askOthers({ api, output }: Session, asked: Set<string>, timeoutSeconds: number): Promise<Set<string>> {
  const isOpen = (agent: AgentView) => !isFresh(agent) && !asked.has(agent.agentId);
  const agents = (await agentsOf(api)).filter(isOpen).slice(0, askedMax);
  if (agents.length === 0) return asked;
  output.note(`${agents.length} agents are asked: a task is started on each, for a moment`);
  await ask(api, agents, timeoutSeconds);
  return new Set([...asked, ...agents.map(({ agentId }) => agentId)]);
}

const agentsOf = async (api: ApiClient) => (await api.get<{ agents: AgentView[] }>('/v2/agents')).agents;

const isFresh = ({ host }: AgentView) => host !== null && host.secondsAgo < freshSeconds;

/** Every executor tells what it finds when it begins: so a task on each of these agents is enough. */
async function ask(api: ApiClient, agents: AgentView[], timeoutSeconds: number): Promise<void> {
  const id = `/gaia-doctor-${randomUUID()}`;
  const hostnames = [...new Set(agents.map(({ hostname }) => hostname))];
  const like = hostnames.map((name) => name.replaceAll(/[^\w-]/g, '\\$&')).join('|');
  await api.send('POST', '/v2/apps', {
    ...{ id, cmd: 'exec sleep 600', cpus: 0.01, mem: 16, disk: 0, instances: hostnames.length },
    constraints: [
      ['hostname', 'UNIQUE'],
      ['hostname', 'LIKE', like],
    ],
  });
  try {
    await reported(api, new Set(agents.map(({ agentId }) => agentId)), timeoutSeconds);
  } finally {
    await api.send('DELETE', `${appPath(id)}?force=true`);
  }
}

/** Resolves when all have, or the time is up. */
async function reported(api: ApiClient, agentIds: Set<string>, timeoutSeconds: number): Promise<void> {
  const deadlineMs = performance.now() + timeoutSeconds * 1000;
  while (performance.now() < deadlineMs) {
    const agents = await agentsOf(api);
    if (agents.every((agent) => !agentIds.has(agent.agentId) || isFresh(agent))) return;
    await sleep(pollMs);
  }
}

function examine(agent: AgentView): Examined {
  const { agentId, hostname } = agent;
  return { agentId, hostname, findings: findingsAt(agent) ?? [unheard] };
}

const unheard: Finding = {
  check: 'executor',
  level: 'problem',
  sentence: 'no executor has told anything from there',
  remedy: `see whether it offers 0.01 cpus and 16 MB and is not drained, and the sandbox of a task there; with more than ${askedMax} agents run this again`,
};

function nobody(): Failure {
  const remedy =
    'Agents are known when they have offered something: deploy an app, or look whether the master has any.';
  return new Failure(EXIT.failed, 'The framework knows no agent', remedy);
}

function problems(unfit: Examined[], agents: Examined[]): Failure {
  const names = unfit.map(({ hostname }) => hostname).join(', ');
  return new Failure(EXIT.failed, `Agents have problems: ${names}`, 'Do what the table says.', { agents });
}
