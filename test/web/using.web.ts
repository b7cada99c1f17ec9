/** What an operator does with the page, with a real replicated Redis on a real cluster. */
import assert from 'node:assert/strict';
import type { Browser } from 'playwright-core';
import { follower, leader, portOf, redisSpec, System, until } from '../e2e/system.js';
import { RespConnection } from '../resp.js';
import { openBrowser, Tab } from './browser.js';

const LEDGER = '/demo/ledger';

describe('web page, in use', function () {
  this.timeout(240_000);
  let system: System;
  let browser: Browser;
  let tab: Tab;

  before(async () => {
    system = await System.start();
    browser = await openBrowser();
    await system.deploy(redisSpec(LEDGER));
    await system.whole(LEDGER);
  });
  beforeEach(async () => {
    tab = await Tab.open(browser, system.apiUrl);
  });
  afterEach(async function () {
    if (this.currentTest?.state === 'failed')
      await tab.shoot(`failed-${this.currentTest.title.replaceAll(/\W+/g, '-')}`);
    await tab.close();
  });
  after(async () => {
    await browser?.close();
    await system?.stop();
  });

  const dialog = () => tab.page.getByRole('dialog');
  const confirm = (name: string) => dialog().getByRole('button', { name, exact: true }).click();

  it('moves leadership to the slot that is chosen', async () => {
    const before = await system.whole(LEDGER);
    const { slot } = follower(before);
    await tab.show(`apps${LEDGER}`, 'app');
    await tab.button('Transfer leadership').click();
    await dialog().getByLabel('To').selectOption(String(slot));
    await confirm('Transfer leadership');
    await until('the group has another leader', 60_000, async () => leader(await system.whole(LEDGER)).slot === slot);
    await tab.page
      .getByRole('row')
      .filter({ hasText: 'leader' })
      .filter({ hasText: String(slot) })
      .first()
      .waitFor();
    tab.requireQuiet();
  });

  it('kills a replica, which is replaced, and no data are lost', async () => {
    const before = await system.whole(LEDGER);
    const client = await RespConnection.open(portOf(leader(before)));
    await client.call('SET', 'kept', 'yes');
    client.close();
    const { slot, member } = follower(before);
    await tab.show(`apps${LEDGER}`, 'app');
    await tab.button(`Kill slot ${slot} of ${LEDGER}`).click();
    await confirm('Kill');
    const after = await system.replaced(LEDGER, member);
    const reader = await RespConnection.open(portOf(leader(after)));
    assert.equal(await reader.call('GET', 'kept'), 'yes');
    reader.close();
    await tab.show(`apps${LEDGER}?tab=timeline`, 'app');
    await tab.text(/leads since term/);
    tab.requireQuiet();
  });

  it('scales, and shows the new replicas without being asked', async () => {
    await tab.show(`apps${LEDGER}`, 'app');
    await tab.button('Scale').click();
    await dialog().getByLabel('Replicas').fill('4');
    await confirm('Scale');
    await tab.text('4 of 4 run');
    await system.whole(LEDGER, 4);
    tab.requireQuiet();
  });

  it('restarts every replica, and no data are lost', async () => {
    const before = await system.whole(LEDGER, 4);
    const client = await RespConnection.open(portOf(leader(before)));
    await client.call('SET', 'outlives', 'a restart');
    client.close();
    const members = before.replicas.map(({ member }) => member);
    await tab.show(`apps${LEDGER}`, 'app');
    await tab.button('Restart').click();
    await confirm('Restart');
    const after = await until('all members are new', 120_000, async () => {
      const now = await system.whole(LEDGER, 4);
      return now.replicas.some(({ member }) => members.includes(member)) ? null : now;
    });
    const reader = await RespConnection.open(portOf(leader(after)));
    assert.equal(await reader.call('GET', 'outlives'), 'a restart');
    reader.close();
    tab.requireQuiet();
  });

  it('shows what a task writes, and what it writes next', async () => {
    await system.deploy({
      id: '/shop/clock',
      cmd: 'n=0; while echo tick $n; do n=$((n+1)); sleep 1; done',
      cpus: 0.1,
      mem: 32,
    });
    await until('the task runs', 60_000, async () => {
      const { body } = await system.request('GET', '/v2/apps/shop/clock');
      return body.app.tasksRunning === 1;
    });
    await tab.show('apps/shop/clock?tab=logs', 'app');
    const log = tab.page.getByRole('log');
    await log.filter({ hasText: 'tick 1' }).waitFor();
    const seen = Number(((await log.textContent()) ?? '').match(/tick (\d+)\s*$/)?.[1]);
    await log.filter({ hasText: `tick ${seen + 3}` }).waitFor();
    tab.requireQuiet();
  });

  it('refuses a bad field by its name while it is typed, makes the app when it is right, and changes it', async () => {
    await tab.show('edit', 'edit');
    const area = tab.page.getByLabel('Spec, as JSON');
    const spec = { id: '/made/here', cmd: 'sleep 1000', cpus: 0.1, mem: 32, instances: 1 };
    await area.fill(JSON.stringify({ ...spec, cpus: 'much' }, null, 2));
    const verdict = tab.page.locator('#verdict');
    await verdict.filter({ hasText: 'cpus' }).filter({ hasText: 'would refuse' }).waitFor();
    await area.fill(JSON.stringify({ ...spec, constraints: [['rack', 'NEAR', 'r1']] }, null, 2));
    await verdict.filter({ hasText: 'constraints' }).filter({ hasText: 'NEAR' }).waitFor();
    await area.fill(JSON.stringify(spec, null, 2));
    await verdict.filter({ hasText: 'would take this' }).waitFor();
    assert.equal((await system.request('GET', '/v2/apps/made/here')).status, 404, 'looking changes nothing');
    await tab.shoot('editor');
    await tab.button('Apply').click();
    await confirm('Apply');
    await tab.text('1 of 1 run');
    await tab.page.getByRole('link', { name: 'Edit', exact: true }).click();
    await area.fill((await area.inputValue()).replace('sleep 1000', 'sleep 2000'));
    await tab.button('Apply').click();
    await confirm('Apply');
    await until('the command is the new one', 60_000, async () => {
      const { body } = await system.request('GET', '/v2/apps/made/here');
      return body.app.cmd === 'sleep 2000';
    });
    tab.requireQuiet(/422|400/);
  });

  it('says that it is cut off, as of when, and goes on by itself', async () => {
    await tab.show('', 'apps');
    await tab.text(LEDGER);
    process.kill(system.frameworkPid, 'SIGKILL');
    await tab.connection('reconnecting');
    await tab.text(/as of .* ago, reconnecting/);
    await tab.text(LEDGER);
    await tab.shoot('reconnecting');
    const ran = await system.upAgain();
    assert.equal(ran.status, 0, ran.stderr);
    await tab.connection('live');
    await system.deploy({ id: '/after/all', cmd: 'sleep 1000', cpus: 0.1, mem: 32 });
    await tab.text('/after/all');
    tab.requireQuiet(/ERR_|Failed to load|50\d/);
  });
});
