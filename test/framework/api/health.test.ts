import assert from 'node:assert/strict';
import { stepSecondsMax, writingSecondsMax } from '../../../framework/api/health.js';
import { buildWith, call, freshApi, ledger, put, service, web } from './harness.js';

const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

describe('api: health', () => {
  freshApi();
  const health = () => call('GET', '/health');

  it('is ok with a master and a store that answers, and says how both are', async () => {
    service.told = { ...service.told, masterHeardAt: new Date(Date.now() - 7000).toISOString() };
    buildWith({ executorArchive: { sha256: 'ab', bytes: 7, read: () => assert.fail() } });
    const { status, body } = await health();
    assert.deepEqual([status, body.status, body.reasons, body.warnings], [200, 'ok', [], []]);
    assert.ok(body.master.heardSecondsAgo >= 7 && body.master.heardSecondsAgo < 60);
    assert.deepEqual(body.executorArchive, { sha256: 'ab', bytes: 7 });
    assert.deepEqual(body.store, { lastWriteAt: null, writingSeconds: null });
  });

  it('is not without a master, and says since when', async () => {
    service.master = { connected: false, address: null, since: minutesAgo(3) };
    const { status, body } = await health();
    assert.deepEqual([status, body.status, body.reasons[0].check], [503, 'no master', 'master']);
    assert.ok(body.reasons[0].sentence.includes(service.master.since));
    assert.equal((await call('GET', '/ping')).status, 200);
  });

  it('is not while a write of the store hangs', async () => {
    const writing = (writingSeconds: number) => {
      service.told = { ...service.told, store: { ...service.told.store, writingSeconds } };
      return health();
    };
    assert.equal((await writing(writingSecondsMax - 1)).status, 200);
    const { status, body } = await writing(writingSecondsMax);
    assert.deepEqual([status, body.status, body.reasons[0].check], [503, 'store hangs', 'store']);
  });

  it('warns of deployments that do not move, and of groups without a majority', async () => {
    await put(web, ledger);
    service.viewsPerDeployment = 1000;
    await call('POST', '/v2/apps/shop/web/restart');
    const [deployment] = service.view().deployments;
    const later = async (seconds: number) => {
      buildWith({ now: () => Date.parse(deployment?.stepSince ?? '') + seconds * 1000 });
      return (await health()).body;
    };
    assert.deepEqual((await later(stepSecondsMax - 1)).warnings, []);
    service.change('/demo/ledger', ({ group }) => Object.assign(group as object, { state: 'noQuorum' }));
    const { warnings, deploymentsStuck, status } = await later(stepSecondsMax);
    assert.deepEqual(
      [warnings.map(({ check }: { check: string }) => check), status],
      [['deployments', 'groups'], 'ok'],
    );
    assert.ok(warnings[0].sentence.includes(deployment?.waitingFor));
    assert.match(warnings[1].sentence, /\/demo\/ledger \(needs 2 of 3\)/);
    assert.equal(deploymentsStuck, 1);
  });
});
