#!/usr/bin/env node
/** The framework's process: options, store, scheduler, REST API. Ends with 0 on SIGTERM and SIGINT; the tasks live on. */
import { randomBytes, randomUUID } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { existsSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { destination, type Logger, pino } from 'pino';
import { place } from '../placement/index.js';
import { AuditFile } from './access/audit-file.js';
import type { Renewed } from './access/renewed.js';
import { type ClientTls, serverContext } from './access/tls.js';
import type { Account } from './access/users.js';
import { buildApi } from './api/index.js';
import { readPage } from './api/page.js';
import { Alone } from './election/alone.js';
import { Elector } from './election/elector.js';
import type { Reign, Standing } from './election/reign.js';
import { type OpenArchive, openArchive } from './executor-archive/archive.js';
import { contentsOf } from './executor-archive/contents.js';
import { pack } from './executor-archive/pack.js';
import { type ExecutorStart, executorStart } from './executor-archive/start.js';
import { installation } from './installation.js';
import { hostText, isLoopback } from './ip-addresses.js';
import { Loop } from './loop.js';
import type { Credentials, FrameworkInfo } from './mesos-http-client/index.js';
import { type FrameworkOptions, readOptions } from './options.js';
import { mesosTls, serverTls, usersIn, zooKeeperAccess } from './renewals.js';
import { sandboxFiles } from './sandbox-files.js';
import { Scheduler } from './scheduler.js';
import { Seat } from './seat.js';
import { dumpNoMemory } from './secrecy/core-dumps.js';
import { openSecrets } from './secrets.js';
import { openLmdbStore } from './store/lmdb.js';
import { stateFolder, type ZooKeeperAccess } from './store/place.js';
import type { Store } from './store/store.js';
import { openZooKeeperStore } from './store/zookeeper.js';
import { isZooKeeperUrl, parseZooKeeperUrl, type ZooKeeper } from './zookeeper/index.js';

const endMaxMs = 5000;
const ids = { uuid: () => randomUUID(), secretHex: () => randomBytes(32).toString('hex') };

async function main(options: FrameworkOptions, log: Logger): Promise<void> {
  const users = await usersOf(options, log);
  const audit = await auditOf(options, log);
  const tls = await serverTls(options, log);
  const toMesos = await mesosTls(options, log);
  const seat = new Seat();
  const executorArchive = options.executorArchive === undefined ? null : await archiveAt(options.executorArchive, log);
  let address = '';
  const start = () =>
    executorStart(
      options.executorCommand,
      executorArchive,
      `${schemeOf(options)}://${address}`,
      options.executorDirectory,
    );
  const credentials = await credentialsOf(options);
  const begin = await reignsOf(options, { seat, start, credentials, toMesos, log });
  const toZooKeeper: ZooKeeperAccess = isZooKeeperUrl(options.store) ? await zooKeeperAccess(options, log) : {};
  const standing = await standingOf(options, toZooKeeper, begin, log);
  const hostNames = [...options.hostNames, ...(options.advertise ? [options.advertise.host] : [])];
  const given = {
    ...(users && { users }),
    ...(audit && { audit: (record: object) => audit.write(record) }),
    ...(tls && { tls: () => tls.current }),
    certificates: () => ({
      ...(tls && { api: tls.current }),
      ...(toMesos && { mesos: toMesos.current }),
      ...(toZooKeeper.tls && { zk: toZooKeeper.tls() }),
    }),
    ...(executorArchive && { executorArchive }),
    readFile: sandboxFiles({
      ...(credentials && { credentials }),
      ...(toMesos && { tls: () => toMesos.current }),
    }),
    page: readPage(join(installation.root, 'dist', 'web')),
  };
  const api = buildApi(seat, { log, hostNames, leadership: standing, ...given });
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
  tls?.onChange((renewed) => (api.server as Server).setSecureContext(serverContext(renewed)));
  try {
    // One address: for localhost Fastify has a second server, which nobody gives a renewed certificate, and no limits.
    const { address: host } = await lookup(options.listen.host, { order: 'ipv4first' });
    await api.listen({ host, port: options.listen.port });
    const { port } = api.server.address() as AddressInfo;
    address = `${hostText(advertisedHost(options))}:${options.advertise?.port || port}`;
    standing.start(address);
    announce(port, options, log);
    await Promise.race([stopped, standing.failed]);
  } finally {
    await api.close();
    await standing.stop();
    await audit?.close();
    await executorArchive?.close();
  }
}

async function auditOf({ auditFile: file, auditFileMb, auditFiles: filesMax }: FrameworkOptions, log: Logger) {
  return file === undefined ? null : AuditFile.open({ file, bytesMax: auditFileMb * 1024 * 1024, filesMax, log });
}

/** Of this installation, if there is none yet. */
async function archiveAt(file: string, log: Logger): Promise<OpenArchive> {
  if (!existsSync(file)) {
    log.info({ file }, 'packs the executor, which takes some seconds');
    pack(contentsOf(installation.root, process.execPath), file);
  }
  return openArchive(file);
}

/** Whoever may change apps may run commands: nobody gets an API without accounts for the network by mistake. */
async function usersOf(
  { users, authentication, listen }: FrameworkOptions,
  log: Logger,
): Promise<(() => Account[]) | null> {
  if (users !== undefined) {
    const renewed = await usersIn(users, log);
    return () => renewed.current;
  }
  if (!authentication || isLoopback(listen.host)) return null;
  throw new Error(
    `--listen ${hostText(listen.host)}:${listen.port}: other machines reach this, and whoever reaches it may run commands; ` +
      'give --users FILE ("gaia user add" makes it), or --no-authentication if only friends reach it',
  );
}

interface ReignParts {
  seat: Seat;
  start: () => ExecutorStart;
  credentials: Credentials | undefined;
  toMesos: Renewed<ClientTls> | null;
  log: Logger;
}

/** What leading is: the scheduler over the state of a store, which answers the API from its seat. */
async function reignsOf(
  options: FrameworkOptions,
  { seat, start, credentials, toMesos, log }: ReignParts,
): Promise<(store: Store) => Reign> {
  const { role, dataDirectory, executorMemoryMb, principal = null } = options;
  const runningDeploymentsMax = options.maxRunningDeployments;
  const secrets = options.secretsDirectory === undefined ? {} : { secrets: openSecrets(options.secretsDirectory) };
  const servicePorts = { min: options.localPortMin, max: options.localPortMax };
  const bounds = { executorMemoryMb, runningDeploymentsMax, servicePorts };
  const parts = { role, principal, dataDirectory, ...bounds, ...secrets, place, ids };
  return (store) => {
    const scheduler = new Scheduler({ ...parts, ...start() }, store.entries());
    const framework = frameworkInfo(options, scheduler.frameworkId);
    const client = { framework, ...(credentials && { credentials }), ...(toMesos && { tls: () => toMesos.current }) };
    const [first = ''] = options.master;
    const masters = isZooKeeperUrl(first) ? parseZooKeeperUrl(first) : options.master;
    const loop = new Loop({ scheduler, store, client, masters, log });
    loop.start();
    seat.take(loop);
    const close = () => {
      seat.leave();
      return loop.close();
    };
    return { failed: loop.failed, close };
  };
}

/** The embedded store is taken before anything else: another process may have it. */
async function standingOf(
  options: FrameworkOptions,
  access: ZooKeeperAccess,
  begin: (store: Store) => Reign,
  log: Logger,
): Promise<Standing> {
  if (!isZooKeeperUrl(options.store)) return new Alone(await openLmdbStore(options.store), begin);
  const url = parseZooKeeperUrl(options.store);
  const sessionTimeoutMs = options.zkSessionTimeoutSeconds * 1000;
  const open = (zooKeeper: ZooKeeper) => openZooKeeperStore(zooKeeper, `${url.path}/${stateFolder}`);
  return new Elector({ url, sessionTimeoutMs, access, open, begin, log });
}

/** An address that means all of the machine's is none that others can use. */
function advertisedHost({ advertise, listen }: FrameworkOptions): string {
  return advertise?.host ?? (['0.0.0.0', '::'].includes(listen.host) ? hostname() : listen.host);
}

async function credentialsOf({ principal, secretFile }: FrameworkOptions): Promise<Credentials | undefined> {
  if (secretFile === undefined) return undefined;
  if (principal === undefined) throw new Error('--secret-file is the secret of a principal: give --principal, too');
  return { principal, secret: (await readFile(secretFile, 'utf8')).trim() };
}

function frameworkInfo(options: FrameworkOptions, id: string | null): FrameworkInfo {
  const capabilities = [
    'PARTITION_AWARE',
    'MULTI_ROLE',
    'RESERVATION_REFINEMENT',
    'TASK_KILLING_STATE',
    'REGION_AWARE',
    'GPU_RESOURCES',
  ] as const;
  return {
    user: options.user,
    name: options.name,
    roles: [options.role],
    failover_timeout: options.failoverTimeoutSeconds,
    checkpoint: true,
    capabilities: capabilities.map((type) => ({ type })),
    ...(id !== null && { id: { value: id } }),
    ...(options.principal !== undefined && { principal: options.principal }),
  };
}

const schemeOf = ({ tlsCertificate }: Pick<FrameworkOptions, 'tlsCertificate'>) =>
  tlsCertificate === undefined ? 'http' : 'https';

/** One line of JSON for whoever started this process. */
function announce(port: number, options: FrameworkOptions, log: Logger): void {
  const line = {
    type: 'ready',
    url: `${schemeOf(options)}://${hostText(options.listen.host)}:${port}`,
    pid: process.pid,
  };
  writeSync(options.readyFd, `${JSON.stringify(line)}\n`);
  log.info({ url: line.url, store: options.store, master: options.master }, 'ready');
}

const options = readOptions(process.argv.slice(2));
const log = pino({ level: options.logLevel }, destination({ dest: 2, sync: true }));
dumpNoMemory((cause) => log.warn({ cause }, 'core dumps of the framework have secrets in them'));
try {
  await main(options, log);
} catch (error) {
  log.fatal((error as Error).message);
  process.exitCode = 1;
  // Whatever does not end by itself must not act on.
  setTimeout(() => process.exit(), endMaxMs).unref();
}
