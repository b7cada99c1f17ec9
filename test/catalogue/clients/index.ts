/** The clients of the programs, by the names of their files in `executor/catalogue/`. */
import type { Client } from '../client.js';
import { byProgram, type Protocol } from '../protocols.js';
import { clamd } from './clamd.js';
import { etcd } from './etcd.js';
import { http } from './http.js';
import { mariadb } from './mariadb.js';
import { memcached } from './memcached.js';
import { mosquitto } from './mosquitto.js';
import { redis } from './redis.js';
import { slapd } from './slapd.js';

const parts: Record<Protocol, Client> = { clamd, etcd, http, memcached, mqtt: mosquitto, redis, ldap: slapd };

export const clients: Record<string, Client> = { ...byProgram(parts), mariadb };
