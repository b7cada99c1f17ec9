/** Programs that belong into a guest, started as processes all the same: they must not be called exact once a client has come. */
import assert from 'node:assert/strict';
import type { ReplicaReport } from '../../executor/assignment.js';
import { labelOf } from '../../framework/label.js';
import { eventually } from '../consensus/group.js';
import { startGroup } from '../consensus/interpose/group.js';
import { clients } from './clients/index.js';
import { thenStop } from './with-group.js';

/** A program that starts at leisure on a busy machine. */
const patienceMs = 120_000;

const options =
  '--no-defaults --skip-grant-tables --socket=mariadb.socket --bind-address=127.0.0.1 --innodb-buffer-pool-size=8M ' +
  '--innodb-log-file-size=4M --innodb-use-native-aio=0 --key-buffer-size=1M --aria-pagecache-buffer-size=1M';

/** By the names of their files; what starts each at `$PORT0`. */
const commands: Record<string, string> = {
  mariadb: `mkdir data && exec mariadbd ${options} "--user=$(id -un)" "--datadir=$(pwd)/data" --port=$PORT0`,
};

export async function findOut(name: string): Promise<{ label: string; reason: string }> {
  const program = (port: number): [string, ...string[]] => ['/bin/sh', '-c', `PORT0=${port}\n${commands[name]}`];
  const group = await startGroup({ program, leaderLimitMs: patienceMs });
  return thenStop(async () => {
    await clients[name]?.begin?.((await group.leader()).clientPort);
    const views = () => group.living().map(({ state }) => labelOf(state as ReplicaReport));
    await eventually('a replica is called exact', () => views().every(({ label }) => label === 'diverged'), patienceMs);
    const [{ label, reasons } = { label: '', reasons: [''] }] = views();
    assert.match(reasons[0] ?? '', /rdtsc.*virtual machine/);
    return { label, reason: reasons[0] as string };
  }, group);
}
