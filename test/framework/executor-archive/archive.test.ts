import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { openArchive } from '../../../framework/executor-archive/archive.js';
import { contentsOf, type Entry, importsOf } from '../../../framework/executor-archive/contents.js';
import { pack } from '../../../framework/executor-archive/pack.js';
import { executorStart } from '../../../framework/executor-archive/start.js';
import { installation } from '../../../framework/installation.js';

let directory: string;
const at = (...names: string[]) => join(directory, ...names);

beforeEach(() => {
  // Memory, where there is: a directory is listed there in the order in which it was filled.
  directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'gaia-archive-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** An installation in small, with a "node" that tells how it was started. */
function smallTree(name: string, files: string[]): Entry[] {
  mkdirSync(at(name, 'code'), { recursive: true });
  for (const file of files) writeFileSync(at(name, 'code', file), `// ${file}`);
  writeFileSync(at(name, 'node'), '#!/bin/sh\necho "$0 $*"; echo "$LD_LIBRARY_PATH"\n');
  chmodSync(at(name, 'node'), 0o755);
  return [
    { name: 'bin/node', source: at(name, 'node') },
    { name: 'dist/executor', source: at(name, 'code') },
  ];
}

describe('the archive of the executor', () => {
  it('has the same bytes for the same contents, whenever and in whatever order they were made', () => {
    const first = smallTree('first', ['main.js', 'other.js']);
    const second = smallTree('second', ['other.js', 'main.js']);
    utimesSync(at('second', 'code', 'main.js'), 1, 1);
    chmodSync(at('second', 'code', 'main.js'), 0o600);
    writeFileSync(at('first', 'code', 'same.js'), '// main.js');
    linkSync(at('second', 'code', 'main.js'), at('second', 'code', 'same.js'));
    pack(first, at('first.tar.gz'));
    pack(second, at('second.tar.gz'));
    assert.ok(readFileSync(at('first.tar.gz')).equals(readFileSync(at('second.tar.gz'))));
    writeFileSync(at('second', 'code', 'main.js'), '// other');
    pack(second, at('second.tar.gz'));
    assert.ok(!readFileSync(at('first.tar.gz')).equals(readFileSync(at('second.tar.gz'))));
  });

  it('holds all that the executor imports, and nothing of the scheduler', () => {
    const names = contentsOf(installation.root, process.execPath).map(({ name }) => name);
    for (const name of ['bin/node', 'package.json', 'build/native/libgaia-interpose.so', 'build/native/gaia-vm'])
      assert.ok(names.includes(name), name);
    for (const name of ['dist/executor/vm/member.js', 'dist/framework/mesos-http-client/executor-client.js'])
      assert.ok(names.includes(name), name);
    for (const name of ['node_modules/pino', 'node_modules/sonic-boom', 'node_modules/undici'])
      assert.ok(names.includes(name), name);
    assert.deepEqual(
      names.filter((name) => /framework\/scheduler|fastify|lmdb|libc\.so/.test(name)),
      [],
    );
    assert.throws(() => contentsOf(directory, process.execPath), /main\.js is missing: run "npm run build" first/);
  });

  it('finds imports of all forms', () => {
    const code = `import a from './a.js';\nimport { b,\n c } from "b/c.js";\nimport './d.js';\nexport * from './e.js';\nconst from = 'no';`;
    assert.deepEqual(importsOf(code), ['./a.js', 'b/c.js', './d.js', './e.js']);
  });

  it('stays what it is when the file is replaced, and is asked for by its option', async () => {
    writeFileSync(at('file'), 'one');
    const archive = await openArchive(at('file'));
    writeFileSync(at('new'), 'two!');
    renameSync(at('new'), at('file'));
    assert.deepEqual([await text(archive.read()), await text(archive.read()), archive.bytes], ['one', 'one', 3]);
    assert.equal(archive.sha256, createHash('sha256').update('one').digest('hex'));
    await assert.rejects(openArchive(at('none')), /--executor-archive .*none cannot be read: ENOENT.*package:executor/);
  });
});

describe('the command that starts an executor', () => {
  async function start(change: (file: string) => void) {
    pack(smallTree('tree', ['main.js']), at('archive'));
    const { executorCommand, executorUris } = executorStart(
      '',
      await openArchive(at('archive')),
      'http://10.0.0.1:8080',
    );
    mkdirSync(at('sandbox'));
    const file = at('sandbox', executorUris[0]?.output_file as string);
    renameSync(at('archive'), file);
    change(file);
    return spawnSync('/bin/sh', ['-c', executorCommand], { cwd: at('sandbox'), encoding: 'utf8' });
  }

  it('checks, unpacks, and starts Node with the libraries that came along', async () => {
    const { status, stdout, stderr } = await start(() => undefined);
    const libraries = at('sandbox', '.gaia-executor/lib');
    const started = '.gaia-executor/bin/node .gaia-executor/dist/executor/main.js';
    assert.deepEqual([status, stdout, stderr], [0, `${started}\n${libraries}\n`, '']);
  });

  it('refuses another archive in a sentence, and unpacks nothing of it', async () => {
    pack(smallTree('evil', ['evil.js']), at('evil.tar.gz'));
    const { status, stdout, stderr } = await start((file) => renameSync(at('evil.tar.gz'), file));
    assert.deepEqual([status, stdout], [1, '']);
    assert.match(
      stderr,
      /executor does not start: .*http:\/\/10\.0\.0\.1:8080\/v1\/executor\/[0-9a-f]{64}\.tar\.gz is not/,
    );
    assert.throws(() => readFileSync(at('sandbox', '.gaia-executor', 'bin', 'node')), /ENOENT/);
  });

  it('is the given one where there is no archive', () => {
    assert.deepEqual(executorStart('exec x', null, ''), { executorCommand: 'exec x', executorUris: [] });
  });
});
