import assert from 'node:assert/strict';
import { eventually } from '../group.js';
import { compareLiving } from './exactness.js';
import { type Group, type GroupOptions, startGroup } from './group.js';
import { findLosses, runWorkload } from './workload.js';

const commands = Number(process.env.GAIA_COMMANDS ?? 30_000);
const kills = Number(process.env.GAIA_KILLS ?? 2);
const seed = Number(process.env.GAIA_SEED ?? 20261122);
const debug = ['--enable-debug-command', 'yes'];
const evicting = [
  ...['--maxmemory', '2200kb', '--maxmemory-policy', 'allkeys-lru', '--lazyfree-lazy-eviction', 'yes'],
  ...['--lazyfree-lazy-expire', 'yes', '--lazyfree-lazy-user-del', 'yes'],
];
const variants: Record<string, GroupOptions> = {
  'without files': { args: ['--save', '', ...debug] },
  'over tcp': { args: ['--save', '', ...debug], transport: 'tcp' },
  'with an append-only file and saves': { args: ['--appendonly', 'yes', '--save', '1 100', ...debug] },
  'with evictions and lazy freeing': { args: ['--save', '', ...evicting, ...debug] },
};

for (const [variant, options] of Object.entries(variants)) {
  describe(`exactness of a replicated redis-server ${variant} (seed ${seed}, ${commands} commands)`, function () {
    this.timeout(60_000 + commands * 10 + kills * 10_000);
    let group: Group;

    before(async () => {
      group = await startGroup({ ...options, trace: process.env.GAIA_TRACE === '2' ? 2 : 1 });
    });
    after(() => group?.stop());

    async function assertEqual(): Promise<void> {
      await group.quiesce();
      for (const comparison of compareLiving(group)) {
        assert.deepEqual(comparison.differences.slice(0, 3), []);
        assert.ok(comparison.turns > 10, `only ${comparison.turns} turns compared`);
      }
      for (const replica of group.living()) assert.deepEqual(replica.state?.unexpected, {});
    }

    it('goes through the same states on all replicas, before and after kills of the leader', async () => {
      const killAt = Array.from({ length: kills }, (_, i) => ((i + 1) * commands) / (kills + 1));
      let fault = Promise.resolve();
      const onProgress = (done: number) => {
        if (killAt[0] === undefined || done < killAt[0]) return;
        killAt.shift();
        fault = fault.then(async () => {
          const leader = await group.leader();
          await group.kill(leader);
          await group.leader();
          await group.replace(leader.address.slot);
        });
      };
      const ports = () => group.living().map((replica) => replica.address.servicePort);
      const ledger = await runWorkload({ seed, clients: 50, commands, ports, onProgress });
      await fault;
      assert.equal(killAt.length, 0);
      const client = await group.client((await group.leader()).address.slot);
      if (!options.args?.includes('--maxmemory')) assert.deepEqual(await findLosses(ledger, client), []);
      const statistics = String(await client.call('INFO', 'all'));
      const evicts = options.args?.includes('--maxmemory');
      assert.match(statistics, evicts ? /evicted_keys:[1-9]/ : /lazyfreed_objects:[1-9]/);
      assert.match(String(await client.call('DEBUG', 'DIGEST')), /^[0-9a-f]{40}$/);
      client.close();
      await assertEqual();
    });

    it('writes the same dump.rdb on all replicas, by SAVE and by BGSAVE', async () => {
      const client = await group.client((await group.leader()).address.slot);
      for (const command of ['SAVE', 'BGSAVE']) {
        // Writes may have begun one of their own, while which Redis refuses another.
        const begun = () => client.call(command).then(() => true, refusedAsBusy);
        await eventually(`${command} is refused`, begun);
        const saved = async () => String(await client.call('INFO', 'persistence')).includes('rdb_bgsave_in_progress:0');
        await eventually('BGSAVE does not end', saved);
        await group.quiesce();
        const [first, ...others] = group.living().map((replica) => replica.file('dump.rdb'));
        for (const other of others) assert.ok(other.equals(first as Buffer), `dump.rdb differs after ${command}`);
      }
      client.close();
      await assertEqual();
    });
  });
}

/** False, or what else the server says is thrown. */
function refusedAsBusy(refusal: Error): boolean {
  if (!refusal.message.includes('save already in progress')) throw refusal;
  return false;
}
