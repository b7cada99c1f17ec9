/** Who is not known is asked by a form of the page, and what was typed is nowhere to be found. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { hashToken } from '../../framework/access/hash.js';
import { formatAccount } from '../../framework/access/users.js';
import { FakeMaster } from '../bench/scheduler/fake-master.js';
import { FrameworkProcess } from '../framework-process.js';
import { NARROW, openBrowser, Tab } from './browser.js';

const TOKEN = 'token-of-vera-0123456789';
/** Busy machines take long. */
const READY_MS = 60_000;

describe('web page, signing in', function () {
  this.timeout(120_000);
  let directory: string;
  let master: FakeMaster;
  let framework: FrameworkProcess;
  let browser: Browser;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'gaia-signin-'));
    const users = join(directory, 'users');
    writeFileSync(users, `${formatAccount({ name: 'vera', role: 'viewer', paths: [], hash: hashToken(TOKEN) })}\n`);
    master = await FakeMaster.start(3);
    framework = await new FrameworkProcess([
      ...['--master', master.address, '--store', join(directory, 'store'), '--users', users],
    ]).ready(READY_MS);
    browser = await openBrowser();
  });
  after(async () => {
    await browser?.close();
    framework?.process.kill();
    master?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it('refuses who is not known, lets in who is, shows a viewer nothing to change, and lets go', async () => {
    const tab = await Tab.open(browser, framework.url, { viewport: NARROW });
    await tab.page.goto(`${framework.url}/ui/map`);
    await tab.connection('signed-out');
    assert.deepEqual(await tab.barriers(), []);
    await tab.shoot('sign-in');
    const token = tab.page.getByLabel('Token', { exact: true });
    await token.fill('wrong');
    await tab.button('Sign in').click();
    await tab.text(/Nobody is known by that/);
    await token.fill(TOKEN);
    await tab.button('Sign in').click();
    await tab.page.locator('main[data-page="map"]').waitFor();
    await tab.connection('live');
    assert.ok(!tab.page.url().includes(TOKEN));
    assert.ok(!JSON.stringify(await tab.page.context().cookies()).includes(TOKEN));
    assert.ok(!(await tab.page.evaluate<string>('JSON.stringify(localStorage)')).includes(TOKEN));
    await tab.button(/Sign out/).click();
    await tab.connection('signed-out');
    tab.requireQuiet(/401/);
    await tab.close();
  });
});
