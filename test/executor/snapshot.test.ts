import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { probeCriu, refuseCriu } from '../../executor/criu.js';
import { replicaConf } from '../../executor/replica-conf.js';
import { hook, replica, withDirectory } from './fixtures.js';

describe('executor: snapshots', () => {
  it('a hook is written down for the interposer, its words in hex', () => {
    const lines = replicaConf({ ...replica, snapshot: hook }, '0').split('\n');
    for (const line of [
      'snapshot_file=dump.rdb',
      `snapshot_send=${Buffer.from('SAVE\r\n').toString('hex')}`,
      `snapshot_expect=${Buffer.from('+OK\r\n').toString('hex')}`,
      'snapshot_log_bytes=16777216',
    ])
      assert.ok(lines.includes(line), line);
    assert.doesNotMatch(replicaConf(replica, '0'), /snapshot/);
  });
});

describe('executor: CRIU', () => {
  const withCriu = (script: string, use: (path: string) => Promise<void>) =>
    withDirectory(async (directory) => {
      writeFileSync(join(directory, 'criu'), `#!/bin/sh\n${script}\n`);
      chmodSync(join(directory, 'criu'), 0o755);
      await use(`${directory}:/usr/bin:/bin`);
    });

  it('is asked with its own check, whose first error is the reason', () =>
    withCriu(
      `[ "$*" = check ] || exit 9
       echo "Warn  (criu/kerndat.c:1103): no TCP repair" >&2
       echo "Error (criu/kerndat.c:1284): CRIU does not know this kernel" >&2
       echo "Error (criu/crtools.c:1): and so on" >&2
       exit 1`,
      async (path) => {
        const reason = 'Error (criu/kerndat.c:1284): CRIU does not know this kernel';
        assert.equal(await probeCriu(path), reason);
        await assert.rejects(refuseCriu(path), (error: Error) => {
          assert.ok(
            error.message.includes(`CRIU cannot be used on this host: ${reason}. Use provider hook or replay.`),
          );
          return true;
        });
      },
    ));

  it('is refused where it is not installed, and where its check passes', async () => {
    await withDirectory(async (empty) => {
      await assert.rejects(refuseCriu(empty), /cannot be used on this host: criu is not installed\. Use provider hook/);
    });
    await withCriu('echo Looks good.', async (path) => {
      assert.equal(await probeCriu(path), null);
      await assert.rejects(refuseCriu(path), /"criu check" passes on this host, but this version makes no images/);
    });
  });

  it('has said something else than an error: that, or how it ended, is the reason', async () => {
    await withCriu('echo "must be root" >&2; exit 1', async (path) => {
      assert.equal(await probeCriu(path), 'must be root');
    });
    await withCriu('exit 3', async (path) => assert.match((await probeCriu(path)) ?? '', /criu check/));
  });
});
