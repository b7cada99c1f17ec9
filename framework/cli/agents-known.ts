/** `gaia agent`: agents as the framework knows them. */
import type { AgentView, DrainView } from '../service.js';
import type { TaskJson } from './app-json.js';
import { type Finding, findingsAt } from './doctor/findings.js';
import { findingColumns, findingRow } from './doctor/table.js';
import { EXIT, Failure } from './failure.js';
import { remedyFor } from './near.js';
import { gaia } from './program-name.js';
import type { Session } from './session.js';
import { bold, dim, green, red, yellow } from './terminal/colour.js';

interface Known extends AgentView {
  tasks: TaskJson[];
  drained: boolean;
  /** Null: no executor has told. */
  findings: Finding[] | null;
}

export async function listAgents({ api, output }: Session): Promise<void> {
  const agents = await knownAgents(api);
  if (agents.length === 0) output.line('No agent has offered anything yet.');
  const rows = agents.map((agent) => [
    ...[agent.hostname, String(agent.tasks.length), stateOf(agent), fitness(agent), placeOf(agent), agent.agentId],
  ]);
  const columns = ['AGENT', 'TASKS', 'OFFERED', 'FIT', 'PLACE', { title: 'ID', wide: true } as const];
  if (agents.length > 0) output.table(columns, rows);
  output.result(
    { agents },
    agents.map(({ hostname }) => hostname),
  );
}

export async function showAgent({ api, output }: Session, name: string): Promise<void> {
  const agents = await knownAgents(api);
  const agent = agents.find(({ hostname, agentId }) => hostname === name || agentId === name);
  if (agent === undefined) throw unknownAgent(name, agents);
  output.line(`${bold(agent.hostname)}  ${stateOf(agent)}`);
  output.line(dim(`  ${[agent.agentId, placeOf(agent)].filter((part) => part !== '').join(', ')}`));
  const rows = agent.tasks.map(({ id, appId, state, ports }) => [appId, id, ports.join(', '), state]);
  if (rows.length === 0) output.line('  nothing of GAIA runs there');
  else output.table(['APP', 'TASK', 'PORTS', 'STATE'], rows);
  if (agent.findings === null) output.line(`  no executor has told of its machine: ${gaia} doctor --agents asks them`);
  else {
    output.line();
    output.table(findingColumns, agent.findings.map(findingRow));
  }
  output.result({ agent }, [agent.hostname]);
}

async function knownAgents(api: Session['api']): Promise<Known[]> {
  const { agents } = await api.get<{ agents: AgentView[] }>('/v2/agents');
  const { tasks } = await api.get<{ tasks: TaskJson[] }>('/v2/tasks');
  const { drains } = await api.get<{ drains: DrainView[] }>('/v2/placement/drains');
  const drained = new Set(drains.flatMap((drain) => drain.agents.map(({ agentId }) => agentId)));
  return agents.map((agent) => ({
    ...agent,
    tasks: tasks.filter(({ slaveId }) => slaveId === agent.agentId),
    drained: drained.has(agent.agentId),
    findings: findingsAt(agent),
  }));
}

function stateOf({ drained, offeredSecondsAgo }: Known): string {
  if (drained) return yellow('drained: takes nothing new');
  if (offeredSecondsAgo === null) return yellow('nothing yet');
  return `${Math.round(offeredSecondsAgo)} s ago`;
}

function fitness({ findings }: Known): string {
  if (findings === null) return dim('not known');
  const problems = findings.filter(({ level }) => level === 'problem').map(({ check }) => check);
  return problems.length === 0 ? green('yes') : red(`no: ${problems.join(', ')}`);
}

/** As its tasks tell; of an agent without any nothing is told. */
function placeOf({ tasks: [task] }: Known): string {
  const parts = [task?.region, task?.zone, ...Object.values(task?.attributes ?? {})];
  return [...new Set(parts.filter((part) => part !== undefined))].join(', ');
}

function unknownAgent(name: string, agents: Known[]): Failure {
  const names = agents.map(({ hostname }) => hostname);
  return new Failure(EXIT.notFound, `No agent ${name} is known`, remedyFor(name, names, 'agent list'));
}
