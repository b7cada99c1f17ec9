/**
 * The web page over a cluster of 2,000 agents and 10,000 tasks that are in a master's books only: how soon it shows something, and what it
 * costs to follow tasks that end and are replaced all the time. The page's times are Chromium's own.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { openBrowser } from '../../web/browser.js';
import { median, round, told } from '../measure.js';
import { FakeMaster } from '../scheduler/fake-master.js';
import { MeasuredFramework } from '../scheduler/framework.js';
import { noticed, opened } from './observer.js';

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
const apps = { path: '', name: 'apps' };
const map = { path: 'map', name: 'map' };

export async function run(): Promise<object> {
  const directory = mkdtempSync(join(tmpdir(), 'gaia-bench-web-'));
  const master = await FakeMaster.start(AGENTS);
  const framework = await new MeasuredFramework(master.address, directory).ready();
  let browser: Browser | undefined;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  try {
    await fill(master, framework);
    browser = await openBrowser();
    const loads = told('opened', await measureLoads(browser, framework));
    const serverCpuShareUnwatched = await cpuShare(framework, () => churn(master));
    const watched = told('followed', await measureFollowing(browser, master, framework));
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

/** Medians. */
async function measureLoads(browser: Browser, framework: MeasuredFramework) {
  const [ofApps, ofMap, longest]: [number[], number[], number[]] = [[], [], []];
  for (let load = 0; load < LOADS; load += 1)
    for (const [page, times] of [
      [apps, ofApps],
      [map, ofMap],
    ] as const) {
      const { tab, usefulMs } = await opened(browser, framework.url, page);
      times.push(usefulMs);
      await sleep(500);
      longest.push((await noticed(tab)).longestTaskMs);
      await tab.close();
    }
  return {
    firstUsefulPaintMs: Math.round(median(ofApps)),
    firstUsefulPaintOfMapMs: Math.round(median(ofMap)),
    longestTaskOfOpeningMs: Math.max(...longest),
  };
}

/** On each page in turn; the worst of them. */
async function measureFollowing(browser: Browser, master: FakeMaster, framework: MeasuredFramework) {
  const [longest, updates, shares]: [number[], number[], number[]] = [[], [], []];
  for (const page of [apps, map]) {
    const { tab } = await opened(browser, framework.url, page);
    await sleep(2000);
    await noticed(tab);
    shares.push(await cpuShare(framework, () => churn(master)));
    const now = await noticed(tab);
    told(page.name, now);
    longest.push(now.longestTaskMs);
    updates.push(now.updates / (FOLLOWED_MS / 1000));
    await tab.close();
  }
  return {
    longestTaskMs: Math.max(...longest),
    updatesPerSecond: round(Math.min(...updates)),
    endingPerSecond: (ENDING * 1000) / ENDING_EVERY_MS,
    serverCpuShare: Math.max(...shares),
  };
}

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
