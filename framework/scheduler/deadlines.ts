/** Deployments that have not ended in the time that their users gave them. */
import { endEarly, settle } from './changes.js';
import type { Context } from './context.js';
import { currentActions, waitingFor } from './deployments.js';
import { publishStep } from './publish.js';
import type { DeploymentRecord } from './records.js';
import { rollBack } from './roll-back.js';
import { firstSentence } from './story.js';

/** What ended while this version was being deployed: the usual reason why a deployment does not end. */
function lastFailure({ state }: Context, appId: string, { version }: DeploymentRecord): string {
  const failure = state.apps.get(appId)?.lastTaskFailure;
  return failure?.version === version ? `; last failure: ${failure.state}, ${firstSentence(failure.message)}` : '';
}

/** They fail with what they wait for as the reason; those that are to be rolled back are. */
export function failOverdue(context: Context): void {
  for (const deployment of [...context.state.deployments.values()]) {
    const { deadline } = deployment;
    if (!deadline || deadline.atMs > context.now) continue;
    const waits = currentActions(deployment).flatMap((action) => {
      const waits = waitingFor(context, action);
      return waits === null ? [] : [waits + lastFailure(context, action.app, deployment)];
    });
    const reason = `has not ended within ${deadline.seconds} s${deadline.rollBack ? ' and is rolled back' : ''}: ${waits.join('; ')}`;
    publishStep(context, deployment, 'deployment_step_failure');
    endEarly(context, deployment, reason);
    if (deadline.rollBack) rollBack(context, deployment);
    else settle(context, deployment.affectedApps);
  }
}
