/** What `vagrant up` is given: descriptions that hold together, and scripts that a shell understands. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { join } from 'node:path';
import { installation } from '../../framework/installation.js';
import type { Machine } from './machines.js';

const folder = join(installation.root, 'vagrant');
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));

describe('the cluster of virtual machines', () => {
  for (const file of files)
    it(`${file} describes machines that make a cluster`, () => {
      const { machines } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { machines: Machine[] };
      const withRole = (role: string) => machines.filter(({ roles }) => roles.includes(role));
      assert.equal(new Set(machines.map(({ name }) => name)).size, machines.length);
      assert.equal(new Set(machines.map(({ address }) => address)).size, machines.length);
      assert.ok(machines.every(({ address }) => isIPv4(address) && address.startsWith('10.78.0.')));
      for (const voting of ['zookeeper', 'master']) assert.equal(withRole(voting).length % 2, 1, voting);
      assert.equal(withRole('framework').length, 3);
      const agents = withRole('agent');
      assert.ok(agents.length >= 4, 'one more than the replicas of a group, for one to be replaced');
      assert.ok(new Set(agents.map(({ rack }) => rack)).size >= 3 && agents.every(({ rack }) => rack));
      assert.equal(new Set(agents.map(({ zone }) => zone)).size, 2);
    });

  it('its scripts are understood by a shell', () => {
    const scripts = ['box.sh', 'prepare.sh', 'provision.sh', 'guest/set-up.sh'].map((name) => join(folder, name));
    for (const script of [...scripts, join(installation.root, 'test/vagrant/libvirt.sh')])
      assert.equal(spawnSync('bash', ['-n', script], { encoding: 'utf8' }).stderr, '');
  });

  it('the box is named by what makes it, and nothing is made to say so', () => {
    const name = execFileSync(join(folder, 'box.sh'), ['--directory'], { encoding: 'utf8' });
    assert.match(name, /\/build\/vagrant\/box-[0-9a-f]{12}\n$/);
  });
});
