import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addAccount, readUsers } from '../../../framework/access/file.js';
import { hashToken } from '../../../framework/access/hash.js';
import { type Account, covers, parseUsers, type Role } from '../../../framework/access/users.js';
import { isLoopback } from '../../../framework/ip-addresses.js';

const hash = hashToken('x');
const account = (name: string, role: Role, ...paths: string[]): Account => ({ name, role, paths, hash });

describe('users', () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'gaia-users-'));
  });
  after(() => rm(directory, { recursive: true }));

  it('are read as they were written, into a file for its owner only', async () => {
    const file = join(directory, 'users');
    const all = [
      account('ada', 'admin'),
      account('d.o-ra@x', 'deployer', '/team', '/other/part'),
      account('v', 'viewer'),
    ];
    for (const one of all) await addAccount(file, one);
    assert.deepEqual(await readUsers(file), all);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    const before = await readFile(file, 'utf8');
    await assert.rejects(addAccount(file, account('ada', 'viewer')), /ada, token, twice/);
    assert.equal(await readFile(file, 'utf8'), before);
    await assert.rejects(readUsers(join(directory, 'none')), /none cannot be read: ENOENT/);
  });

  it('are refused with the line and what to do, without what may be a password', () => {
    for (const [line, why] of [
      ['ada admin hunter2', /f, line 2: it is not NAME ROLE HASH; have it made by "gaia user add"$/],
      [`ada admin ${hash} more`, /line 2: it is not/],
      [`ada root ${hash}`, /the role is 'root'; use viewer, deployer, admin/],
      [`ada deployer ${hash}`, /has 0 paths/],
      [`ada admin:/x ${hash}`, /has 1 paths/],
      [`ada deployer:team ${hash}`, /the path is 'team'/],
      [`ada deployer:/team/../x ${hash}`, /the path is/],
      [`ada deployer:/team/ ${hash}`, /the path is/],
      [`a:da admin ${hash}`, /the name is 'a:da'/],
      ['', /names nobody/],
    ] as const)
      assert.throws(() => parseUsers(`# who\n${line}\n`, 'f'), why, line);
  });

  it('cover what is below a path, not what begins like it', () => {
    const dora = account('dora', 'deployer', '/team');
    const ids = ['/team', '/team/web', '/teamx', '/', '/other/team'];
    assert.deepEqual(
      ids.map((id) => covers(dora, id)),
      [true, true, false, false, false],
    );
    assert.ok(covers(account('root', 'deployer', '/'), '/teamx'));
    assert.ok(!covers(account('v', 'viewer'), '/team'));
  });

  it('are not needed on loopback alone', () => {
    const hosts = ['127.0.0.1', '127.8.9.1', '::1', 'localhost', '0.0.0.0', '::', '10.0.0.1', 'example', '128.0.0.1'];
    assert.deepEqual(hosts.map(isLoopback), [true, true, true, true, false, false, false, false, false]);
  });
});
