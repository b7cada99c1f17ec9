/** What guests run: each service is a script of `root/services/`, and what that needs in the image. */
import path from 'node:path';
import { installation } from '../installation.js';

export interface Service {
  /** A file of this machine, which the guest runs for `gaia.start`. */
  script: string;
  /** Programs, and the packages that bring them. */
  programs: Record<string, string>;
  /** Further files of this machine, by their paths in the guest. */
  files: Record<string, string>;
}

/** By the names that `gaia.start` has. */
export type Services = Record<string, Service>;

interface Known extends Service {
  /** Where it serves. */
  port: number;
  /** The least memory of a guest that runs it. */
  memoryMb: number;
}

const service = (name: string, rest: Pick<Known, 'programs' | 'port' | 'memoryMb'>, files: string[] = []): Known => ({
  script: path.join(installation.root, 'framework/guest/root/services', name),
  files: Object.fromEntries(files.map((file) => [file, file])),
  ...rest,
});

const mysql = '/usr/share/mysql';
const ofMariadb = [
  `${mysql}/english/errmsg.sys`,
  `${mysql}/mysql_system_tables.sql`,
  `${mysql}/mysql_system_tables_data.sql`,
];

export const knownServices = {
  redis: service('redis', { programs: { 'redis-server': 'redis-server' }, port: 6379, memoryMb: 128 }),
  memcached: service('memcached', { programs: { memcached: 'memcached' }, port: 11211, memoryMb: 128 }),
  mariadb: service('mariadb', { programs: { mariadbd: 'mariadb-server-core' }, port: 3306, memoryMb: 256 }, ofMariadb),
};

export type ServiceName = keyof typeof knownServices;

/** Of the guest to try and to test with, which runs the first of them unless `gaia.start` says otherwise. */
export const servicesToTry = ['redis', 'memcached'] as const satisfies ServiceName[];

export const servicesNamed = (names: readonly ServiceName[]): Services =>
  Object.fromEntries(names.map((name) => [name, knownServices[name]]));
