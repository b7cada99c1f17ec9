import type { PreemptionPlan } from '../../placement/index.js';
import type { Plan, Rung } from '../../placement/types.js';
import type { DrainView, ReservationView } from '../service.js';
import { getBelow } from './api-client.js';
import { type AppJson, placeOf, type TaskJson, volumesOf, type Waiting } from './app-json.js';
import { EXIT, Failure } from './failure.js';
import type { Session } from './session.js';
import { firstLine, showWaiting, stateOf } from './show.js';
import { readSpec } from './spec-file.js';
import { bold, dim, green, red, yellow } from './terminal/colour.js';

/** `gaia status`: is the framework there, has it a master, what runs and what waits. */
export async function status({ api, output }: Session): Promise<void> {
  const info = await api.get<{
    version: string;
    frameworkId: string | null;
    master: { connected: boolean; address: string | null };
    leader: string | null;
    zookeeper_config: object | null;
    releasing: ReservationView[];
  }>('/v2/info');
  const { apps } = await api.get<{ apps: AppJson[] }>('/v2/apps');
  const { queue } = await api.get<{ queue: { app: { id: string }; count: number; sentence: string | null }[] }>(
    '/v2/queue',
  );
  const { connected, address } = info.master;
  const { drains } = await api.get<{ drains: DrainView[] }>('/v2/placement/drains');
  output.line(`API     ${api.baseUrl} (GAIA ${info.version})`);
  if (info.zookeeper_config !== null) output.line(`leader  ${info.leader}, of the schedulers that may lead`);
  output.line(
    `master  ${address ?? 'unknown'} ${connected ? green('connected') : red('not connected: running tasks go on, changes wait')}`,
  );
  output.line(`apps    ${apps.length}, ${apps.reduce((sum, app) => sum + app.tasksRunning, 0)} tasks run`);
  for (const app of apps) output.line(`        ${app.id}  ${app.tasksRunning}/${app.instances}  ${stateOf(app)}`);
  for (const item of queue)
    output.line(`waiting ${item.app.id}: ${item.count} to be placed; ${item.sentence ?? 'waiting for offers'}`);
  for (const { agents, tasks } of drains) {
    const names = agents.map(({ hostname }) => hostname).join(', ') || 'no agent that is known';
    output.line(`drained ${names}: ${tasks === 0 ? 'empty' : `${tasks} tasks are there still`}`);
  }
  for (const kept of info.releasing)
    output.line(
      `kept    on ${kept.host}: ${kept.instanceId}, to be given back when the agent offers it: ${kept.releasing}`,
    );
  output.result({ api: api.baseUrl, info, apps, queue, drains });
}

/** Whom an app of a priority above 0 makes leave, if it is added and waits for a while. */
function tellPreemption(output: Session['output'], preemption: PreemptionPlan | null): void {
  if (preemption === null) return;
  const { victims, sentence } = preemption;
  if (sentence !== null) output.line(`  Its priority does not help: ${sentence}`);
  for (const { group, slot, hostname, priority } of victims)
    output.line(yellow(`  ${group} ${slot} on ${hostname}, of priority ${priority}, would leave for it`));
}

interface PlacementJson {
  appId: string;
  spread: Rung[];
  tasks: (Omit<TaskJson, 'slaveId' | 'id' | 'placement'> & {
    taskId: string;
    slot: number | null;
    agentId: string;
    placement: TaskJson['placement'] | null;
  })[];
  reservations: ReservationView[];
  waiting: Waiting | null;
  survives: { sentence: string } | null;
}

/** `gaia explain`: why the tasks of an app are where they are, and what keeps the others waiting. */
export async function explain({ api, output }: Session, id: string): Promise<void> {
  const placement = await getBelow<PlacementJson>(api, id, 'placement');
  output.line(bold(placement.appId));
  if (placement.spread.length > 0) output.line(`  spread over ${placement.spread.map(rungText).join(', then ')}`);
  for (const task of placement.tasks) {
    output.line();
    const name = task.slot === null ? task.taskId : `replica ${task.slot}`;
    const zone = task.zone ?? undefined;
    output.line(
      `  ${bold(name)} is on ${bold(task.host)}, ${placeOf({ ...task, ...(zone === undefined ? {} : { zone }) })}`,
    );
    explainScore(output, task.placement ?? null);
  }
  for (const kept of placement.reservations)
    output.line(
      `\n  ${kept.instanceId} comes back to ${bold(kept.host)} alone, which keeps ${volumesOf(kept)} for it.`,
    );
  if (placement.survives !== null) output.line(`\n  The group ${placement.survives.sentence}.`);
  showWaiting(output, placement.waiting);
  output.result({ placement });
}

/** 'rack (at most 2 each)' */
function rungText(rung: Rung): string {
  if (typeof rung === 'string') return rung;
  const { domain, required, maxPerDomain } = rung;
  if (!required) return domain;
  return `${domain} (${maxPerDomain === undefined ? 'never a majority in one' : `at most ${maxPerDomain} each`})`;
}

function explainScore(output: Session['output'], placement: TaskJson['placement'] | null): void {
  if (!placement) {
    output.line(dim('    no record of the decision is kept'));
    return;
  }
  output.line(`    score ${placement.score.toFixed(3)}, of`);
  for (const { name, value, weight } of placement.parts) {
    output.line(`      ${name}: ${value.toFixed(3)} with weight ${weight.toFixed(3)}`);
  }
  if (placement.others.length > 0) output.line('    about agents');
  for (const other of placement.others) output.line(`      ${firstLine(other.sentence)}`);
}

/** `gaia plan`: where the tasks of a spec would go on the offers at hand. Exit code 1 when not all fit. */
export async function plan({ api, output }: Session, file: string): Promise<void> {
  const { body } = await api.send<{ app: AppJson; exists: boolean; plan: Plan; preemption: PreemptionPlan | null }>(
    'POST',
    '/v2/plan',
    readSpec(file),
  );
  const { assigned, unplaced, considered } = body.plan;
  output.line(
    `${bold(body.app.id)}: ${assigned.length} placed${body.exists ? ' (the app exists; this is a plan for a new version)' : ''}`,
  );
  if (assigned.length > 0) {
    const rows = assigned.map((one) => [String(one.slot), one.hostname, one.ports.join(','), one.score.toFixed(3)]);
    output.table(['SLOT', 'AGENT', 'PORTS', 'SCORE'], rows);
  }
  for (const other of considered) output.line(dim(`  ${other.sentence}`));
  for (const { slots, sentence, refusals } of unplaced) {
    output.line(red(`  slots ${slots.join(', ')} do not fit: ${sentence}`));
    for (const refusal of refusals) output.line(`    ${refusal.sentence}`);
  }
  tellPreemption(output, body.preemption);
  if (unplaced.length > 0) {
    const message = `${unplaced.reduce((sum, one) => sum + one.slots.length, 0)} tasks do not fit`;
    throw new Failure(EXIT.failed, message, 'Ask for less, loosen the constraints, or add agents.', {
      plan: body.plan,
      preemption: body.preemption,
    });
  }
  output.result({ app: body.app, exists: body.exists, plan: body.plan });
}
