/** What Chromium notices while the page is shown. */
import type { Browser } from 'playwright-core';
import { Tab } from '../../web/browser.js';

export interface Noticed {
  /** Of tasks of the main thread that took more than 50 ms, which are all that it tells of; 0: none did. */
  longestTaskMs: number;
  longTasks: number;
  /** Changes that the page has read and put together with what it shows. */
  updates: number;
}

/** Runs before the page does. Changes are counted where they are read: each is one JSON text with its time. */
const script = `{
  let noticed = { longestTaskMs: 0, longTasks: 0, updates: 0 };
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) {
      noticed.longestTaskMs = Math.max(noticed.longestTaskMs, Math.round(duration));
      noticed.longTasks += 1;
    }
  }).observe({ type: 'longtask', buffered: true });
  const parse = JSON.parse;
  JSON.parse = (...given) => {
    const value = parse(...given);
    if (value?.at && !value.version && (value.tasks || value.apps || value.agents)) noticed.updates += 1;
    return value;
  };
  window.takeNoticed = () => {
    const taken = noticed;
    noticed = { longestTaskMs: 0, longTasks: 0, updates: 0 };
    return taken;
  };
}`;

/** A visitor with nothing in the cache looks at the page. `usefulMs`: from the request on until the first rows were painted. */
export async function opened(
  browser: Browser,
  apiUrl: string,
  { path, name }: { path: string; name: string },
): Promise<{ tab: Tab; usefulMs: number }> {
  const tab = await Tab.open(browser, apiUrl);
  await tab.page.addInitScript(script);
  await tab.show(path, name);
  const mark = `performance.getEntriesByName('gaia-useful')[0]?.startTime`;
  await tab.page.waitForFunction(mark);
  return { tab, usefulMs: await tab.page.evaluate<number>(mark) };
}

/** Since the last time, or since the page was opened. */
export const noticed = (tab: Tab): Promise<Noticed> => tab.page.evaluate<Noticed>('takeNoticed()');
