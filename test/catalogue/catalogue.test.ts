import assert from 'node:assert/strict';
import { parse } from '../../framework/spec.js';
import { clients } from './clients/index.js';
import { entryNames, programNames, readEntry } from './entry.js';
import { tell } from './story.js';
import { wires } from './wires/index.js';

const known = ['package', 'tested', 'equality', 'limits'];

describe('the catalogue of programs', () => {
  it('has a client for each of its files, and a wire for those that replicas run as a process', () => {
    assert.deepEqual(entryNames(), Object.keys(clients).sort());
    assert.deepEqual(programNames(), Object.keys(wires).sort());
  });

  for (const name of entryNames()) {
    it(`has a spec for ${name} that can be posted, and says what is known of it`, () => {
      const { name: _, ...spec } = readEntry(name);
      const result = parse(spec, { mode: 'create', existing: null, version: '2026-01-01T00:00:00.000Z' });
      assert.ok(result.ok, JSON.stringify(result));
      assert.deepEqual(result.ignored, []);
      const unknown = Object.keys(spec.labels).filter((label) => !known.includes(label));
      assert.deepEqual(unknown, []);
      assert.match(spec.labels.equality, /^(exact|checked|gateway|vm)$/);
      assert.match(spec.labels.tested, /^\d+\.\d+/);
    });
  }
});

/** The others are in `npm run test:catalogue`, which installs them. */
for (const name of ['mosquitto', 'redis-server']) {
  describe(`${name} of the catalogue`, () => {
    it('has what was acknowledged on all replicas when its leader is killed and replaced while it works', async () => {
      await tell(readEntry(name), clients[name] as (typeof clients)[string], { seed: 1, writes: 10 });
    }).timeout(180_000);
  });
}
