/** A replicated guest on the page: who has which part, what it writes to its console, and a fail-over by the button. */
import assert from 'node:assert/strict';
import type { Browser } from 'playwright-core';
import { portOf } from '../e2e/system.js';
import { inSlot } from '../vm/guest-app.js';
import { app, GuestCluster } from '../vm/guest-cluster.js';
import { patienceMs } from '../vm/machine.js';
import { redisAt } from '../vm/redis.js';
import { openBrowser, Tab } from './browser.js';

describe('web page, a replicated guest', function () {
  this.timeout(10 * patienceMs);
  let cluster: GuestCluster;
  let browser: Browser;
  let tab: Tab;

  before(async () => {
    cluster = await GuestCluster.start(4);
    browser = await openBrowser();
    await cluster.deploy({}, { cpus: 0.3, replication: { protocol: 'vm', suspicionMs: 5000 } });
    await cluster.covered();
    tab = await Tab.open(browser, cluster.system.apiUrl);
  });
  after(async () => {
    await browser?.close();
    await cluster?.system.stop();
  });

  it('says who runs it, who covers it and who only votes', async () => {
    const { guest } = await cluster.told();
    await tab.show(`apps${app}`, 'app');
    await tab.text(`Member ${guest.primary} runs the guest, covered by member ${guest.backup}.`);
    for (const role of ['primary', 'backup', 'witness'])
      await tab.page.getByRole('row').filter({ hasText: role }).first().waitFor();
    assert.deepEqual(await tab.barriers(), []);
    await tab.shoot('guest');
    tab.requireQuiet();
  });

  it('shows its console', async () => {
    await tab.show(`apps${app}?tab=logs`, 'app');
    await tab.page.getByRole('link', { name: 'console' }).waitFor();
    await tab.page.getByRole('log').filter({ hasText: 'guest is up' }).waitFor();
    tab.requireQuiet();
  });

  it('has the backup go on when asked to, with what the guest held and the connection of a client', async () => {
    const before = await cluster.covered();
    const slot = before.members.find(({ member }) => member !== before.guest.primary)?.slot as number;
    const client = await redisAt(portOf(inSlot(before, slot)));
    await client.call('SET', 'kept', 'yes');
    await tab.show(`apps${app}`, 'app');
    await tab.button('Fail over').click();
    const dialog = tab.page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Fail over', exact: true }).click();
    await tab.text(`Member ${before.guest.backup} runs the guest`);
    const after = await cluster.covered(before.guest.primary as number);
    assert.equal(after.guest.primary, before.guest.backup);
    const reader = await redisAt(portOf(inSlot(after, slot)));
    assert.equal(await reader.call('GET', 'kept'), 'yes');
    reader.close();
    client.close();
    tab.requireQuiet();
  });
});
