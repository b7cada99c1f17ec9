/**
 * The scheduler against a master over HTTP whose agents exist in its books only: a thousand replicated apps are launched, their tasks
 * send updates, a new subscription has thirty thousand tasks reconciled, and another scheduler takes them over.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { round, told } from '../measure.js';
import { FakeMaster } from './fake-master.js';
import { MeasuredFramework } from './framework.js';
import { answered, measureTakeover } from './takeover.js';

const AGENTS = 2000;
const APPS = 1000;
const INSTANCES = 3;
const UPDATES = 50_000;
const TASKS = 30_000;
const PLAIN_APPS = 90;
const PHASE_TIMEOUT_MS = 150_000;

export async function run(): Promise<object> {
  const master = await FakeMaster.start(AGENTS);
  const directory = mkdtempSync(join(tmpdir(), 'gaia-bench-scheduler-'));
  const framework = await new MeasuredFramework(master.address, directory).ready();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  try {
    await master.reached('offers of all agents', () => master.subscriptions === 1, PHASE_TIMEOUT_MS);
    const launch = await measureLaunch(master, framework);
    const updates = await measureUpdates(master, framework);
    const peakRssMb = Math.round(framework.peakRssMb);
    const reconcile = await measureReconciliation(master, framework);
    const peakRssAllMb = Math.round(framework.peakRssMb);
    await framework.kill();
    const takeover = told('taken over', await measureTakeover(master, directory, PHASE_TIMEOUT_MS));
    if (master.wrong.length > 0) throw new Error(`the framework did what it should not: ${master.wrong.slice(0, 5)}`);
    return { ...launch, ...updates, ...reconcile, ...takeover, peakRssMb, peakRssAllMb };
  } finally {
    master.stop();
    await framework.kill();
    rmSync(directory, { recursive: true });
  }
}

const seconds = (sinceMs: number): number => round((performance.now() - sinceMs) / 1000);

/** Until the master has the last LAUNCH. */
async function measureLaunch(master: FakeMaster, framework: MeasuredFramework) {
  const apps = Array.from({ length: APPS }, (_, index) => ({
    id: `app-${index}`,
    cmd: 'exec redis-server --port $PORT0',
    cpus: 0.1,
    mem: 64,
    instances: INSTANCES,
    replication: { protocol: 'apus', durability: 'memory', spread: ['zone', 'rack', 'host'] },
  }));
  const [startMs, startCpu] = [performance.now(), framework.cpuSeconds];
  await framework.post('/bench/replicated', apps);
  const acceptedSeconds = seconds(startMs);
  await master.reached('all launches', () => master.tasks.size === APPS * INSTANCES, PHASE_TIMEOUT_MS);
  const launchSeconds = seconds(startMs);
  const launchCpuSeconds = round(framework.cpuSeconds - startCpu);
  await master.reached('all run', () => master.acknowledged === 2 * APPS * INSTANCES, PHASE_TIMEOUT_MS);
  return told('launch', { launchSeconds, launchCpuSeconds, acceptedSeconds, runningSeconds: seconds(startMs) });
}

/** Until the master has the last acknowledgement. */
async function measureUpdates(master: FakeMaster, framework: MeasuredFramework) {
  const before = master.acknowledged;
  const [startMs, startCpu] = [performance.now(), framework.cpuSeconds];
  master.update(UPDATES);
  await master.reached('all updates', () => master.acknowledged === before + UPDATES, PHASE_TIMEOUT_MS);
  const updatesPerSecond = Math.round(UPDATES / ((performance.now() - startMs) / 1000));
  const updatesPerCpuSecond = Math.round(UPDATES / (framework.cpuSeconds - startCpu));
  return told('updates', { updatesPerSecond, updatesPerCpuSecond });
}

/** From the end of the stream until an update behind the last answer has been acknowledged. */
async function measureReconciliation(master: FakeMaster, framework: MeasuredFramework) {
  const fillSeconds = await fill(master, framework);
  const [startMs, startCpu] = [performance.now(), framework.cpuSeconds];
  const before = master.reconciled;
  master.disconnect();
  await answered(master, before, PHASE_TIMEOUT_MS);
  const reconcileCpuSeconds = round(framework.cpuSeconds - startCpu);
  return told('reconciled', { reconcileSeconds: seconds(startMs), reconcileCpuSeconds, fillSeconds });
}

async function fill(master: FakeMaster, framework: MeasuredFramework): Promise<number> {
  const instances = (TASKS - APPS * INSTANCES) / PLAIN_APPS;
  const plain = { cmd: 'exec sleep 1000', cpus: 0.1, mem: 32, instances, ports: [0] };
  const apps = Array.from({ length: PLAIN_APPS }, (_, index) => ({ id: `app-${index}`, ...plain }));
  const startMs = performance.now();
  const acknowledged = master.acknowledged;
  await framework.post('/bench/plain', apps);
  await master.reached('all tasks', () => master.tasks.size === TASKS, PHASE_TIMEOUT_MS);
  const launched = TASKS - APPS * INSTANCES;
  await master.reached('all run', () => master.acknowledged >= acknowledged + 2 * launched, PHASE_TIMEOUT_MS);
  await sleep(1000);
  return told('filled', { fillSeconds: seconds(startMs) }).fillSeconds;
}
