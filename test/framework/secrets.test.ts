import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AppSpec } from '../../framework/app.js';
import { openSecrets, secretBytesMax } from '../../framework/secrets.js';
import { toJson } from '../../framework/spec.js';
import { put, settled } from './model/running.js';
import { appSpec, World } from './model/world.js';
import { accept, reject, web } from './spec/bodies.js';

describe('secrets in files', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'gaia-secrets-'));
    mkdirSync(join(directory, 'in'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));
  const file = (name: string, text: string) => writeFileSync(join(directory, name), text);
  const read = (source: string) => openSecrets(join(directory, 'in')).read(source);
  const problem = (source: string) => {
    const found = read(source);
    return 'problem' in found ? found.problem : `none: ${found.value}`;
  };

  it('are what the file says now, without its last line end', () => {
    mkdirSync(join(directory, 'in/db'));
    file('in/db/password', 'swordfish\n');
    assert.deepEqual(read('db/password'), { value: 'swordfish' });
    file('in/db/password', 'a\nb');
    assert.deepEqual(read('db/password'), { value: 'a\nb' });
    symlinkSync('db/password', join(directory, 'in/link'));
    assert.deepEqual(read('link'), { value: 'a\nb' });
  });

  it('lie nowhere else', () => {
    file('outside', 'swordfish');
    symlinkSync('../outside', join(directory, 'in/link'));
    for (const source of ['link', '../outside']) assert.match(problem(source), /outside of the secrets directory/);
  });

  it('say what is wrong', () => {
    assert.match(problem('a'), /^there is no file .*\/in\/a: make it$/);
    file('in/big', 'x'.repeat(secretBytesMax + 1));
    assert.match(problem('big'), /has 122881 bytes; use at most 122880/);
    file('in/nul', 'a\0b');
    assert.match(problem('nul'), /NUL/);
    mkdirSync(join(directory, 'in/folder'));
    assert.match(problem('folder'), /it is no file/);
  });
});

describe('spec: secrets', () => {
  const withSecret = { ...web, env: { A: { secret: 's' } }, secrets: { s: { source: 'db/password' } } };

  it('are named, and come back as they are shown', () => {
    const app = accept(withSecret, { secrets: true });
    assert.deepEqual([app.env, app.secrets], [{ A: { secret: 's' } }, { s: { source: 'db/password' } }]);
    assert.deepEqual(accept(toJson(app), { secrets: true }), app);
  });

  it('are refused without a provider, and where their source is no path below a directory', () => {
    assert.match(reject(withSecret).body.details[0]?.errors.join(' ') ?? '', /not enabled .*--secrets-directory/);
    for (const source of ['../x', 'a/../b', '/etc/passwd', 'a//b', '.', 'a/..'])
      assert.equal(reject({ ...withSecret, secrets: { s: { source } } }, { secrets: true }).status, 422, source);
  });
});

describe('scheduler: secrets', () => {
  const app = (change: Partial<AppSpec> = {}) =>
    appSpec('/web', {
      instances: 1,
      env: { PASSWORD: { secret: 's' }, PLAIN: 'x' },
      secrets: { s: { source: 'db/password' } },
      ...change,
    });

  function waiting(): World {
    const world = new World();
    world.connect();
    world.command(put(app()));
    world.until(({ queue }) => queue.length > 0 && queue[0]?.sentence !== null);
    return world;
  }

  it('are waited for, with the reason, and given to the executor', () => {
    const world = waiting();
    assert.equal(world.mesos.tasks.size, 0);
    assert.equal(
      world.view().queue[0]?.sentence,
      'env PASSWORD needs the secret "db/password", but there is no db/password',
    );
    world.secrets.set('db/password', 'swordfish');
    world.until(settled);
    const [task] = world.mesos.tasks.values();
    assert.equal(task?.assignment.env.PASSWORD, 'swordfish');
    assert.equal(task?.assignment.env.PLAIN, 'x');
  });

  it('are read once a second for an app that waits for room, and again for its launch', () => {
    const world = new World();
    world.connect();
    world.secrets.set('db/password', 'swordfish');
    let reads = 0;
    const get = world.secrets.get.bind(world.secrets);
    world.secrets.get = (source) => {
      reads += 1;
      return get(source);
    };
    world.command(put(app({ cpus: 100 })));
    for (let i = 0; i < 50; i++) world.tick(100);
    assert.ok(reads > 0 && reads <= 7, `${reads} reads in 5 s`);
  });

  it('that are gone when there is room are waited for', () => {
    const world = new World();
    world.secrets.set('db/password', 'swordfish');
    world.connect();
    world.command(put(app()));
    world.secrets.clear();
    for (let i = 0; i < 20; i++) {
      world.tick(100);
      world.deliverAll();
    }
    assert.equal(world.mesos.tasks.size, 0);
    world.secrets.set('db/password', 'marlin');
    world.until(settled);
    assert.equal([...world.mesos.tasks.values()][0]?.assignment.env.PASSWORD, 'marlin');
  });

  it('are stored and told nowhere', () => {
    const world = waiting();
    world.secrets.set('db/password', 'swordfish');
    world.until(settled);
    const kept = JSON.stringify([world.view(), [...world.stored], world.published]);
    assert.equal(kept.includes('swordfish'), false);
    assert.equal(kept.includes('db/password'), true);
  });
});
