/** What runs while the nemeses are at work. */
import { redisSpec } from '../e2e/system.js';
import { memcached } from './programs/memcached.js';
import { redis } from './programs/redis.js';

const redisCommand = "exec redis-server --bind 0.0.0.0 --protected-mode no --port $PORT0 --save ''";
/** As in executor/catalogue/memcached.yaml. */
const memcachedCommand =
  'exec memcached -u "$(id -un)" -l 0.0.0.0 -p $PORT0 -U 0 -m 64 -t 1 -o no_lru_maintainer,no_lru_crawler,no_hashexpand,no_slab_automove';

export const groups = [
  { id: '/chaos/memory', durability: 'memory', program: redis, cmd: redisCommand },
  { id: '/chaos/disk', durability: 'disk', program: redis, cmd: redisCommand },
  { id: '/chaos/cache', durability: 'memory', program: memcached, cmd: memcachedCommand },
] as const;

export type Durability = (typeof groups)[number]['durability'];

/** Gone soon, so that replicas are replaced within a run. */
const unreachableStrategy = { inactiveAfterSeconds: 8, expungeAfterSeconds: 20 };

export function groupSpec({ id, durability, cmd }: (typeof groups)[number]): object {
  return redisSpec(id, {
    cmd,
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

/** By which processes of plain tasks are known. */
export const plainCommand = 'sleep 100000';
/** In the sandbox of a task with a volume. */
export const volumePath = 'kept';

/** Tasks that are no replicas, and such with a volume, for which agents keep reservations. */
export const plainApps = [
  { id: '/chaos/plain', cmd: `exec ${plainCommand}`, cpus: 0.1, mem: 16, instances: 2, backoffSeconds: 0 },
  {
    id: '/chaos/kept',
    cmd: `exec ${plainCommand}`,
    cpus: 0.1,
    mem: 16,
    instances: 1,
    backoffSeconds: 0,
    container: { type: 'MESOS', volumes: [{ containerPath: volumePath, mode: 'RW', persistent: { size: 16 } }] },
    residency: { taskLostBehavior: 'WAIT_FOREVER' },
  },
];
