/** Every page, for everybody: without barriers that axe finds, by keyboard alone, in the dark and on a phone. */
import assert from 'node:assert/strict';
import type { Browser } from 'playwright-core';
import { redisSpec, System } from '../e2e/system.js';
import { NARROW, openBrowser, Tab, WIDE } from './browser.js';

const LEDGER = '/demo/ledger';
const pages: [path: string, name: string][] = [
  ['', 'apps'],
  ['map', 'map'],
  ['deployments', 'deployments'],
  ['queue', 'queue'],
  ['events', 'events'],
  ['edit', 'edit'],
  [`edit${LEDGER}`, 'edit'],
  ...['replicas', 'plots', 'timeline', 'placement', 'logs'].map((tab): [string, string] => [
    `apps${LEDGER}?tab=${tab}`,
    'app',
  ]),
  ['apps/none', 'app'],
  ['nowhere', 'nowhere'],
];
const looks = [
  { look: 'light', colorScheme: 'light', viewport: WIDE },
  { look: 'dark', colorScheme: 'dark', viewport: WIDE },
  { look: 'phone', colorScheme: 'light', viewport: NARROW },
  { look: 'phone-dark', colorScheme: 'dark', viewport: NARROW },
] as const;

describe('web page, every page', function () {
  // Each look is fourteen pages.
  this.timeout(600_000);
  let system: System;
  let browser: Browser;

  before(async () => {
    system = await System.start();
    browser = await openBrowser();
    await system.deploy(redisSpec(LEDGER));
    await system.deploy({ id: '/shop/web', cmd: 'while date; do sleep 5; done', cpus: 0.1, mem: 32, instances: 2 });
    await system.deploy({ id: '/too/large', cmd: 'sleep 100', cpus: 1000, mem: 32, instances: 1 });
    await system.whole(LEDGER);
  });
  after(async () => {
    await browser?.close();
    await system?.stop();
  });

  for (const { look, ...options } of looks)
    it(`has no barrier, ${look}`, async () => {
      const tab = await Tab.open(browser, system.apiUrl, options);
      for (const [path, name] of pages) {
        await tab.show(path, name);
        await tab.page.locator('h1').first().waitFor();
        if (path === '') await tab.text(LEDGER);
        await tab.shoot(`${look}-${path.replaceAll(/\W+/g, '-') || 'apps'}`);
        assert.deepEqual(await tab.barriers(), [], `/ui/${path}, ${look}`);
        const [wide, room] = await tab.page.evaluate<number[]>('[document.documentElement.scrollWidth, innerWidth]');
        assert.ok((wide ?? 0) <= (room ?? 0), `/ui/${path}, ${look}: ${wide} px wide, ${room} px are there`);
      }
      tab.requireQuiet(/404/);
      await tab.close();
    });

  it('is used by keyboard: skip, find an app, open a question, leave it', async () => {
    const tab = await Tab.open(browser, system.apiUrl);
    await tab.show('', 'apps');
    await tab.text(LEDGER);
    const { keyboard } = tab.page;
    const focused = () => tab.page.evaluate<string>("document.activeElement?.textContent?.trim() ?? ''");
    const walkTo = async (text: string) => {
      for (let steps = 0; steps < 60; steps += 1) {
        if ((await focused()) === text) return;
        await keyboard.press('Tab');
      }
      assert.fail(`60 steps of Tab lead to no "${text}"`);
    };
    await keyboard.press('Tab');
    assert.match(await focused(), /^Skip/);
    await keyboard.press('Enter');
    assert.equal(await tab.page.evaluate('document.activeElement?.id'), 'main');
    await walkTo(LEDGER);
    const outline = await tab.page.evaluate('getComputedStyle(document.activeElement).outlineStyle');
    assert.notEqual(outline, 'none', 'where the focus is can be seen');
    await keyboard.press('Enter');
    await tab.page.locator('main[data-page="app"]').waitFor();
    await walkTo('Scale');
    await keyboard.press('Enter');
    await tab.page.getByRole('dialog').waitFor();
    await keyboard.press('Escape');
    await tab.page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.equal(await focused(), 'Scale', 'the focus goes back to where it came from');
    await tab.page.goBack();
    await tab.page.locator('main[data-page="apps"]').waitFor();
    tab.requireQuiet();
    await tab.close();
  });
});
