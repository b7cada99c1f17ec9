/**
 * `npm run crash -- --processes [--store lmdb|zookeeper] [--count N] [--seed S] [--lanes L] [--minutes M]`: processes of the framework are
 * killed N times during deployments, in L clusters at a time.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomFrom } from '../../random.js';
import { ZooKeeperServers } from '../../zookeeper.js';
import { Lane, type LaneResult } from './lane.js';

export interface ProcessesOptions {
  store: 'lmdb' | 'zookeeper';
  count: number;
  seed: number;
  lanes: number;
  minutes: number;
}

const faultShare = 0.1;
/** A session ends two seconds after its process at the earliest. */
const zooKeeperArgs = ['--zk-session-timeout-seconds', '2'];

/** @throws Error with the first promise that was broken, and how to begin again */
export async function killProcesses({ store, count, seed, lanes, minutes }: ProcessesOptions): Promise<LaneResult> {
  const directory = mkdtempSync(join(tmpdir(), 'gaia-crash-'));
  const servers = store === 'zookeeper' ? await ZooKeeperServers.start({ tickMs: 500 }) : null;
  const endMs = Date.now() + minutes * 60_000;
  const lane = (index: number) =>
    Lane.run({
      store: servers?.url(`/lane${index}`) ?? join(directory, `lane${index}`),
      args: servers ? zooKeeperArgs : [],
      count: Math.ceil(count / lanes),
      faultShare,
      random: randomFrom(seed + index),
      endMs,
    });
  try {
    const results = await Promise.allSettled(Array.from({ length: lanes }, (_, index) => lane(index)));
    const broken = results.find((result) => result.status === 'rejected');
    if (broken) throw broken.reason;
    return sumOf(results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])));
  } finally {
    await servers?.stop();
    rmSync(directory, { recursive: true });
  }
}

function sumOf(results: LaneResult[]): LaneResult {
  const sum = (key: keyof LaneResult) => results.reduce((total, result) => total + result[key], 0);
  return { kills: sum('kills'), idleKills: sum('idleKills'), operations: sum('operations'), rests: sum('rests') };
}
