/** What processes of the system let others see: keys of groups and what the agent gives an executor are in no command line, no other environment and no core dump. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { containerProcesses } from '../../framework/mesos-local/agent/process-tree.js';
import { repository } from '../consensus/interpose/group.js';
import { leader, redisSpec, System, until } from './system.js';

const [preloaded, behindGateway] = ['/demo/preloaded', '/demo/static'];
const password = 'correct-horse-battery-staple';
const gatewaySpec = {
  ...redisSpec(behindGateway),
  cmd: `exec ${join(repository, 'build/native/gaia-static-server')}`,
  replication: { protocol: 'apus', suspicionMs: 5_000, via: 'gateway' },
};
/** Where core dumps are files of the process' own directory they can be looked at. */
const isPlainFile = readFileSync('/proc/sys/kernel/core_pattern', 'utf8').trim() === 'core';
const dumping = { argv: ['sh', '-c', 'ulimit -c unlimited && exec "$@"', 'sh'], env: {} };

const commandLine = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'utf8');
const environment = (pid: number) => readFileSync(`/proc/${pid}/environ`, 'utf8');
const dumped = (pid: number | 'self') => Number.parseInt(readFileSync(`/proc/${pid}/coredump_filter`, 'utf8'), 16);
const parentOf = (pid: number) => Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
const isDump = (path: string) => /(^|\/)core(\.\d+)?$/.test(path);
const childOf = (pid: number) => Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1'));

describe('secrets of processes', function () {
  this.timeout(180_000);
  let system: System;
  /** Process ids of leaders, by app. */
  const pids: Record<string, number> = {};

  before(async () => {
    system = await System.start({ agents: 3, launcher: dumping });
    await system.deploy(redisSpec(preloaded, { env: { PASSWORD: password } }));
    await system.deploy(gatewaySpec);
    for (const app of [preloaded, behindGateway]) pids[app] = leader(await system.whole(app)).pid;
  });
  after(() => system?.stop());

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
      for (const secret of [...keys, password]) assert.ok(!line.includes(secret), line);
      const isRedis = /redis-server/.test(line);
      for (const secret of isRedis ? keys : [...keys, password]) assert.ok(!environment(pid).includes(secret), line);
    }
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

  it('and a dump of a gateway has none of its group', async function () {
    if (!isPlainFile) this.skip();
    const gateway = pids[behindGateway] as number;
    const keys = keysOf(behindGateway);
    const directory = readlinkSync(`/proc/${parentOf(gateway)}/cwd`);
    const dumps = () => readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter(isDump);
    assert.deepEqual(dumps(), []);
    process.kill(gateway, 'SIGSEGV');
    const core = await until('the core dump', 20_000, async () => dumps()[0]);
    const bytes = readFileSync(join(directory, core));
    assert.equal(bytes.toString('latin1', 1, 4), 'ELF');
    for (const key of keys)
      for (const form of [Buffer.from(key), Buffer.from(key, 'hex')]) assert.ok(!bytes.includes(form));
  });
});
