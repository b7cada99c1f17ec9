/**
 * What processes of the system let others see: keys of groups, secrets of apps and what the agent gives an executor are in no command line,
 * no other environment, no core dump and no file but those that docs/security.md names.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { containerProcesses, identify } from '../../framework/mesos-local/agent/process-tree.js';
import { repository } from '../consensus/interpose/group.js';
import { filesBelow, filesWith, hasSecret } from './secret-search.js';
import { leader, redisReplication, redisSpec, System, until } from './system.js';

const [preloaded, behindGateway] = ['/demo/preloaded', '/demo/static'];
/** In the app itself, and in a file that the app refers to. */
const [password, secretOfFile] = ['correct-horse-battery-staple', 'Tr0ub4dor-and-3-of-a-file'];
const withSecrets = { env: { PASSWORD: password, OTHER: { secret: 'db' } }, secrets: { db: { source: 'db' } } };
const gatewaySpec = {
  ...redisSpec(behindGateway),
  cmd: `exec ${join(repository, 'build/native/gaia-static-server')}`,
  replication: { protocol: 'apus', suspicionMs: 5_000, via: 'gateway' },
};
/** Where core dumps are files of the process' own directory they can be looked at. */
const isPlainFile = readFileSync('/proc/sys/kernel/core_pattern', 'utf8').trim() === 'core';
/** The framework stays in `directory`, below which the secrets of files are. */
const dumpingIn = (directory: string) => ({
  argv: ['sh', '-c', 'ulimit -c unlimited && cd "$0" && exec "$@"', directory],
  env: { GAIA_SECRETS_DIRECTORY: join(directory, 'secrets') },
});

const commandLine = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'utf8');
const environment = (pid: number) => readFileSync(`/proc/${pid}/environ`, 'utf8');
const dumped = (pid: number | 'self') => Number.parseInt(readFileSync(`/proc/${pid}/coredump_filter`, 'utf8'), 16);
const parentOf = (pid: number) => Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
const dumpsBelow = (directory: string) => filesBelow(directory).filter((path) => /(^|\/)core(\.\d+)?$/.test(path));
const childOf = (pid: number) => Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1'));

describe('secrets of processes', function () {
  this.timeout(180_000);
  let system: System;
  const outside = mkdtempSync(join(tmpdir(), 'gaia-secrecy-'));
  /** Process ids of leaders, by app. */
  const pids: Record<string, number> = {};

  before(async () => {
    mkdirSync(join(outside, 'secrets'));
    writeFileSync(join(outside, 'secrets/db'), `${secretOfFile}\n`);
    system = await System.start({ agents: 3, launcher: dumpingIn(outside) });
    const replication = { ...redisReplication, durability: 'disk' };
    await system.deploy(redisSpec(preloaded, { ...withSecrets, replication }));
    await system.deploy(gatewaySpec);
    await failAndBeRefused();
    for (const app of [preloaded, behindGateway]) pids[app] = leader(await system.whole(app)).pid;
  });
  after(async () => {
    await system?.stop();
    rmSync(outside, { recursive: true });
  });

  /** Where something goes wrong most is said. */
  async function failAndBeRefused(): Promise<void> {
    const plain = { cmd: 'exit 3', cpus: 0.1, mem: 16, ...withSecrets };
    const wrong = { ...plain, id: '/demo/wrong', env: { PASSWORD: [password] } };
    assert.equal((await system.request('POST', '/v2/apps', wrong)).status, 400);
    await system.deploy({ ...plain, id: '/demo/fails', backoffSeconds: 600 });
    await until('the failure', 30_000, async () => {
      const { body } = await system.request('GET', '/v2/apps/demo/fails?embed=app.lastTaskFailure');
      return JSON.stringify(body).includes('TASK_FAILED');
    });
  }

  const keysOf = (app: string): string[] => {
    const file = `/proc/${pids[app]}/cwd/.gaia/replica.conf`;
    assert.equal(statSync(file).mode & 0o777, 0o600);
    return [...readFileSync(file, 'utf8').matchAll(/^(?:secret|seed)=([0-9a-f]{64})$/gm)].map(
      ([, key]) => key as string,
    );
  };

  it('are in no command line, and in no environment but that of the program they are for', () => {
    const keys = [preloaded, behindGateway].flatMap(keysOf);
    assert.equal(keys.length, 4);
    const processes = containerProcesses(join(system.directory, 'mesos'), null);
    assert.ok(processes.length >= 12, `${processes.length} processes`);
    for (const pid of [...processes, system.frameworkPid]) {
      const line = commandLine(pid);
      const all = [...keys, password, secretOfFile];
      for (const secret of all) assert.ok(!line.includes(secret), line);
      const isRedis = /redis-server/.test(line);
      for (const secret of isRedis ? keys : all) assert.ok(!environment(pid).includes(secret), line);
    }
  });

  it('are in the files that are named, for their owner only, and in no other: in no log and no output of a task', () => {
    const named = (path: string) =>
      ({ 'state.mdb': 'the store', 'agent.json': 'the agent', 'replica.conf': 'the member' })[basename(path)] ?? path;
    const keys = [preloaded, behindGateway].flatMap(keysOf);
    const found = filesWith(system.directory, [...keys, password, secretOfFile]);
    const whose = (secret: string) => [...new Set(found.get(secret)?.map(named))].sort();
    for (const key of keys) assert.deepEqual(whose(key), ['the agent', 'the member', 'the store']);
    assert.deepEqual(whose(password), ['the agent', 'the store']);
    assert.deepEqual(whose(secretOfFile), ['the agent']);
    for (const path of new Set([...found.values()].flat())) {
      const { mode, uid } = statSync(join(system.directory, path));
      assert.deepEqual([mode & 0o777, uid], [0o600, process.getuid?.()], path);
    }
  });

  it('and those where they could be have been looked at', () => {
    const names = filesBelow(system.directory).map((path) => basename(path));
    const count = (pattern: RegExp) => names.filter((name) => pattern.test(name)).length;
    // Six members and what failed; with durability `disk` each has a journal.
    for (const [pattern, least] of [
      [/^stdout$/, 7],
      [/^stderr$/, 7],
      [/\.journal$/, 3],
      [/^(framework|master|agent-\d)\.log$/, 5],
    ] as const)
      assert.ok(count(pattern) >= least, `${pattern}: ${count(pattern)}`);
  });

  it('what the agent tells an executor is not handed on to its program', () => {
    for (const program of [pids[preloaded] as number, childOf(pids[behindGateway] as number)]) {
      const names = environment(program)
        .split('\0')
        .map((entry) => entry.split('=')[0] ?? '');
      const handedOn = names.filter((name) => /^(MESOS_(?!TASK_ID$|SANDBOX$)|LIBPROCESS_)/.test(name));
      assert.deepEqual(handedOn, []);
    }
  });

  it('the memory of framework, executors and gateways is in no core dump; that of programs is their own affair', () => {
    const [program, gateway] = [pids[preloaded] as number, pids[behindGateway] as number];
    for (const pid of [system.frameworkPid, gateway, parentOf(gateway), parentOf(program)])
      assert.equal(dumped(pid), 0, commandLine(pid));
    for (const pid of [program, childOf(gateway)]) assert.equal(dumped(pid), dumped('self'), commandLine(pid));
  });

  it('and dumps of a gateway, an executor and the framework have none of it', async function () {
    if (!isPlainFile) this.skip();
    const secrets = [...[preloaded, behindGateway].flatMap(keysOf), password, secretOfFile];
    const gateway = pids[behindGateway] as number;
    const [itsExecutor, executor] = [parentOf(gateway), parentOf(pids[preloaded] as number)];
    const sandboxes = [itsExecutor, executor].map((pid) => readlinkSync(`/proc/${pid}/cwd`)) as [string, string];
    for (const [pid, directory] of [
      [gateway, sandboxes[0]],
      [executor, sandboxes[1]],
      [system.frameworkPid, outside],
    ] as const) {
      const bytes = await dumpOf(pid, directory);
      for (const secret of secrets) assert.ok(!hasSecret(bytes, secret), directory);
    }
  });
});

async function dumpOf(pid: number, directory: string): Promise<Buffer> {
  assert.deepEqual(dumpsBelow(directory), []);
  process.kill(pid, 'SIGABRT');
  await until('the end of the process', 20_000, async () => identify(pid) === null);
  const core = await until('the core dump', 20_000, async () => dumpsBelow(directory)[0]);
  const bytes = readFileSync(join(directory, core));
  assert.equal(bytes.toString('latin1', 1, 4), 'ELF');
  return withoutNotes(bytes);
}

/** Among a dump's notes are the registers of each thread, and a vector register has what was copied last, 64 bytes at most (elf(5)). */
function withoutNotes(dump: Buffer): Buffer {
  const [first, size, count] = [Number(dump.readBigUInt64LE(32)), dump.readUInt16LE(54), dump.readUInt16LE(56)];
  const isNote = 4;
  for (const at of Array.from({ length: count }, (_, index) => first + index * size)) {
    const from = Number(dump.readBigUInt64LE(at + 8));
    if (dump.readUInt32LE(at) === isNote) dump.fill(0, from, from + Number(dump.readBigUInt64LE(at + 32)));
  }
  return dump;
}
