import type { ChangeOptions } from './apps.js';
import { dim } from './output.js';
import type { Session } from './session.js';
import { followDeployment } from './wait.js';

interface DeploymentJson {
  id: string;
  version: string;
  affectedApps: string[];
  currentStep: number;
  totalSteps: number;
  currentActions: { action: string }[];
  waitingFor: string | null;
}

export async function listDeployments({ api, output }: Session): Promise<void> {
  const deployments = await api.get<DeploymentJson[]>('/v2/deployments');
  if (deployments.length === 0) output.line('No deployments: nothing is being changed.');
  else {
    const rows = deployments.map((one) => [
      ...[one.id, one.affectedApps.join(', '), `${one.currentStep}/${one.totalSteps}`],
      ...[one.currentActions.map(({ action }) => action).join(', '), one.waitingFor ?? dim('moving')],
    ]);
    output.table(['ID', 'APPS', 'STEP', 'DOING', 'WAITING FOR'], rows);
  }
  output.result({ deployments });
}

/** Takes a change back by a new deployment; with `force` it is just stopped where it is. */
export async function cancelDeployment({ api, output }: Session, id: string, options: ChangeOptions): Promise<void> {
  const path = `/v2/deployments/${encodeURIComponent(id)}?force=${options.force === true}`;
  const { body } = await api.send<{ deploymentId?: string } | ''>('DELETE', path);
  const deploymentId = body === '' ? undefined : body.deploymentId;
  const state = await followDeployment(api, output, deploymentId, options);
  output.line(options.force ? `${id} is stopped where it was.` : `${id} is taken back.`);
  output.result({ cancelled: id, deploymentId: deploymentId ?? null, deployment: state });
}
