/** Agents that have no executor and no native part in reach run a replicated Redis by what the framework serves. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contentsOf } from '../../framework/executor-archive/contents.js';
import { pack } from '../../framework/executor-archive/pack.js';
import { installation } from '../../framework/installation.js';
import { type Launcher, redisSpec, System } from './system.js';

const id = '/demo/fetched';
const native = join(installation.root, 'build/native');
const executor = join(installation.root, 'dist/executor/main.js');

/** In a mount name space of its own, which ends with the last process in it. */
function withoutExecutor(archive: string): Launcher {
  const hide = 'mount -t tmpfs none "$1" && mount --bind /dev/null "$2" && shift 2 && exec "$@"';
  const unshare = ['unshare', process.getuid?.() === 0 ? '-m' : '-rm'];
  return { argv: [...unshare, 'sh', '-c', hide, 'sh', native, executor], env: { GAIA_EXECUTOR_ARCHIVE: archive } };
}

/** Command lines from the process up to the agent. */
function ancestors(pid: number): string[] {
  if (pid <= 1) return [];
  const parent = Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '), ...ancestors(parent)];
}

describe('agents without an installation', function () {
  this.timeout(120_000);
  let directory: string;
  let system: System | undefined;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'gaia-packed-'));
    const archive = join(directory, 'executor.tar.gz');
    pack(contentsOf(installation.root, process.execPath), archive);
    system = await System.start({ agents: 3, launcher: withoutExecutor(archive) });
  });
  after(async () => {
    await system?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it('run a replicated Redis', async () => {
    const running = system as System;
    await running.deploy(redisSpec(id));
    const { replicas } = await running.whole(id);
    for (const { pid } of replicas) {
      const lines = ancestors(pid as number).join('\n');
      assert.match(lines, /^\.gaia-executor\/bin\/node \.gaia-executor\/dist\/executor\/main\.js/m);
    }
  });
});
