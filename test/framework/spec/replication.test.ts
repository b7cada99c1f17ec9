import assert from 'node:assert/strict';
import { toJson } from '../../../framework/spec.js';
import { accept, ledger, reject } from './bodies.js';

const hook = { provider: 'hook', send: 'SAVE\r\n', expect: '+OK\r\n', file: 'dump.rdb' };
const snapshot = (change: object) => ({ replication: { snapshot: { ...hook, ...change } } });

describe('spec: replication', () => {
  const refused: [string, object, string, RegExp][] = [
    ['ten replicas', { instances: 10 }, '/instances', /10; a replicated app has 1 to 9 replicas/],
    ['no replica', { instances: 0 }, '/instances', /to stop the app, remove it/],
    ['a width of none', { replication: { scatterWidth: 0 } }, '/replication/scatterWidth', /0.*1/],
    ['soon', { replication: { suspicionMs: 5 } }, '/replication/suspicionMs', /5.*50/],
    ['tape', { replication: { durability: 'tape' } }, '/replication/durability', /"tape"/],
    ['no port', { portDefinitions: [] }, '/portDefinitions', /needs a tcp port/],
    ['only udp', { portDefinitions: [{ protocol: 'udp' }] }, '/portDefinitions', /needs a tcp port/],
    ['misspelt field', { replication: { durabilty: 'memory' } }, '/replication/durabilty', /no such field/],
    ['host before rack', { replication: { spread: ['host', 'rack'] } }, '/replication/spread', /narrowest/],
    ['zone twice', { replication: { spread: ['zone', 'zone'] } }, '/replication/spread', /once/],
    [
      'a maximum of nothing',
      { replication: { spread: [{ domain: 'rack', maxPerDomain: 0, required: true }] } },
      '/replication/spread(0)/maxPerDomain',
      /is 0; use 1 or more/,
    ],
    [
      'a maximum that does not bind',
      { replication: { spread: [{ domain: 'rack', maxPerDomain: 2 }] } },
      '/replication/spread(0)/maxPerDomain',
      /is 2, but required is not true; set it, or leave maxPerDomain out/,
    ],
    [
      'a misspelt field of a rung',
      { replication: { spread: [{ domain: 'rack', max: 2 }] } },
      '/replication/spread(0)/max',
      /no such field; use domain, maxPerDomain and required/,
    ],
    [
      'rungs of one domain',
      { replication: { spread: ['rack', { domain: 'rack', required: true }] } },
      '/replication/spread',
      /once/,
    ],
    [
      'an unknown provider',
      snapshot({ provider: 'zfs' }),
      '/replication/snapshot/provider',
      /"zfs"; use one of replay/,
    ],
    ['an empty send', snapshot({ send: '' }), '/replication/snapshot/send', /at least 1 characters/],
    [
      'a file elsewhere',
      snapshot({ file: '../dump.rdb' }),
      '/replication/snapshot/file',
      /"\.\.\/dump\.rdb"; use the name of a file in/,
    ],
    [
      "GAIA's own file",
      snapshot({ file: '.gaia' }),
      '/replication/snapshot/file',
      /".gaia"; use the name of a file in/,
    ],
    ['a tiny log', snapshot({ logBytes: 1000 }), '/replication/snapshot/logBytes', /is 1000; use 16777216 or more/],
    [
      'a misspelt field of a hook',
      snapshot({ sent: 'SAVE' }),
      '/replication/snapshot/sent',
      /no such field; use provider, send/,
    ],
    [
      'a command for replay',
      snapshot({ provider: 'replay' }),
      '/replication/snapshot/send',
      /provider replay has no such field/,
    ],
    ['another way', { replication: { via: 'magic' } }, '/replication/via', /"magic"; use one of preload, gateway/],
    ['no comparison', { replication: { compareOutput: false } }, '/replication/compareOutput', /give via "gateway"/],
    [
      'snapshots behind a gateway',
      { replication: { via: 'gateway', snapshot: { provider: 'criu' } } },
      '/replication/snapshot/provider',
      /is "criu", but replicas behind a gateway join by replay/,
    ],
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

  it('refuses a snapshot that says too little, and what to say', () => {
    for (const [field, words] of [
      ['provider', /provider is missing; give one of replay, hook, criu/],
      ['send', /send is missing; give what makes the program write its file, such as "SAVE/],
      ['expect', /expect is missing; give how the reply/],
      ['file', /file is missing; give the file that the program writes and reads/],
    ] as const) {
      const { status, body } = reject({ ...ledger, ...snapshot({ [field]: undefined }) });
      assert.equal(status, 400);
      const detail = body.details.find(({ path }) => path === `/replication/snapshot/${field}`);
      assert.match(detail?.errors.join(' ') ?? '', words);
    }
  });

  it('refuses a rung that names no domain', () => {
    for (const [rung, path, words] of [
      [2, '/replication/spread(0)', /is 2; give a string: put it into quotes/],
      [{ required: true }, '/replication/spread(0)/domain', /domain is missing; give zone, rack, host or the name of/],
    ] as const) {
      const { status, body } = reject({ ...ledger, replication: { spread: [rung] } });
      assert.equal(status, 400);
      const detail = body.details.find((one) => one.path === path);
      assert.match(detail?.errors.join(' ') ?? '', words);
    }
  });

  it('has defaults', () => {
    const spread = ['zone', 'rack', 'host'];
    const expected = {
      protocol: 'apus',
      transport: 'auto',
      suspicionMs: 400,
      durability: 'memory',
      snapshot: { provider: 'replay' },
      spread,
    };
    const app = accept({ ...ledger, replication: {} });
    assert.deepEqual(app.replication, expected);
    assert.deepEqual(app.unreachableStrategy, { inactiveAfterSeconds: 60, expungeAfterSeconds: 600 });
  });

  it('takes rungs in either form, which come back as they were given', () => {
    const spread = ['zone', { domain: 'rack', maxPerDomain: 2, required: true }, { domain: 'host', required: false }];
    const app = accept({ ...ledger, replication: { spread } });
    assert.deepEqual(app.replication?.spread, spread);
    assert.deepEqual((toJson(app).replication as { spread: unknown }).spread, spread);
    assert.deepEqual(accept({ ...ledger, replication: app.replication }).replication, app.replication);
  });

  it('takes a gateway, which comes back as it was given; the default is not written down', () => {
    const replication = { via: 'gateway', compareOutput: false } as const;
    const app = accept({ ...ledger, replication });
    assert.equal(app.replication?.via, 'gateway');
    assert.equal(app.replication?.compareOutput, false);
    assert.deepEqual(accept({ ...ledger, replication: app.replication }).replication, app.replication);
    for (const plain of [{ via: 'preload' }, { via: 'preload', compareOutput: true }])
      assert.deepEqual(
        accept({ ...ledger, replication: plain }).replication,
        accept({ ...ledger, replication: {} }).replication,
      );
  });

  it('takes durability disk', () => {
    assert.equal(accept({ ...ledger, replication: { durability: 'disk' } }).replication?.durability, 'disk');
  });

  it('takes snapshots by a hook, which come back as they were given, and by criu', () => {
    const app = accept({ ...ledger, ...snapshot({}) });
    assert.deepEqual(app.replication?.snapshot, { ...hook, logBytes: 268_435_456 });
    const again = accept({ ...ledger, replication: app.replication });
    assert.deepEqual(again.replication, app.replication);
    const criu = accept({ ...ledger, replication: { snapshot: { provider: 'criu' } } });
    assert.deepEqual(criu.replication?.snapshot, { provider: 'criu' });
  });

  it('waits no longer for a replica that cannot be reached than it is told to', () => {
    const unreachableStrategy = { inactiveAfterSeconds: 5, expungeAfterSeconds: 5 };
    assert.deepEqual(accept({ ...ledger, unreachableStrategy }).unreachableStrategy, unreachableStrategy);
    assert.equal(accept({ ...ledger, unreachableStrategy: 'disabled' }).unreachableStrategy, 'disabled');
  });
});
