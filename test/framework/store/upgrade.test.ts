/** What earlier versions have written is taken over, by the real program. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import _ from 'lodash';
import { installation } from '../../../framework/installation.js';
import { FrameworkProcess } from '../../framework-process.js';

const fixtures = fileURLToPath(new URL('../../../../test/framework/store/fixtures', import.meta.url));
const versions = readdirSync(fixtures).filter((name) => /^\d/.test(name));

/** As far as `before` says it. */
function within(now: any, before: any): unknown {
  if (!_.isPlainObject(now) || !_.isPlainObject(before)) return now;
  return _.mapValues(before, (value, key) => within(now[key], value));
}

for (const version of versions) {
  describe(`the store of version ${version}, opened by ${installation.version}`, function () {
    this.timeout(40_000);
    const told = JSON.parse(readFileSync(join(fixtures, version, 'answers.json'), 'utf8'));
    let directory: string;
    let framework: FrameworkProcess;
    const get = async (path: string) => (await fetch(`${framework.url}${path}`)).json() as Promise<any>;
    const byId = (list: object[]) => _.sortBy(list, 'id');

    before(async () => {
      directory = mkdtempSync(join(tmpdir(), 'gaia-upgrade-'));
      mkdirSync(join(directory, 'store'), { mode: 0o700 });
      writeFileSync(
        join(directory, 'store/state.mdb'),
        gunzipSync(readFileSync(join(fixtures, version, 'state.mdb.gz'))),
      );
      // No master: what is shown is what was kept.
      framework = await new FrameworkProcess(['--master', '127.0.0.1:1', '--store', join(directory, 'store')]).ready(
        30_000,
      );
    });
    after(() => {
      framework?.process.kill('SIGKILL');
      rmSync(directory, { recursive: true, force: true });
    });

    it('keeps the id by which Mesos knows the framework and its tasks', async () => {
      assert.equal((await get('/v2/info')).frameworkId, told.frameworkId);
    });

    it('keeps apps, what they need, and their versions', async () => {
      const { apps } = await get('/v2/apps');
      assert.equal(apps.length, told.apps.length);
      for (const [now, before] of _.zip(byId(apps), byId(told.apps))) assert.deepEqual(within(now, before), before);
      for (const { id, version: of } of told.apps)
        assert.ok((await get(`/v2/apps/${id}/versions`)).versions.includes(of), id);
    });

    it('keeps tasks with their agents, ports and volumes', async () => {
      const { tasks } = await get('/v2/tasks');
      assert.equal(tasks.length, told.tasks.length);
      for (const [now, before] of _.zip(byId(tasks), byId(told.tasks))) assert.deepEqual(within(now, before), before);
    });

    it('goes on with deployments and drains', async () => {
      const deployments = byId(await get('/v2/deployments'));
      assert.equal(deployments.length, told.deployments.length);
      for (const [now, before] of _.zip(deployments, byId(told.deployments)))
        assert.deepEqual(within(now, before), before);
      const { drains } = await get('/v2/placement/drains');
      assert.deepEqual(
        drains.map((drain: object) => within(drain, told.drains[0])),
        told.drains,
      );
    });

    it('keeps app groups, and how the tree was before each change', async () => {
      const now = await get('/v2/groups');
      assert.deepEqual(_.map(now.groups, 'id'), _.map(told.groups.groups, 'id'));
      const before = await get('/v2/groups/versions');
      assert.ok(before.includes(told.groups.version), `${before}`);
    });
  });
}
