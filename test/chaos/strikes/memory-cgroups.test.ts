import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { squeeze } from './memory.js';
import { memoryCgroupsAt } from './memory-cgroups.js';

/** As in /proc/PID/cgroup: of the first version alone, of the second one alone, and of both. */
const said = {
  first: '5:cpu,cpuacct:/a\n4:memory:/system.slice/x\n1:name=systemd:/y\n',
  second: '0::/system.slice/x\n',
  both: '4:memory:/system.slice/x\n1:name=systemd:/y\n0::/y\n',
};

describe('a replica for which memory gets scarce', () => {
  let mount: string;
  beforeEach(() => {
    mount = mkdtempSync(join(tmpdir(), 'gaia-cgroups-'));
  });
  afterEach(() => rmSync(mount, { recursive: true }));

  function made(files: Record<string, string>) {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(mount, name)), { recursive: true });
      writeFileSync(join(mount, name), text);
    }
    return memoryCgroupsAt(mount);
  }

  /** Which files say what of it. */
  function squeezed(files: Record<string, string>): Record<string, string> {
    const cgroups = made(files);
    if (typeof cgroups === 'string') assert.fail(cgroups);
    const { folder, before } = squeeze(process.pid, cgroups);
    assert.ok(before.startsWith(cgroups.root), before);
    assert.equal(dirname(folder), cgroups.root);
    return Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
  }

  const second = { 'cgroup.controllers': 'cpu memory pids\n', 'cgroup.subtree_control': 'memory pids\n' };
  const first = { 'memory/memory.limit_in_bytes': '9223372036854771712\n' };

  it('is bounded by cgroups of the first version where memory is there', () => {
    assert.deepEqual(squeezed(first), { 'memory.limit_in_bytes': '1048576', 'cgroup.procs': `${process.pid}` });
    assert.deepEqual(squeezed({ ...first, 'unified/cgroup.controllers': '\n' }), {
      'memory.limit_in_bytes': '1048576',
      'cgroup.procs': `${process.pid}`,
    });
  });

  it('is bounded by cgroups of the second version where there are only those', () => {
    assert.deepEqual(squeezed(second), { 'memory.max': '1048576', 'cgroup.procs': `${process.pid}` });
  });

  it('goes back to the cgroup it came from, in both', () => {
    const groups = (files: Record<string, string>, texts: string[]) => {
      const cgroups = made(files);
      if (typeof cgroups === 'string') assert.fail(cgroups);
      return texts.map((text) => cgroups.groupIn(text));
    };
    assert.deepEqual(groups(second, [said.second, '']), ['/system.slice/x', '/']);
    assert.deepEqual(groups(first, [said.first, said.both, '3:cpu,memory:/z\n']), [
      '/system.slice/x',
      '/system.slice/x',
      '/z',
    ]);
  });

  it('is left alone where memory is not handed on, or there are no cgroups, and that is said', () => {
    assert.match(`${made({})}`, /no cgroups of memory/);
    assert.match(`${made({ ...second, 'cgroup.subtree_control': 'cpu pids\n' })}`, /are not handed memory/);
  });
});
