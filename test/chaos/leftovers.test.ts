import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { directoriesIn, leftOnMachine, membersGivenUp, volumesIn } from './leftovers.js';
import { isOnThisNetwork, replicaProcesses } from './replica-processes.js';

describe('what a chaos run looks for', () => {
  const directory = mkdtempSync(join(tmpdir(), 'gaia-leftovers-'));
  const children: ChildProcess[] = [];

  /** Says something when it runs, and has a child of its own. */
  async function program(cwd: string): Promise<number> {
    const child = spawn('sh', ['-c', 'sleep 60 & echo $!; wait'], {
      cwd,
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    children.push(child);
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    return child.pid as number;
  }

  after(() => {
    for (const { pid } of children) process.kill(-(pid as number), 'SIGKILL');
    rmSync(directory, { recursive: true });
  });

  it('finds a replica by the configuration it was started with, and not its child', async () => {
    mkdirSync(join(directory, '.gaia'));
    const conf = 'group=/left/over@3\nself=2,7,10.77.0.103,21000,21001\npeer=0,1,10.77.0.101,1,2\n';
    writeFileSync(join(directory, '.gaia', 'replica.conf'), conf);
    const pid = await program(directory);
    const found = replicaProcesses().filter(({ group }) => group === '/left/over@3');
    const expected = { pid, parent: process.pid, group: '/left/over@3', slot: 2, member: 7, host: '10.77.0.103' };
    assert.deepEqual(found, [expected]);
    assert.ok(isOnThisNetwork(found[0] as { pid: number }));
  });

  it('finds processes that are left', async () => {
    const pid = await program(tmpdir());
    assert.ok(leftOnMachine().some((what) => what.startsWith(`process ${pid}: sh -c sleep 60`)));
  });

  it('finds what members kept, but not what is kept of those that were given up', () => {
    const disk = join(directory, 'disk');
    for (const folder of ['a@1/0-1', 'a@1/1-2', 'b@1']) mkdirSync(join(disk, folder), { recursive: true });
    const found = directoriesIn(disk, new Set(['1-2']));
    assert.deepEqual(found, [`directory of a member ${disk}/a@1/0-1`, `directory of a group ${disk}/b@1`]);
    assert.deepEqual(directoriesIn(join(directory, 'none'), new Set()), []);
  });

  it('takes for given up whom nobody was there to stop', () => {
    const line = (text: string, appId = '/chaos/disk') => JSON.stringify({ appId, msg: text });
    const log = [
      line('replica 1 (member 19) on agent-3 has been unreachable for 36 s: it is replaced'),
      line('replica 0 (member 12) on agent-5 has been unreachable for 13 s: it is replaced'),
      line('replica 0 (member 12) on agent-5 was stopped: it has been unreachable for too long'),
      line('replica 2 (member 13) on agent-1 has not come back on agent-1: it is replaced'),
      line('replica 0 (member 9) on agent-1 has been unreachable for 30 s: it is replaced', '/chaos/memory'),
      line('replica 1 (member 20) on agent-3 has ended: executor terminated'),
      line('replica 1 (member 21) on agent-4 has ended: join needs at least one peer that is alive'),
      line('replica 1 (member 22) runs on agent-4'),
      line('leader, replica 1 (member 22) on agent-4 has ended: The program was ended by SIGKILL after 3.0 s.'),
      line('replica 3 (member 23) on agent-4 ended before it was stopped (its slot is no longer wanted): its disk'),
    ];
    assert.deepEqual([...membersGivenUp(log.join('\n'))], ['1-19', '2-13', '3-23', '1-20', '1-22']);
  });

  it('finds volumes, and none where none was', () => {
    mkdirSync(join(directory, 'volumes', 'roles', 'gaia', 'one', 'inside'), { recursive: true });
    assert.deepEqual(volumesIn(join(directory, 'volumes')), [`volume ${join(directory, 'volumes', 'roles/gaia/one')}`]);
    assert.deepEqual(volumesIn(join(directory, 'none')), []);
  });
});
