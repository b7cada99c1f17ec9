/** Two schedulers on ZooKeeper, with all that the one before them had: one is killed, the other takes over. */
import lodash from 'lodash';
import { readStore, withStore } from '../../../framework/store/place.js';
import { ZooKeeperServers } from '../../zookeeper.js';
import { round } from '../measure.js';
import type { FakeMaster } from './fake-master.js';
import { MeasuredFramework } from './framework.js';

/** Records, 110 MB of them, and the last 500 transactions. */
const serverFlags = ['-Xmx2g', '-XX:TieredStopAtLevel=1'];
/** Records that are copied at a time. */
const copiedMax = 500;

/** What there is in the store of a directory; `timeoutMs` for each phase. */
export async function measureTakeover(master: FakeMaster, directory: string, timeoutMs: number): Promise<object> {
  const servers = await ZooKeeperServers.start({ flags: serverFlags });
  const store = servers.url('/bench');
  const schedulers: MeasuredFramework[] = [];
  const started = async () => {
    const scheduler = new MeasuredFramework(master.address, store);
    schedulers.push(scheduler);
    return scheduler.ready();
  };
  try {
    await copy(directory, store);
    master.disconnect();
    const { subscriptions, reconciled } = master;
    const leader = await started();
    await subscribed(master, subscriptions, timeoutMs);
    await answered(master, reconciled, timeoutMs);
    return await killed(master, leader, await started(), timeoutMs);
  } finally {
    await Promise.all(schedulers.map((scheduler) => scheduler.kill()));
    await servers.stop();
  }
}

async function copy(directory: string, store: string): Promise<void> {
  const records = await readStore(directory);
  await withStore(store, {}, async (target) => {
    for (const part of lodash.chunk(records, copiedMax))
      await target.write(part.map(([key, value]) => ({ key, value })));
  });
}

/** From the kill until the other one leads, and until it has had an answer for every task. */
async function killed(
  master: FakeMaster,
  leader: MeasuredFramework,
  standby: MeasuredFramework,
  timeoutMs: number,
): Promise<object> {
  const { subscriptions, reconciled } = master;
  const { size } = master.tasks;
  const cpuBefore = standby.cpuSeconds;
  const startMs = performance.now();
  const since = () => round((performance.now() - startMs) / 1000);
  await leader.kill();
  master.disconnect();
  await subscribed(master, subscriptions, timeoutMs);
  const leadsSeconds = since();
  await answered(master, reconciled, timeoutMs);
  if (master.tasks.size !== size) throw new Error(`${size} tasks were there, ${master.tasks.size} are`);
  return { takeoverSeconds: since(), leadsSeconds, takeoverCpuSeconds: round(standby.cpuSeconds - cpuBefore) };
}

const subscribed = (master: FakeMaster, before: number, timeoutMs: number): Promise<void> =>
  master.reached('a subscription', () => master.subscriptions > before, timeoutMs);

/** Every task has been asked for and answered, since there were `before` answers, and what came behind them has been acknowledged. */
export async function answered(master: FakeMaster, before: number, timeoutMs: number): Promise<void> {
  const { size } = master.tasks;
  await master.reached('all answers', () => master.reconciled >= before + size, timeoutMs);
  const { acknowledged } = master;
  master.update(1);
  await master.reached('the last update', () => master.acknowledged > acknowledged, timeoutMs);
}
