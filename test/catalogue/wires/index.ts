/** The wires of the programs, by the names of their files in `executor/catalogue/`. */
import { clamd } from './clamd.js';
import { etcd } from './etcd.js';
import { http } from './http.js';
import { memcached } from './memcached.js';
import { mosquitto } from './mosquitto.js';
import { redis } from './redis.js';
import { slapd } from './slapd.js';
import type { Wire } from './wire.js';

export const wires: Record<string, Wire> = {
  clamd,
  'etcd-server': etcd,
  lighttpd: http,
  memcached,
  'memcached-threads': memcached,
  mosquitto,
  nginx: http,
  'node-http': http,
  'python-asyncio': http,
  'redis-server': redis,
  slapd,
};
