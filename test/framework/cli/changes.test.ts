/** `gaia group` and `gaia deployment` over the real scheduler, whose world moves on when somebody looks. */
import assert from 'node:assert/strict';
import { buildApi } from '../../../framework/api/index.js';
import type { FrameworkView } from '../../../framework/service.js';
import { pass } from '../model/running.js';
import { World } from '../model/world.js';
import { WorldService } from '../model/world-service.js';
import { gaia as runGaia } from './gaia.js';

const program = { cmd: 'sleep 100', cpus: 0.1, mem: 16 };
const shop = {
  id: '/shop',
  dependencies: ['/base'],
  groups: [{ id: 'front', apps: [{ id: 'web', ...program, instances: 2 }] }],
  apps: [{ id: 'back', ...program }],
};
const base = { id: '/base', apps: [{ id: 'db', ...program }] };
/** More than any agent has. */
const tooLarge = { ...base, apps: [{ id: 'db', ...program, cpus: 1000 }] };

class MovingService extends WorldService {
  moves = true;
  #told = 0;

  override view(): FrameworkView {
    if (this.moves) pass(this.world, 1);
    for (const event of this.world.published.slice(this.#told)) this.events.publish(event);
    this.#told = this.world.published.length;
    return super.view();
  }
}

describe('gaia group and gaia deployment', () => {
  let service: MovingService;
  let api: ReturnType<typeof buildApi>;
  let url: string;

  beforeEach(async () => {
    const world = new World();
    world.connect();
    service = new MovingService(world);
    api = buildApi(service, { now: () => world.now });
    url = await api.listen({ host: '127.0.0.1', port: 0 });
  });
  afterEach(() => api.close());

  const gaia = (args: string[], input: object | string = '') =>
    runGaia(args, typeof input === 'string' ? input : JSON.stringify(input), { GAIA_API: url });
  const json = async (args: string[], input: object | string = '') => {
    const { code, stdout } = await gaia([...args, '--json'], input);
    return { code, value: JSON.parse(stdout) };
  };

  it('refuses what it does not know when it is to be strict, and to remove everything', async () => {
    const strict = await gaia(['group', 'apply', '-', '--strict'], { ...base, colour: 'red' });
    assert.deepEqual([strict.code, strict.stderr.includes('/colour: is not a known field')], [4, true]);
    assert.equal((await gaia(['group', 'remove', '/'])).code, 2);
  });

  it('apply, show, list, roll back and remove groups', async () => {
    const dry = await gaia(['group', 'apply', '-', '--dry-run'], base);
    assert.match(dry.stdout, /1 +StartApplication +\/base\/db\s.*2 +ScaleApplication +\/base\/db/s);
    assert.deepEqual(service.view().apps, []);
    assert.equal((await gaia(['group', 'apply', '-'], base)).code, 0);
    const applied = await json(['group', 'apply', '-'], shop);
    assert.deepEqual([applied.code, applied.value.id, applied.value.deployment], [0, '/shop', 'ended']);
    const shown = await gaia(['group', 'show', 'shop']);
    assert.match(shown.stdout, /\/shop {2}version .*\n {2}\/shop needs \/base\n/);
    assert.match(shown.stdout, /\/shop\/front\/web +2\/2 +running/);
    assert.match((await gaia(['group', 'list'])).stdout, /\/shop +2\/2 +\/base +20/);
    const [, before] = (await json(['group', 'versions', '/'])).value.versions;
    const back = await json(['group', 'rollback', '/', before]);
    assert.deepEqual([back.code, service.view().apps.map(({ spec }) => spec.id)], [0, ['/base/db']]);
    assert.match((await gaia(['group', 'remove', '/base'])).stdout, /\/base is removed/);
  });

  it('say how a deployment ends: with 1 and the reason when it fails by its deadline', async () => {
    const failed = await json(['group', 'apply', '-', '--deadline', '20', '--roll-back'], tooLarge);
    assert.equal(failed.code, 1);
    assert.match(failed.value.error.reason, /has not ended within 20 s.*\/base\/db: .*cpus/s);
    const { deploymentId } = failed.value.error;
    assert.match((await gaia(['deployment', 'show', deploymentId])).stdout, /has failed: .*within 20 s/);
    assert.equal((await gaia(['deployment', 'wait', deploymentId])).code, 1);
    const well = await json(['group', 'apply', '-'], base);
    const waited = await json(['deployment', 'wait', well.value.deploymentId]);
    assert.deepEqual([waited.code, waited.value.deployment], [0, 'ended']);
    assert.equal((await gaia(['deployment', 'wait', 'unknown'])).code, 6);
  });

  it('show the steps of a deployment, its deadline, and what it waits for', async () => {
    service.moves = false;
    const begun = await json(['group', 'apply', '-', '--detach', '--deadline', '600'], base);
    const { deploymentId } = begun.value;
    const shown = await gaia(['deployment', 'show', deploymentId]);
    assert.match(shown.stdout, /1 done +StartApplication +\/base\/db|1 now +StartApplication +\/base\/db/);
    assert.match(shown.stdout, /it fails at 20.*Z, if it has not ended by then/);
    const listed = await gaia(['deployment', 'list']);
    assert.match(listed.stdout, /DEADLINE +WAITING FOR\n.*\/base\/db .*Z +\/base\/db: 0 of 1/);
    const late = await json(['deployment', 'wait', deploymentId, '--timeout', '1']);
    assert.deepEqual([late.code, late.value.error.deploymentId], [5, deploymentId]);
  });
});
