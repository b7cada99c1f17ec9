/**
 * The scheduler against a master over HTTP whose agents exist in its books only: a thousand replicated apps are launched, their tasks
 * send updates, and a new subscription has thirty thousand tasks reconciled.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { round } from '../measure.js';
import { FakeMaster } from './fake-master.js';
import { FrameworkProcess } from './framework.js';

const AGENTS = 2000;
const APPS = 1000;
const INSTANCES = 3;
const UPDATES = 50_000;
const TASKS = 30_000;
const PLAIN_APPS = 90;
const PHASE_TIMEOUT_MS = 150_000;

export async function run(): Promise<object> {
  const master = await FakeMaster.start(AGENTS);
  const framework = await FrameworkProcess.start(master.address);
  process.once('exit', () => framework.child.kill('SIGKILL'));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  try {
    await master.reached('offers of all agents', () => master.subscriptions === 1, PHASE_TIMEOUT_MS);
    const launch = await measureLaunch(master, framework);
    const updates = await measureUpdates(master);
    const peakRssMb = Math.round(framework.peakRssMb);
    const reconcile = await measureReconciliation(master, framework);
    if (master.wrong.length > 0) throw new Error(`the framework did what it should not: ${master.wrong.slice(0, 5)}`);
    return { ...launch, ...updates, ...reconcile, peakRssMb, peakRssAllMb: Math.round(framework.peakRssMb) };
  } finally {
    master.stop();
    await framework.stop();
  }
}

const seconds = (sinceMs: number): number => round((performance.now() - sinceMs) / 1000);

function told<Figures extends object>(what: string, figures: Figures): Figures {
  console.error(`${what}: ${JSON.stringify(figures)}`);
  return figures;
}

async function put(framework: FrameworkProcess, apps: object[]): Promise<void> {
  const answer = await fetch(`${framework.url}/v2/apps`, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(apps),
  });
  if (answer.status !== 200 && answer.status !== 201)
    throw new Error(`PUT /v2/apps: ${answer.status} ${(await answer.text()).slice(0, 500)}`);
}

/** Until the master has the last LAUNCH. */
async function measureLaunch(master: FakeMaster, framework: FrameworkProcess) {
  const apps = Array.from({ length: APPS }, (_, index) => ({
    id: `/bench/group/app-${index}`,
    cmd: 'exec redis-server --port $PORT0',
    cpus: 0.1,
    mem: 64,
    instances: INSTANCES,
    replication: { protocol: 'apus', durability: 'memory', spread: ['zone', 'rack', 'host'] },
  }));
  const startMs = performance.now();
  await put(framework, apps);
  const acceptedSeconds = seconds(startMs);
  await master.reached('all launches', () => master.tasks.size === APPS * INSTANCES, PHASE_TIMEOUT_MS);
  const launchSeconds = seconds(startMs);
  await master.reached('all run', () => master.acknowledged === 2 * APPS * INSTANCES, PHASE_TIMEOUT_MS);
  return told('launch', { launchSeconds, acceptedSeconds, runningSeconds: seconds(startMs) });
}

/** Until the master has the last acknowledgement. */
async function measureUpdates(master: FakeMaster) {
  const before = master.acknowledged;
  const startMs = performance.now();
  master.update(UPDATES);
  await master.reached('all updates', () => master.acknowledged === before + UPDATES, PHASE_TIMEOUT_MS);
  return told('updates', { updatesPerSecond: Math.round(UPDATES / ((performance.now() - startMs) / 1000)) });
}

/** From the end of the stream until an update behind the last answer has been acknowledged. */
async function measureReconciliation(master: FakeMaster, framework: FrameworkProcess) {
  const fillSeconds = await fill(master, framework);
  const before = master.reconciled;
  const startMs = performance.now();
  master.disconnect();
  await master.reached('all answers', () => master.reconciled >= before + TASKS, PHASE_TIMEOUT_MS);
  const acknowledged = master.acknowledged;
  master.update(1);
  await master.reached('the last update', () => master.acknowledged > acknowledged, PHASE_TIMEOUT_MS);
  return { reconcileSeconds: seconds(startMs), fillSeconds };
}

async function fill(master: FakeMaster, framework: FrameworkProcess): Promise<number> {
  const instances = (TASKS - APPS * INSTANCES) / PLAIN_APPS;
  const plain = { cmd: 'exec sleep 1000', cpus: 0.1, mem: 32, instances, ports: [0] };
  const apps = Array.from({ length: PLAIN_APPS }, (_, index) => ({ id: `/bench/plain/app-${index}`, ...plain }));
  const startMs = performance.now();
  const acknowledged = master.acknowledged;
  await put(framework, apps);
  await master.reached('all tasks', () => master.tasks.size === TASKS, PHASE_TIMEOUT_MS);
  const launched = TASKS - APPS * INSTANCES;
  await master.reached('all run', () => master.acknowledged >= acknowledged + 2 * launched, PHASE_TIMEOUT_MS);
  await sleep(1000);
  return told('filled', { fillSeconds: seconds(startMs) }).fillSeconds;
}
