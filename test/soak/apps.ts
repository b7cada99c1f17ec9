/** What runs on the cluster of a soak. */
import path from 'node:path';
import { repository } from '../consensus/interpose/group.js';
import { redisReplication, redisSpec } from '../e2e/system.js';

export const apps = {
  redis: '/soak/redis',
  gateway: '/soak/gateway',
  /** Loses its leader now and then. */
  lossy: '/soak/lossy',
  plain: '/soak/plain',
} as const;

/** The journals of hours would fill the disk. */
const snapshot = { provider: 'hook', send: 'SAVE\r\n', expect: '+OK\r\n', file: 'dump.rdb', logBytes: 256 * 2 ** 20 };

export function plainSpec(id: string): object {
  return { id, cmd: 'exec sleep 1000000', cpus: 0.1, mem: 32, instances: 1, backoffSeconds: 0 };
}

export const specs = (): object[] => [
  redisSpec(apps.redis, { mem: 256, replication: { ...redisReplication, snapshot } }),
  {
    ...redisSpec(apps.gateway),
    cmd: `exec ${path.join(repository, 'build/native/gaia-static-server')}`,
    replication: { protocol: 'apus', suspicionMs: 5_000, via: 'gateway' },
  },
  redisSpec(apps.lossy),
  plainSpec(apps.plain),
];
