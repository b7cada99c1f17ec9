/** Agents that have no executor and no native part in reach run a replicated Redis by what the framework serves. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contentsOf } from '../../framework/executor-archive/contents.js';
import { checksumsName, pack } from '../../framework/executor-archive/pack.js';
import { installation } from '../../framework/installation.js';
import { type Launcher, redisSpec, System } from './system.js';

const id = '/demo/fetched';
const native = join(installation.root, 'build/native');
const executor = join(installation.root, 'dist/executor/main.js');

/** In a mount name space of its own, which ends with the last process in it. */
function withoutExecutor(archive: string, shared: string): Launcher {
  const hide = 'mount -t tmpfs none "$1" && mount --bind /dev/null "$2" && shift 2 && exec "$@"';
  const unshare = ['unshare', process.getuid?.() === 0 ? '-m' : '-rm'];
  return {
    argv: [...unshare, 'sh', '-c', hide, 'sh', native, executor],
    env: { GAIA_EXECUTOR_ARCHIVE: archive, GAIA_EXECUTOR_DIRECTORY: shared },
  };
}

/** Processes from this one up to the agent. */
function ancestors(pid: number): { pid: number; line: string }[] {
  if (pid <= 1) return [];
  const parent = Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  return [{ pid, line }, ...ancestors(parent)];
}

/** The process has the copy's list of checksums open. */
function holds(pid: number, copy: string): boolean {
  const directory = `/proc/${pid}/fd`;
  return readdirSync(directory).some((fd) => {
    try {
      return readlinkSync(join(directory, fd)) === join(copy, checksumsName);
    } catch {
      // Closed meanwhile.
      return false;
    }
  });
}

describe('agents without an installation', function () {
  this.timeout(120_000);
  let directory: string;
  let system: System | undefined;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'gaia-packed-'));
    const archive = join(directory, 'executor.tar.gz');
    pack(contentsOf(installation.root, process.execPath), archive);
    system = await System.start({ agents: 3, launcher: withoutExecutor(archive, join(directory, 'shared')) });
  });
  after(async () => {
    await system?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it('are looked at by gaia doctor, and found as they are', async () => {
    const { stdout } = await (system as System).gaia('doctor', '--agents', '--json');
    const { agents, error } = JSON.parse(stdout);
    const found = (agents ?? error.agents) as { hostname: string; findings: { check: string; sentence: string }[] }[];
    assert.equal(found.length, 3);
    for (const { findings } of found) {
      assert.deepEqual(
        findings.filter(({ check }) => check === 'executor'),
        [],
        stdout,
      );
      assert.match(findings.find(({ check }) => check === 'clock')?.sentence ?? '', /^0\.\d s /);
      assert.ok(
        findings.some(({ check, sentence }) => check === 'disk' && /\/mesos\/agent-\d$/.test(sentence)),
        stdout,
      );
    }
  });

  it('run a replicated Redis, from one copy that executors hold and programs do not', async () => {
    const running = system as System;
    await running.deploy(redisSpec(id));
    const { replicas } = await running.whole(id);
    const shared = join(directory, 'shared');
    const names = readdirSync(shared).filter((name) => name !== '.lock');
    assert.equal(names.length, 1);
    const copy = join(shared, names[0] as string);
    for (const { pid } of replicas) {
      const executor = ancestors(pid as number).find(({ line }) => line.startsWith(`${copy}/bin/node ${copy}/dist/`));
      assert.ok(executor, JSON.stringify(ancestors(pid as number)));
      assert.deepEqual([holds(executor.pid, copy), holds(pid as number, copy)], [true, false]);
    }
  });
});
