/** The web page while Chromium traces it, through Playwright. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import type { Tab } from '../../web/browser.js';
import { readTrace, type Traced } from './trace.js';

/** For who wants to see in Chromium's own tools what a task is made of: no program reads them again. */
const kept = join(fileURLToPath(new URL('../../../..', import.meta.url)), 'build', 'web-traces');
/** Tasks and what they are made of, frames, and the page's marks. */
const categories = [
  '-*',
  'devtools.timeline',
  'disabled-by-default-devtools.timeline',
  'devtools.timeline.frame',
  'disabled-by-default-devtools.timeline.frame',
  'blink.user_timing',
];

/** What the trace of `work` says; the trace is build/web-traces/NAME.json. */
export async function traced(browser: Browser, tab: Tab, name: string, work: () => Promise<void>): Promise<Traced> {
  mkdirSync(kept, { recursive: true });
  await browser.startTracing(tab.page, { categories, path: join(kept, `${name}.json`) });
  await work();
  return readTrace((await browser.stopTracing()).toString());
}
