import assert from 'node:assert/strict';
import type { FastifyInstance } from 'fastify';
import { buildApi } from '../../../framework/api/index.js';
import { MemoryService } from '../api/memory-service.js';
import { replicatedGuest, reportGuest } from '../api/replicated-guest.js';
import { gaia as runGaia } from './gaia.js';

describe('gaia vm status, sync and failover', () => {
  let service: MemoryService;
  let api: FastifyInstance;
  let url: string;

  beforeEach(async () => {
    service = new MemoryService();
    api = buildApi(service);
    url = await api.listen({ host: '127.0.0.1', port: 0 });
    for (const payload of [replicatedGuest, { id: '/web', cmd: 'sleep 1' }])
      assert.equal((await api.inject({ method: 'POST', url: '/v2/apps', payload })).statusCode, 201);
    reportGuest(service);
  });
  afterEach(() => api.close());

  const gaia = (...args: string[]) => runGaia(['vm', ...args], '', { GAIA_API: url });
  const id = replicatedGuest.id;

  it('say who runs it, whether it is covered, and what rounds take', async () => {
    const { code, stdout, stderr } = await gaia('status', id);
    assert.equal(code, 0, stderr);
    for (const words of [
      /\/demo\/guest {2}covered: member 1 runs it, member 2 would go on/,
      /0 +1 +primary +covered +agent-1 +127\.0\.0\.1:31000 +TASK_RUNNING/,
      /2 +3 +witness +–/,
      /rounds of the primary: 100, lately 5 a second; begun for: 1 seed, 80 time, 19 mismatch/,
      /pages written: 1,000; 100 as they were, 200 zeros, 300 equal at the backup, 250 sent in pieces, 150 whole/,
      /bytes to the backup: 300,000, of 4,096,000 that QEMU wrote/,
      /pause: p50 1\.98 ms, p99 9\.98 ms; of the last 3 rounds p50 1\.9 ms, p99 9 ms/,
      /the last: round 100 for mismatch, 50 pages written, 12 of them sent whole, 9 ms; the backup's guest sleeps since/,
      /output: 700 frames, 650 of them said by both guests; they differed 19 times; 3,000 bytes wait$/m,
      /took over: .* 150 ms until it was suspected, 161 until elected, 164 until primary, 1,170 until the first output/,
    ])
      assert.match(stdout, words);
    const { guest } = JSON.parse((await gaia('status', id, '--json')).stdout);
    assert.deepEqual([guest.primary, guest.covered, guest.rounds.count], [1, true, 100]);
  });

  it('are not needed to see who has which part: `gaia app show` says it, too', async () => {
    const show = () => runGaia(['app', 'show', id], '', { GAIA_API: url, COLUMNS: '200' });
    const { stdout } = await show();
    for (const words of [
      /3 of 3 replicas run, each but the witness with 1 cpus and 640 MB/,
      /guest: member 1 is its primary, covered by member 2/,
      /0 +1 +\w+ +primary \(covered\)/,
      /1 +2 +\w+ +backup/,
      /2 +3 +\w+ +witness/,
    ])
      assert.match(stdout, words);
    service.change(id, ({ group }) => {
      if (group) group.guest = { primary: 1, backup: 2, covered: false };
    });
    assert.match((await show()).stdout, /member 1 is its primary, not covered: member 2 is being seeded/);
  });

  it('say that nothing covers it, and that nothing is known', async () => {
    service.change(id, ({ group, tasks: [task] }) => {
      if (!group || !task?.replica?.report?.guest) return;
      group.guest = { primary: 1, backup: 2, covered: false };
      task.replica.report.guest.standing = 'seeding';
    });
    assert.match((await gaia('status', id)).stdout, /not covered: member 1 runs it, member 2 is being seeded/);
    service.change(id, ({ group, tasks: [task] }) => {
      delete group?.guest;
      if (task?.replica) task.replica.report = null;
    });
    assert.match((await gaia('status', id)).stdout, /no primary is known[\s\S]*no round has been reported yet/);
  });

  it('say that nobody runs it when its primary has ended, whatever the log says, and so does `gaia app show`', async () => {
    service.change(id, ({ group, tasks }) => {
      if (group) group.guest = { primary: 1, backup: 2, covered: false };
      tasks.shift();
    });
    for (const words of [
      ['vm', 'status', id],
      ['app', 'show', id],
    ]) {
      const { stdout } = await runGaia(words, '', { GAIA_API: url });
      assert.match(stdout, /nobody runs it: member 1, its primary, has ended/);
      assert.doesNotMatch(stdout, /being seeded/);
    }
  });

  it('wait until the round has ended, and until another member is the primary', async () => {
    const synced = await gaia('sync', id);
    assert.equal(synced.code, 0, synced.stderr);
    assert.match(synced.stdout, /a round has ended; member 2 has all/);
    const moved = await gaia('failover', id);
    assert.equal(moved.code, 0, moved.stderr);
    assert.match(moved.stdout, /member 2 is the primary\. Member 1 ends and is replaced/);
    assert.deepEqual(
      service.commands.slice(-2).map(({ type }) => type),
      ['syncGuest', 'failOverGuest'],
    );
  });

  it('give up after --timeout, and name a remedy for what is refused', async () => {
    service.idle = true;
    for (const command of ['sync', 'failover']) {
      const { code, stderr } = await gaia(command, id, '--timeout', '1');
      assert.equal(code, 5, stderr);
      assert.match(stderr, /of \/demo\/guest .*after 1 s\nSee how it stands with ".*gaia vm status \/demo\/guest"/);
    }
    service.refusals.push({ ok: false, reason: 'uncovered', message: 'no backup covers the guest' });
    const refused = await gaia('sync', id);
    assert.deepEqual([refused.code, /no backup covers the guest\nWait until/.test(refused.stderr)], [4, true]);
    service.refusals.push({ ok: false, reason: 'locked', message: '', deploymentIds: ['d1'] });
    const locked = await gaia('sync', id);
    assert.match(locked.stderr, /gaia deployment wait d1", or repeat with --force\.\n/);
    const other = await gaia('status', '/web');
    assert.deepEqual([other.code, /'\/web' is not a virtual machine/.test(other.stderr)], [6, true], other.stderr);
    for (const command of ['status', 'sync', 'failover']) {
      const none = await gaia(command, '/none');
      assert.deepEqual([none.code, /App '\/none' does not exist/.test(none.stderr)], [6, true], none.stderr);
    }
    assert.match((await gaia('failover', '--help')).stdout, /Example:\n {2}gaia vm failover \/demo\/guest/);
  });
});
