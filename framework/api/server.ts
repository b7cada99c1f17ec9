import { installation } from '../installation.js';
import type { Context } from './context.js';
import { ApiError } from './errors.js';
import type { Resource } from './resource.js';

/** `/v2/info`: who serves this API. */
export function infoResource({ service, address }: Context): Resource {
  return {
    GET: () => {
      const { frameworkId, master, releasing } = service.view();
      return {
        name: 'gaia',
        version: installation.version,
        elected: true,
        leader: address(),
        frameworkId,
        marathon_config: { master: master.address },
        http_config: { http_port: portOf(address()) },
        master,
        releasing,
      };
    },
  };
}

/** `/v2/leader`: this version has one scheduler, and whoever answers is it. */
export function leaderResource({ address }: Context): Resource {
  return {
    GET: () => {
      const leader = address();
      if (leader === null) throw new ApiError(404, 'There is no leader', 'This API does not listen on a port.');
      return { leader };
    },
  };
}

export function pingResource(): Resource {
  return { GET: (_request, reply) => reply.type('text/plain').send('pong\n') };
}

/** `/health`: 200 while a master is connected, 503 without one (running tasks go on, changes wait). */
export function healthResource({ service }: Context): Resource {
  return {
    GET: (_request, reply) => {
      const { master, frameworkId, queue, deployments } = service.view();
      const status = master.connected ? 'ok' : 'no master';
      reply.code(master.connected ? 200 : 503);
      return { status, master, frameworkId, appsWaiting: queue.length, deployments: deployments.length };
    },
  };
}

function portOf(address: string | null): number | null {
  return address === null ? null : Number(address.split(':').at(-1));
}
