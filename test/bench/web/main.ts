/**
 * The web page over a cluster of 2,000 agents and 10,000 tasks that are in a master's books only: how soon it shows something, and what it
 * costs to follow tasks that end and are replaced all the time. The page's times are read from traces of Chromium.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { openBrowser, Tab } from '../../web/browser.js';
import { median, round, told } from '../measure.js';
import { FakeMaster } from '../scheduler/fake-master.js';
import { MeasuredFramework } from '../scheduler/framework.js';
import type { Traced } from './trace.js';
import { traced } from './tracing.js';

const AGENTS = 2000;
const TASKS = 10_000;
const GROUPS = 1000;
const PLAIN_APPS = 70;
const FILL_TIMEOUT_MS = 150_000;
const LOADS = 3;
const FOLLOWED_MS = 15_000;
/** So many tasks end in each interval, and are replaced: often enough that something has changed at each look. */
const ENDING = 5;
const ENDING_EVERY_MS = 50;
const apps = { path: '', name: 'apps' } as const;
const map = { path: 'map', name: 'map' } as const;
type Shown = typeof apps | typeof map;

export async function run(): Promise<object> {
  const directory = mkdtempSync(join(tmpdir(), 'gaia-bench-web-'));
  const master = await FakeMaster.start(AGENTS);
  const framework = await new MeasuredFramework(master.address, directory).ready();
  let browser: Browser | undefined;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  try {
    await fill(master, framework);
    browser = await openBrowser();
    const loads = await measureLoads(browser, framework);
    const serverCpuShareUnwatched = await cpuShare(framework, () => churn(master));
    const watched = await measureFollowing(browser, master, framework);
    if (master.wrong.length > 0) throw new Error(`the framework did what it should not: ${master.wrong.slice(0, 5)}`);
    return { agents: AGENTS, tasks: TASKS, ...loads, ...watched, serverCpuShareUnwatched };
  } finally {
    await browser?.close();
    master.stop();
    await framework.kill();
    rmSync(directory, { recursive: true });
  }
}

async function fill(master: FakeMaster, framework: MeasuredFramework): Promise<void> {
  const replication = { protocol: 'apus', durability: 'memory', spread: ['zone', 'rack', 'host'] };
  const group = { cmd: 'exec redis-server --port $PORT0', cpus: 0.1, mem: 64, instances: 3, replication };
  const instances = (TASKS - 3 * GROUPS) / PLAIN_APPS;
  const plain = { cmd: 'exec sleep 1000', cpus: 0.1, mem: 32, instances, backoffSeconds: 0 };
  const named = (name: string, count: number, app: object) =>
    Array.from({ length: count }, (_, index) => ({ id: `${name}-${index}`, ...app }));
  await framework.post('/bench/groups', named('group', GROUPS, group));
  await framework.post('/bench/plain', named('plain', PLAIN_APPS, plain));
  await master.reached('all tasks run', () => master.acknowledged >= 2 * TASKS, FILL_TIMEOUT_MS);
  await sleep(1000);
}

/** Times until something was seen are medians, the longest task is that of all loads. */
async function measureLoads(browser: Browser, framework: MeasuredFramework) {
  const all: Traced[] = [];
  const usefulMs = { apps: [] as number[], map: [] as number[] };
  for (let load = 1; load <= LOADS; load += 1)
    for (const page of [apps, map]) {
      const one = told(`${page.name}, load ${load}`, await opened(browser, framework, page, load));
      all.push(one);
      if (one.firstUsefulPaintMs === null) throw new Error(`${page.name}: no frame with rows was drawn`);
      usefulMs[page.name].push(one.firstUsefulPaintMs);
    }
  return {
    firstUsefulPaintMs: Math.round(median(usefulMs.apps)),
    firstUsefulPaintOfMapMs: Math.round(median(usefulMs.map)),
    longestTaskOfOpeningMs: worst(all, 'longestTaskMs'),
    longestTaskOfOpeningCpuMs: worst(all, 'longestTaskCpuMs'),
  };
}

/** By a visitor with nothing in the cache. */
async function opened(browser: Browser, framework: MeasuredFramework, { path, name }: Shown, load: number) {
  const tab = await Tab.open(browser, framework.url);
  const one = await traced(browser, tab, `open-${name}-${load}`, async () => {
    await tab.show(path, name);
    await tab.page.getByRole('row').nth(1).waitFor();
    await sleep(1000);
  });
  await tab.close();
  return one;
}

/** On each page in turn; the worst of them. */
async function measureFollowing(browser: Browser, master: FakeMaster, framework: MeasuredFramework) {
  const [all, shares]: [Traced[], number[]] = [[], []];
  for (const { path, name } of [apps, map]) {
    const tab = await Tab.open(browser, framework.url);
    await tab.show(path, name);
    await sleep(2000);
    const work = async () => void shares.push(await cpuShare(framework, () => churn(master)));
    all.push(told(`${name}, followed`, await traced(browser, tab, `follow-${name}`, work)));
    await tab.close();
  }
  return {
    longestTaskMs: worst(all, 'longestTaskMs'),
    longestTaskCpuMs: worst(all, 'longestTaskCpuMs'),
    updatesPerSecond: round(Math.min(...all.map(({ updates }) => updates)) / (FOLLOWED_MS / 1000)),
    endingPerSecond: (ENDING * 1000) / ENDING_EVERY_MS,
    serverCpuShare: Math.max(...shares),
  };
}

const worst = (all: Traced[], figure: 'longestTaskMs' | 'longestTaskCpuMs') =>
  round(Math.max(...all.map((one) => one[figure])));

/** Tasks end and are replaced, for a while. */
async function churn(master: FakeMaster): Promise<void> {
  const endMs = performance.now() + FOLLOWED_MS;
  for (let at = performance.now(); at < endMs; at += ENDING_EVERY_MS) {
    master.fail(ENDING);
    await sleep(Math.max(0, at + ENDING_EVERY_MS - performance.now()));
  }
}

/** Of one processor, while `work` goes on. */
async function cpuShare(framework: MeasuredFramework, work: () => Promise<void>): Promise<number> {
  const [startMs, startCpu] = [performance.now(), framework.cpuSeconds];
  await work();
  return round((framework.cpuSeconds - startCpu) / ((performance.now() - startMs) / 1000));
}
