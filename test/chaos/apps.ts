/** What runs while the nemeses are at work. */
import { redisSpec } from '../e2e/system.js';

export const groups = [
  { id: '/chaos/memory', durability: 'memory' },
  { id: '/chaos/disk', durability: 'disk' },
] as const;

export type Durability = (typeof groups)[number]['durability'];

/** Gone soon, so that replicas are replaced within a run. */
const unreachableStrategy = { inactiveAfterSeconds: 8, expungeAfterSeconds: 20 };

export function groupSpec({ id, durability }: (typeof groups)[number]): object {
  return redisSpec(id, {
    cmd: "exec redis-server --bind 0.0.0.0 --protected-mode no --port $PORT0 --save ''",
    replication: {
      protocol: 'apus',
      transport: 'auto',
      suspicionMs: 1000,
      durability,
      spread: ['zone', 'rack', 'host'],
    },
    unreachableStrategy,
  });
}

/** Tasks that are no replicas, and such with a volume, for which agents keep reservations. */
export const plainApps = [
  { id: '/chaos/plain', cmd: 'exec sleep 100000', cpus: 0.1, mem: 16, instances: 2, backoffSeconds: 0 },
  {
    id: '/chaos/kept',
    cmd: 'exec sleep 100000',
    cpus: 0.1,
    mem: 16,
    instances: 1,
    backoffSeconds: 0,
    container: { type: 'MESOS', volumes: [{ containerPath: 'kept', mode: 'RW', persistent: { size: 16 } }] },
    residency: { taskLostBehavior: 'WAIT_FOREVER' },
  },
];
