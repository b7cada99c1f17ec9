import { deploymentJson } from './answers.js';
import { type Context, sendDeployment } from './context.js';
import { ApiError } from './errors.js';
import { flag } from './query.js';
import type { Resource } from './resource.js';

/** `/v2/deployments`: changes being carried out. */
export function deploymentsResource({ service }: Context): Resource {
  return { GET: () => service.view().deployments.map(deploymentJson) };
}

/** `/v2/deployments/:id`: DELETE takes a change back by a new deployment; with `force` it just stops it (202). */
export function deploymentResource({ service, changes }: Context): Resource {
  return {
    DELETE: async (request, reply) => {
      const { id } = request.params as { id: string };
      const force = flag(request, 'force');
      const { accepted } = await changes.submit(request, (view) => {
        if (!view.deployments.some((one) => one.id === id)) throw noSuchDeployment(id);
        return { command: { type: 'cancelDeployment', deploymentId: id, force }, result: null };
      });
      return force ? reply.code(202).send() : sendDeployment(reply, accepted);
    },
    GET: (request) => {
      const { id } = request.params as { id: string };
      const deployment = service.view().deployments.find((one) => one.id === id);
      if (deployment === undefined) throw noSuchDeployment(id);
      return deploymentJson(deployment);
    },
  };
}

function noSuchDeployment(id: string): ApiError {
  return new ApiError(
    404,
    `DeploymentPlan ${id} does not exist`,
    'It may have ended; GET /v2/deployments lists those that run.',
  );
}
