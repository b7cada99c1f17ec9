/** The wires of the programs, by the names of their files in `executor/catalogue/`. */
import { byProgram, type Protocol } from '../protocols.js';
import { clamd } from './clamd.js';
import { etcd } from './etcd.js';
import { http } from './http.js';
import { memcached } from './memcached.js';
import { mosquitto } from './mosquitto.js';
import { redis } from './redis.js';
import { slapd } from './slapd.js';
import type { Wire } from './wire.js';

const parts: Record<Protocol, Wire> = { clamd, etcd, http, memcached, mqtt: mosquitto, redis, ldap: slapd };

export const wires = byProgram(parts);
