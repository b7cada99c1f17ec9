import type { AgentName, DrainPlan, Move, RebalancePlan } from '../../placement/index.js';
import { EXIT, Failure } from './failure.js';
import { gaia } from './program-name.js';
import type { Session } from './session.js';
import { bold, dim, red, yellow } from './terminal/colour.js';
import { followDeployment } from './wait.js';

interface Preview<Plan> {
  known: {
    agents: number;
    oldestOfferSeconds: number | null;
    unknownAgents: AgentName[];
  };
  plan: Plan;
}

interface RebalanceFlags {
  dryRun?: boolean;
  detach?: boolean;
  timeout: number;
  movesMax: number;
  gainMin: number;
}

/** `gaia rebalance`: carries out the moves that gain, or with `--dry-run` only says which. */
export async function rebalance({ api, output }: Session, options: RebalanceFlags): Promise<void> {
  const path = `/v2/placement/rebalance?movesMax=${options.movesMax}&gainMin=${options.gainMin}`;
  const preview = await api.get<Preview<RebalancePlan>>(path);
  if (options.dryRun || preview.plan.moves.length === 0) {
    tellKnown(output, preview.known);
    tellMoves(output, preview.plan);
    output.result(preview);
    return;
  }
  const { body } = await api.send<Preview<RebalancePlan> & { deploymentId: string }>('POST', path);
  tellMoves(output, body.plan);
  const state = await followDeployment(api, output, body.deploymentId, options);
  output.result({ ...body, deployment: state });
}

function tellMoves(output: Session['output'], plan: RebalancePlan): void {
  if (plan.moves.length === 0) output.line('No move gains.');
  for (const move of plan.moves) {
    output.line(moveText(move));
    output.line(dim(`    ${move.sentence}`));
  }
  if (plan.agentsFreed.length > 0) output.line(`Agents without any task after it: ${namesOf(plan.agentsFreed)}`);
  tellSurvival(output, plan.groups);
  if (plan.gaveUp) output.line(yellow('Not all agents that might be emptied were tried.'));
}

interface DrainOptions {
  dryRun?: boolean;
  end?: boolean;
  detach?: boolean;
  timeout: number;
}

/** `gaia drain`: empties agents, or with `--dry-run` only says how. Exit code 1 of a preview: something cannot go. */
export async function drain(session: Session, targets: string[], options: DrainOptions): Promise<void> {
  const query = queryOf(targets);
  if (options.dryRun) return previewDrain(session, query);
  if (options.end) return endDrain(session, query, targets);
  const { api, output } = session;
  const { body } = await api.send<{ deploymentId: string }>('POST', `/v2/placement/drain?${query}`);
  output.note(`${targets.join(' ')} takes nothing new until "${gaia} drain --end ${targets.join(' ')}".`);
  const state = await followDeployment(api, output, body.deploymentId, options);
  if (state === 'ended') output.line('Nothing runs there any more.');
  output.result({ deploymentId: body.deploymentId, deployment: state });
}

async function endDrain({ api, output }: Session, query: URLSearchParams, targets: string[]): Promise<void> {
  await api.send('DELETE', `/v2/placement/drain?${query}`);
  output.line(`${targets.join(' ')} takes tasks again; what is there stays.`);
  output.result({ ended: targets });
}

async function previewDrain({ api, output }: Session, query: URLSearchParams): Promise<void> {
  const { known, plan } = await api.get<Preview<DrainPlan>>(`/v2/placement/drain?${query}`);
  tellKnown(output, known);
  output.line(`To be emptied: ${namesOf(plan.agents)}`);
  for (const [index, moves] of plan.steps.entries()) {
    output.line(bold(`step ${index + 1} of ${plan.steps.length}`));
    for (const move of moves) output.line(moveText(move));
  }
  if (plan.steps.length === 0 && plan.stuck.length === 0) output.line('Nothing runs there.');
  tellSurvival(output, plan.groups);
  for (const { group, slot, hostname, sentence } of plan.stuck)
    output.line(red(`  ${group} ${slot} cannot leave ${hostname}: ${sentence}`));
  if (plan.stuck.length > 0) {
    const all = plan.steps.flat().length + plan.stuck.length;
    const message = `${plan.stuck.length} of ${all} replicas and tasks cannot leave`;
    throw new Failure(EXIT.failed, message, 'Add agents, loosen the constraints, or lower instances.', { known, plan });
  }
  output.result({ known, plan });
}

/** `agent-1` or `zone=a`. */
function queryOf(targets: string[]): URLSearchParams {
  return new URLSearchParams(
    targets.map((target): [string, string] => {
      const [field, ...value] = target.split('=');
      return value.length === 0 ? ['agent', target] : [field as string, value.join('=')];
    }),
  );
}

const namesOf = (agents: AgentName[]) => agents.map(({ hostname }) => hostname).join(', ');

function moveText({ group, slot, from, to, leads }: Move): string {
  return `  ${group} ${slot}: ${from.hostname} -> ${to.hostname}${leads ? ' (it leads; another leads before it leaves)' : ''}`;
}

function tellKnown(
  output: Session['output'],
  { agents, oldestOfferSeconds, unknownAgents }: Preview<unknown>['known'],
): void {
  const age = oldestOfferSeconds === null ? '' : `, as they last offered, up to ${oldestOfferSeconds} s ago`;
  output.line(dim(`A preview over ${agents} agents${age}; nothing is moved.`));
  for (const { hostname } of unknownAgents)
    output.line(
      yellow(`${hostname} has offered nothing since the framework started: its room is unknown, so it takes nothing.`),
    );
}

function tellSurvival(output: Session['output'], groups: DrainPlan['groups']): void {
  for (const { group, before, after } of groups) {
    if (before.sentence === after.sentence) output.line(`${group} ${after.sentence}, as before.`);
    else output.line(`${group} ${before.sentence}.\n  Afterwards it ${after.sentence}.`);
  }
}
