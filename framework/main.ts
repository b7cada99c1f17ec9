/** The framework's process: options, store, scheduler, REST API. Ends with 0 on SIGTERM and SIGINT; the tasks live on. */
import { randomBytes, randomUUID } from 'node:crypto';
import { writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { destination, type Logger, pino } from 'pino';
import { place } from '../placement/index.js';
import { buildApi } from './api/index.js';
import { Loop } from './loop.js';
import type { Credentials, FrameworkInfo } from './mesos-http-client/index.js';
import { type FrameworkOptions, readOptions } from './options.js';
import { Scheduler } from './scheduler.js';
import { openLmdbStore } from './store/lmdb.js';

const ids = { uuid: () => randomUUID(), secretHex: () => randomBytes(32).toString('hex') };

async function main(options: FrameworkOptions, log: Logger): Promise<void> {
  const credentials = await credentialsOf(options);
  const store = await openLmdbStore(options.store);
  const { role, executorCommand, dataDirectory, principal = null } = options;
  const parts = { role, principal, executorCommand, dataDirectory, place, ids };
  const scheduler = new Scheduler(parts, store.entries());
  const framework = frameworkInfo(options, scheduler.frameworkId);
  const client = { masters: options.master, framework, ...(credentials && { credentials }) };
  const loop = new Loop({ scheduler, store, client, log });
  const api = buildApi(loop, { log, hostNames: options.hostNames });
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
  try {
    await api.listen(options.listen);
    loop.start();
    announce(api, options, log);
    await Promise.race([stopped, loop.failed]);
  } finally {
    await api.close();
    await loop.close();
  }
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

/** One line of JSON for whoever started this process. */
function announce(api: FastifyInstance, options: FrameworkOptions, log: Logger): void {
  const { port } = api.server.address() as AddressInfo;
  const host = options.listen.host.includes(':') ? `[${options.listen.host}]` : options.listen.host;
  const line = { type: 'ready', url: `http://${host}:${port}`, pid: process.pid };
  writeSync(options.readyFd, `${JSON.stringify(line)}\n`);
  log.info({ url: line.url, store: options.store, master: options.master }, 'ready');
}

const options = readOptions(process.argv.slice(2));
const log = pino({ level: options.logLevel }, destination({ dest: 2, sync: true }));
try {
  await main(options, log);
} catch (error) {
  log.fatal((error as Error).message);
  process.exitCode = 1;
}
