import { installation } from '../installation.js';
import type { Context } from './context.js';
import { ApiError, noLeader } from './errors.js';
import type { Resource } from './resource.js';

/** `/v2/info`: who serves this API. */
export function infoResource({ service, leadership, address, executorArchive }: Context): Resource {
  return {
    GET: () => {
      const { frameworkId, master, releasing, servicePorts } = service.view();
      const { leading, leader, zooKeeper } = leadership;
      return {
        name: 'gaia',
        version: installation.version,
        executorArchive: executorArchive?.sha256 ?? null,
        elected: leading,
        leader,
        frameworkId,
        marathon_config: {
          master: master.address,
          ...(servicePorts && { local_port_min: servicePorts.min, local_port_max: servicePorts.max }),
        },
        zookeeper_config: zooKeeper && { zk: zooKeeper.url, zk_session_timeout: zooKeeper.sessionTimeoutMs },
        http_config: { http_port: portOf(address()) },
        master,
        releasing,
      };
    },
  };
}

/** `/v2/leader`: which scheduler leads; DELETE has it abdicate. */
export function leaderResource({ leadership }: Context): Resource {
  return {
    GET: () => {
      const { leader } = leadership;
      if (leader === null)
        throw new ApiError(404, 'There is no leader', 'One of the schedulers leads in some seconds.');
      return { leader };
    },
    DELETE: () => {
      if (leadership.zooKeeper === null)
        throw new ApiError(409, 'There is no other scheduler', 'Start several with --store zk://...');
      if (!leadership.abdicate()) throw noLeader();
      return { message: 'Leadership abdicated' };
    },
  };
}

/** `/v2/plugins`: this framework has none. */
export function pluginsResource(): Resource {
  return { GET: () => ({ plugins: [] }) };
}

export function pingResource(): Resource {
  return { GET: (_request, reply) => reply.type('text/plain').send('pong\n') };
}

function portOf(address: string | null): number | null {
  return address === null ? null : Number(address.split(':').at(-1));
}
