import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Assignment } from '../../executor/assignment.js';
import { inspectExecutable } from '../../executor/executable.js';
import { ownerOf } from '../../executor/owner.js';
import { journalStartBytes, preflight, programName } from '../../executor/preflight.js';
import { paddedPath, pathBytes, prepareWorkplace } from '../../executor/workplace.js';
import { assignment, replica, withDirectory } from './fixtures.js';

const path = '/usr/bin:/bin';

function check(sandbox: string, command: Assignment['command'], replicated = true, interposer = '/bin/sh'): void {
  preflight({ assignment: assignment({ command, replica: replicated ? replica : null }), sandbox, path, interposer });
}

function script(file: string, text: string, mode = 0o755): string {
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

describe('executor preflight: the program', () => {
  it('is found in a simple command and left to the shell in others', () => {
    for (const [shell, name] of [
      ["exec redis-server --port $PORT0 --save ''", 'redis-server'],
      ['redis-server --port 1', 'redis-server'],
      ['  LANG=C A=b exec ./bin/server', './bin/server'],
      ['cd data && exec redis-server', null],
      ['redis-server | tee log', null],
      ['$SERVER --port 1', null],
      ['"my server"', null],
      ['export A=1; ./server', null],
      ['', null],
    ] as const) {
      assert.equal(programName({ shell }), name, shell);
    }
    assert.equal(programName({ argv: ['/usr/bin/redis-server', '--port', '1'] }), '/usr/bin/redis-server');
  });

  it('must exist: the refusal names program, PATH and remedy', () =>
    withDirectory((sandbox) => {
      const wanted = /The program "redis-serverr" was not found in PATH \(\/usr\/bin:\/bin\): install it on this host/;
      for (const replicated of [true, false]) {
        assert.throws(() => check(sandbox, { shell: 'exec redis-serverr --port 1' }, replicated), wanted);
        assert.throws(() => check(sandbox, { argv: ['redis-serverr'] }, replicated), wanted);
      }
      assert.throws(() => check(sandbox, { shell: './server' }), /"\.\/server" was not found at \/tmp/);
    }));

  it('must be executable', () =>
    withDirectory((sandbox) => {
      script(join(sandbox, 'server'), '#!/bin/sh\n', 0o644);
      assert.throws(() => check(sandbox, { shell: './server' }), /server is not executable: set its mode/);
    }));

  it('must be dynamic when it is to be replicated: a static program is refused with a sentence', () =>
    withDirectory((sandbox) => {
      const source = script(join(sandbox, 'server.c'), 'int main(void) { return 0; }');
      const build = (...flags: string[]) => execFileSync('gcc', [...flags, '-o', join(sandbox, 'server'), source]);
      const refusal =
        /cannot be preloaded: it is statically linked\. Replicate it behind a gateway \("via": "gateway" in "replication"\)/;
      build('-static');
      assert.throws(() => check(sandbox, { shell: 'exec ./server' }), refusal);
      assert.throws(() => check(sandbox, { argv: ['./server'] }), refusal);
      check(sandbox, { shell: 'exec ./server' }, false);
      build('-static-pie');
      assert.throws(() => check(sandbox, { shell: 'exec ./server' }), refusal);
      build();
      check(sandbox, { shell: 'exec ./server' });
    }));

  it('must not be setuid, of another machine, or neither ELF nor script', () =>
    withDirectory((sandbox) => {
      const server = join(sandbox, 'server');
      copyFileSync('/bin/sh', server);
      chmodSync(server, 0o4755);
      assert.throws(
        () => check(sandbox, { shell: './server' }),
        /setuid or setgid, and such programs ignore LD_PRELOAD/,
      );

      const foreign = readFileSync('/bin/sh');
      foreign.writeUInt16LE(0xf3, 18);
      script(server, '');
      writeFileSync(server, foreign);
      assert.throws(() => check(sandbox, { shell: './server' }), /another machine \(ELF machine 243, 64 bits/);

      for (const garbage of ['hello', '', '\x7fELF', `\x7fELF\x02\x01${'\0'.repeat(10)}${'\xff'.repeat(100)}`]) {
        writeFileSync(server, garbage, 'latin1');
        assert.throws(() => check(sandbox, { shell: './server' }), /cannot be preloaded/, JSON.stringify(garbage));
      }
    }));

  it('may be a script: its interpreter is looked at instead, also behind env', () =>
    withDirectory((sandbox) => {
      const server = join(sandbox, 'server');
      script(server, '#!/bin/sh\nexec redis-server\n');
      check(sandbox, { shell: './server' });
      script(server, '#!/usr/bin/env no-such-interpreter\n');
      assert.throws(() => check(sandbox, { shell: './server' }), /"no-such-interpreter" was not found/);
      script(server, `#!${server}\n`);
      check(sandbox, { shell: './server' });
    }));

  it('this very interpreter is a dynamic ELF program', () => {
    const found = inspectExecutable(process.execPath);
    assert.ok(found.kind === 'elf' && found.dynamic && !found.setsId);
  });
});

describe('executor preflight: the host', () => {
  it('needs the interposer library for a replica, and says how to make it', () =>
    withDirectory((sandbox) => {
      const missing = join(sandbox, 'libgaia-interpose.so');
      assert.throws(
        () => check(sandbox, { shell: 'sleep 1' }, true, missing),
        /libgaia-interpose\.so does not exist .* "npm run build"/,
      );
      check(sandbox, { shell: 'sleep 1' }, false, missing);
    }));

  it('needs room for the first segment of the journal, with numbers', async function () {
    await withDirectory((sandbox) => {
      const small = join(sandbox, 'small');
      mkdirSync(small);
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'none', small], { stdio: 'ignore' });
      } catch {
        this.skip(); // only root may mount
      }
      try {
        const refusal =
          /has 16 MiB free, and a replica's journal needs 128 MiB to start \(missing: 112 MiB\): free space/;
        assert.throws(() => check(small, { shell: 'sleep 1' }), refusal);
        check(small, { shell: 'sleep 1' }, false);
      } finally {
        execFileSync('umount', [small]);
      }
    });
    assert.equal(journalStartBytes, 134_217_728);
  });

  it('needs the user, and root to become it', () => {
    assert.equal(ownerOf(null), null);
    if (process.getuid?.() !== 0) return assert.throws(() => ownerOf('daemon'), /only root can change the user/);
    assert.deepEqual(ownerOf('root'), null);
    assert.deepEqual(ownerOf('daemon'), { uid: 1, gid: 1 });
    assert.throws(() => ownerOf('gaia-no-such-user'), /"gaia-no-such-user" does not exist on this host/);
  });
});

describe('executor workplace', () => {
  it('has a path of the same length in every sandbox', () => {
    for (let length = 1; length <= pathBytes - 2; length++) {
      const sandbox = `/${'s'.repeat(length - 1)}`;
      const components = paddedPath(sandbox).split('/');
      assert.equal(`${sandbox}/${components.join('/')}`.length, pathBytes);
      assert.ok(components.every((component) => component.length >= 1 && component.length <= 255));
    }
    assert.throws(() => paddedPath(`/${'s'.repeat(pathBytes)}`), /has 513 bytes and must have at most 510/);
  });

  it('holds configuration (for the owner only), journal, library and links to what was fetched', () =>
    withDirectory((sandbox) => {
      writeFileSync(join(sandbox, 'redis.conf'), 'save ""');
      for (const log of ['stdout', 'stderr', 'executor.log']) writeFileSync(join(sandbox, log), '');
      symlinkSync(sandbox, `${sandbox}/alias`);
      const owner = process.getuid?.() === 0 ? { uid: 1, gid: 1 } : null;
      const directory = prepareWorkplace({
        sandbox: join(sandbox, 'alias'),
        replica,
        interposer: '/bin/sh',
        owner,
        trace: '1',
      });
      assert.equal(realpathSync(directory), directory);
      assert.deepEqual(readdirSync(directory).sort(), ['.gaia', 'alias', 'redis.conf']);
      assert.equal(directory.length, pathBytes);
      assert.equal(readFileSync(join(directory, 'redis.conf'), 'utf8'), 'save ""');
      assert.ok(statSync(join(directory, '.gaia/journal')).isDirectory());
      assert.deepEqual(readFileSync(join(directory, '.gaia/libgaia-interpose.so')), readFileSync('/bin/sh'));
      const conf = statSync(join(directory, '.gaia/replica.conf'));
      assert.equal(conf.mode & 0o777, 0o600);
      if (owner !== null) assert.equal(conf.uid, owner.uid);
      assert.deepEqual(readFileSync(join(directory, '.gaia/replica.conf'), 'utf8').split('\n'), [
        'group=/demo/ledger@1',
        `secret=${'ab'.repeat(32)}`,
        `seed=${'cd'.repeat(32)}`,
        'epoch_ms=1790000000000',
        'join=0',
        'transport=auto',
        'suspicion_ms=400',
        'self=0,1,127.0.0.1,31000,31001',
        'peer=1,2,127.0.0.1,31010,31011',
        'peer=2,3,127.0.0.1,31020,31021',
        'durability=memory',
        'journal=.gaia/journal',
        'journal_bytes_max=8589934592',
        'trace=1',
        '',
      ]);
      const again = () => prepareWorkplace({ sandbox, replica, interposer: '/bin/sh', owner, trace: '0' });
      assert.throws(again, /EEXIST/, "a second member never gets the first one's place");
    }));
});
