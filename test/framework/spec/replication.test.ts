import assert from 'node:assert/strict';
import { accept, ledger, reject } from './bodies.js';

describe('spec: replication', () => {
  const refused: [string, object, string, RegExp][] = [
    ['ten replicas', { instances: 10 }, '/instances', /10; a replicated app has 1 to 9 replicas/],
    ['no replica', { instances: 0 }, '/instances', /to stop the app, remove it/],
    ['tape', { replication: { durability: 'tape' } }, '/replication/durability', /"tape"/],
    ['no port', { portDefinitions: [] }, '/portDefinitions', /needs a tcp port/],
    ['only udp', { portDefinitions: [{ protocol: 'udp' }] }, '/portDefinitions', /needs a tcp port/],
    ['misspelt field', { replication: { durabilty: 'memory' } }, '/replication/durabilty', /no such field/],
    ['host before rack', { replication: { spread: ['host', 'rack'] } }, '/replication/spread', /narrowest/],
    ['zone twice', { replication: { spread: ['zone', 'zone'] } }, '/replication/spread', /once/],
    ['own preload', { env: { LD_PRELOAD: '/x.so' } }, '/env/LD_PRELOAD', /belongs to the replication/],
  ];
  for (const [name, change, path, sentence] of refused) {
    it(`refuses ${name}`, () => {
      const { status, body } = reject({ ...ledger, ...change });
      assert.equal(status, 422);
      assert.equal(body.details[0]?.path, path);
      assert.match(body.details[0]?.errors.join(' ') ?? '', sentence);
    });
  }

  it('has defaults', () => {
    const spread = ['zone', 'rack', 'host'];
    const expected = { protocol: 'apus', transport: 'auto', durability: 'memory', spread };
    const app = accept({ ...ledger, replication: {} });
    assert.deepEqual(app.replication, expected);
    assert.deepEqual(app.unreachableStrategy, { inactiveAfterSeconds: 60, expungeAfterSeconds: 600 });
  });

  it('takes durability disk', () => {
    assert.equal(accept({ ...ledger, replication: { durability: 'disk' } }).replication?.durability, 'disk');
  });

  it('waits no longer for a replica that cannot be reached than it is told to', () => {
    const unreachableStrategy = { inactiveAfterSeconds: 5, expungeAfterSeconds: 5 };
    assert.deepEqual(accept({ ...ledger, unreachableStrategy }).unreachableStrategy, unreachableStrategy);
    assert.equal(accept({ ...ledger, unreachableStrategy: 'disabled' }).unreachableStrategy, 'disabled');
  });
});
