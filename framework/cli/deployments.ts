import type { ChangeOptions } from './apps.js';
import { EXIT, Failure } from './failure.js';
import { inCommands } from './in-commands.js';
import { gaia } from './program-name.js';
import type { Session } from './session.js';
import { bold, dim, green, red } from './terminal/colour.js';
import { type Deployment, deploymentPath, describe, endOf, failed, followDeployment, showWaiting } from './wait.js';

export async function listDeployments({ api, output }: Session): Promise<void> {
  const deployments = await api.get<Deployment[]>('/v2/deployments');
  if (deployments.length === 0) output.line('No deployments: nothing is being changed.');
  else {
    const rows = deployments.map((one) => [
      ...[one.id, one.affectedApps.join(', '), `${one.currentStep}/${one.totalSteps}`],
      ...[one.currentActions.map(({ action }) => action).join(', '), one.deadline ?? dim('none')],
      one.waitingFor === null ? dim('moving') : inCommands(one.waitingFor),
    ]);
    output.table(['ID', 'APPS', 'STEP', 'DOING', 'DEADLINE', { title: 'WAITING FOR', wraps: true }], rows);
  }
  output.result(
    { deployments },
    deployments.map(({ id }) => id),
  );
}

/** Its steps while it is under way, afterwards how it ended. */
export async function showDeployment({ api, output }: Session, id: string): Promise<void> {
  const deployment = await api.find<Deployment>(deploymentPath(id));
  if (deployment === null) {
    const { reason } = await endKnown(api, id);
    output.line(`${bold(id)} ${reason === null ? green('has ended well') : red(`has failed: ${reason}`)}`);
    output.result({ id, deployment: reason === null ? 'ended' : 'failed', reason });
    return;
  }
  output.line(`${bold(id)} ${describe(deployment)}`);
  if (deployment.deadline !== undefined)
    output.line(`  it fails at ${deployment.deadline}, if it has not ended by then`);
  const rows = deployment.steps.flatMap(({ actions }, index) =>
    actions.map(({ action, app }) => [stepText(index + 1, deployment.currentStep), action, app]),
  );
  output.table(['STEP', 'ACTION', 'APP'], rows);
  output.result({ ...deployment, deployment: 'running' });
}

function stepText(step: number, current: number): string {
  if (step < current) return `${step} done`;
  return step === current ? bold(`${step} now`) : String(step);
}

/** A deployment that is under way is waited for; of one that has ended this says how. */
export async function waitFor({ api, output }: Session, id: string, timeoutSeconds: number): Promise<void> {
  if ((await api.find(deploymentPath(id))) !== null) await showWaiting(api, output, id, timeoutSeconds);
  else {
    const { reason } = await endKnown(api, id);
    if (reason !== null) throw failed(id, reason);
  }
  output.line(`${id} has ended.`);
  output.result({ id, deployment: 'ended' });
}

async function endKnown(api: Session['api'], id: string): Promise<{ reason: string | null }> {
  const end = await endOf(api, id);
  if (end !== null) return end;
  const message = `There is no deployment ${id}, or its end is not remembered any more`;
  throw new Failure(EXIT.notFound, message, `See those that are under way with "${gaia} deployment list".`);
}

/** Takes a change back by a new deployment; with `force` it is just stopped where it is. */
export async function cancelDeployment({ api, output }: Session, id: string, options: ChangeOptions): Promise<void> {
  const path = `${deploymentPath(id)}?force=${options.force === true}`;
  const { body } = await api.send<{ deploymentId?: string } | ''>('DELETE', path);
  const deploymentId = body === '' ? undefined : body.deploymentId;
  const state = await followDeployment(api, output, deploymentId, options);
  output.line(options.force ? `${id} is stopped where it was.` : `${id} is taken back.`);
  output.result({ cancelled: id, deploymentId: deploymentId ?? null, deployment: state });
}
