/** Deployments that have not ended in the time that their users gave them. */
import { endEarly, settle } from './changes.js';
import type { Context } from './context.js';
import { currentActions, waitingFor } from './deployments.js';
import { publishStep } from './publish.js';
import { rollBack } from './roll-back.js';

/** They fail with what they wait for as the reason; those that are to be rolled back are. */
export function failOverdue(context: Context): void {
  for (const deployment of [...context.state.deployments.values()]) {
    const { deadline } = deployment;
    if (!deadline || deadline.atMs > context.now) continue;
    const waits = currentActions(deployment).flatMap((action) => waitingFor(context, action) ?? []);
    const reason = `has not ended within ${deadline.seconds} s${deadline.rollBack ? ' and is rolled back' : ''}: ${waits.join('; ')}`;
    publishStep(context, deployment, 'deployment_step_failure');
    endEarly(context, deployment, reason);
    if (deadline.rollBack) rollBack(context, deployment);
    else settle(context, deployment.affectedApps);
  }
}
