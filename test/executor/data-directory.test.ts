import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ReplicaAssignment } from '../../executor/assignment.js';
import {
  isCondemned,
  memberDirectory,
  prepareMemberDirectory,
  removeMemberDirectory,
} from '../../executor/data-directory.js';
import { replicaConf } from '../../executor/replica-conf.js';
import { replica, withDirectory } from './fixtures.js';

const diskReplica = (dataDirectory: string, change: Partial<ReplicaAssignment> = {}): ReplicaAssignment => ({
  ...replica,
  durability: 'disk',
  dataDirectory,
  ...change,
});

describe('executor: what a member keeps', () => {
  it('lies in a folder of its own outside of the sandbox, named in replica.conf', () =>
    withDirectory((base) => {
      const directory = join(base, '_demo_ledger@1', '0-1');
      assert.equal(memberDirectory(diskReplica(base)), directory);
      assert.match(replicaConf(diskReplica(base), '0'), new RegExp(`^durability=disk\njournal=${directory}$`, 'm'));
      assert.match(replicaConf(replica, '0'), /^durability=memory\njournal=\.gaia\/journal$/m);
    }));

  it('is found again by the member that returns, and by no other', () =>
    withDirectory((base) => {
      const founder = diskReplica(base);
      prepareMemberDirectory(founder, null);
      const kept = join(memberDirectory(founder) as string, 'kept');
      writeFileSync(kept, 'x');
      prepareMemberDirectory({ ...founder, returns: true }, null);
      assert.ok(existsSync(kept));
      prepareMemberDirectory(founder, null);
      assert.ok(!existsSync(kept));
    }));

  it('refuses a member whose folder is gone, in words', () =>
    withDirectory((base) => {
      assert.throws(
        () => prepareMemberDirectory(diskReplica(base, { returns: true }), null),
        /member 1 kept in .*0-1 is gone/,
      );
    }));

  it('is of no use any more when it says so', () =>
    withDirectory((base) => {
      const founder = diskReplica(base);
      prepareMemberDirectory(founder, null);
      assert.equal(isCondemned(founder), false);
      writeFileSync(join(memberDirectory(founder) as string, 'condemned'), '');
      assert.equal(isCondemned(founder), true);
      assert.equal(isCondemned(replica), false);
    }));

  it('goes with the member, and with the one that takes its place', () =>
    withDirectory((base) => {
      const next = diskReplica(base, { self: { ...replica.self, member: 7 } });
      const other = join(base, '_demo_ledger@1', '1-2');
      for (const directory of [memberDirectory(diskReplica(base)) as string, other])
        mkdirSync(directory, { recursive: true });
      prepareMemberDirectory(next, null);
      assert.deepEqual(readdirSync(join(base, '_demo_ledger@1')).sort(), ['0-7', '1-2']);
      removeMemberDirectory(next);
      assert.deepEqual(readdirSync(join(base, '_demo_ledger@1')), ['1-2']);
      removeMemberDirectory(diskReplica(base, { self: { ...replica.self, slot: 1, member: 2 } }));
      assert.deepEqual(readdirSync(base), []);
    }));
});
