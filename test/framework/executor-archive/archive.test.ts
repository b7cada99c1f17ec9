import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { on, once } from 'node:events';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { archiveBytesMax, openArchive } from '../../../framework/executor-archive/archive.js';
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
    const ended = archive.read();
    await once(ended, 'readable');
    ended.destroy();
    await once(ended, 'close');
    assert.equal(await text(archive.read()), 'one', 'who ends early ends nobody else');
    const late = archive.read(AbortSignal.timeout(20));
    await assert.rejects(once(late, 'end', { signal: AbortSignal.timeout(5000) }), { name: 'AbortError' });
    await archive.close();
    await assert.rejects(text(archive.read()), { code: 'EBADF' });
    truncateSync(at('file'), archiveBytesMax + 1);
    await assert.rejects(openArchive(at('file')), /has 268435457 bytes, more than 268435456/);
    await assert.rejects(openArchive(at('none')), /--executor-archive .*none cannot be read: ENOENT.*package:executor/);
    await assert.rejects(openArchive(directory), /cannot be read: EISDIR/);
    const open = readdirSync('/proc/self/fd').map((fd) =>
      existsSync(`/proc/self/fd/${fd}`) ? readlinkSync(`/proc/self/fd/${fd}`) : '',
    );
    assert.ok(!open.includes(directory), 'what is refused is closed');
  });
});

describe('the command that starts an executor', () => {
  let sandboxes = 0;
  const holders: ChildProcess[] = [];
  afterEach(() => {
    for (const holder of holders.splice(0)) holder.kill('SIGKILL');
  });

  /** In a new sandbox, of an archive with this content; `change` is told where it has been fetched to. */
  function start(content = 'main.js', change: (file: string) => void = () => undefined) {
    const { command, sandbox } = fetched(content);
    change(join(sandbox, '.gaia-executor.tar.gz'));
    const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', command], { cwd: sandbox, encoding: 'utf8' });
    return { status, stdout, stderr, sandbox, left: readdirSync(sandbox) };
  }

  function fetched(content: string): { command: string; sandbox: string; copy: string } {
    const file = at(`${content}.tar.gz`);
    pack(smallTree(`tree-${content}`, ['main.js', content]), file);
    const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
    const { executorCommand, executorUris } = executorStart('', { sha256 }, 'http://10.0.0.1:8080', at('shared'));
    sandboxes += 1;
    const sandbox = at(`sandbox-${sandboxes}`);
    mkdirSync(sandbox);
    copyFileSync(file, join(sandbox, executorUris[0]?.output_file as string));
    return { command: executorCommand, sandbox, copy: at('shared', sha256) };
  }

  const startedFrom = (home: string) => `${home}/bin/node ${home}/dist/executor/main.js\n`;
  const copies = () => readdirSync(at('shared')).filter((name) => name !== '.lock');

  it('checks, unpacks for all tasks of the agent, and starts Node with the libraries that came along', () => {
    const { copy } = fetched('main.js');
    const first = start();
    assert.deepEqual([first.status, first.stdout, first.stderr], [0, `${startedFrom(copy)}${copy}/lib\n`, '']);
    assert.deepEqual([first.left, copies()], [[], [basename(copy)]]);
    const { ino } = statSync(copy);
    // The copy is whole: what was fetched is not even looked at.
    const second = start('main.js', (file) => writeFileSync(file, 'cut'));
    assert.deepEqual([second.stdout, second.left, statSync(copy).ino], [first.stdout, [], ino]);
  });

  it('unpacks anew what is damaged, and says so', () => {
    const { copy } = fetched('main.js');
    start();
    writeFileSync(join(copy, 'dist/executor/main.js'), 'damaged');
    const { status, stderr } = start();
    assert.deepEqual([status, stderr], [0, `gaia: ${copy} is damaged, or somebody else's: it is unpacked anew\n`]);
    assert.equal(readFileSync(join(copy, 'dist/executor/main.js'), 'utf8'), '// main.js');
    rmSync(join(copy, 'bin/node'));
    assert.equal(start().status, 0);
    assert.deepEqual(copies(), [basename(copy)]);
  });

  /** Holds a lock until it is let go. */
  async function locked(how: '-s' | '-x', file: string): Promise<() => Promise<void>> {
    const holder = spawn('flock', [how, file, 'sh', '-c', 'echo; read line'], { stdio: ['pipe', 'pipe', 'inherit'] });
    holders.push(holder);
    await once(holder.stdout, 'data');
    return async () => {
      holder.stdin.end();
      await once(holder, 'close');
    };
  }

  it('unpacks once when many start at the same time', async () => {
    const { command, copy } = fetched('main.js');
    mkdirSync(at('shared'));
    const letGo = await locked('-x', at('shared', '.lock'));
    const shells = Array.from({ length: 6 }, () => {
      const shell = spawn('/bin/sh', ['-xc', command], { cwd: fetched('main.js').sandbox });
      holders.push(shell);
      return { ended: once(shell, 'close'), trace: text(shell.stderr), waits: traced(shell, '+ flock -w') };
    });
    await Promise.all(shells.map(({ waits }) => waits));
    assert.deepEqual(copies(), []);
    await letGo();
    const traces = await Promise.all(shells.map(({ trace }) => trace));
    assert.equal(traces.join('').match(/^\+ tar /gm)?.length, 1);
    const ends = await Promise.all(shells.map(({ ended }) => ended));
    assert.ok(
      ends.every(([status]) => status === 0),
      traces.join('\n'),
    );
    assert.deepEqual(copies(), [basename(copy)]);
  });

  async function traced({ stderr }: ChildProcess, word: string): Promise<void> {
    let trace = '';
    for await (const [chunk] of on(stderr as Readable, 'data', { signal: AbortSignal.timeout(10_000) })) {
      trace += chunk;
      if (trace.includes(word)) return;
    }
  }

  it('keeps three copies at most, and those that are in use', async () => {
    const used = fetched('used');
    start('used');
    const letGo = await locked('-s', join(used.copy, 'SHA256SUMS'));
    utimesSync(used.copy, 1, 1);
    for (const content of ['a', 'b', 'c', 'd']) {
      start(content);
      utimesSync(fetched(content).copy, content.charCodeAt(0), content.charCodeAt(0));
    }
    const names = (...contents: string[]) => contents.map((content) => basename(fetched(content).copy)).sort();
    assert.deepEqual(copies().sort(), names('used', 'b', 'c', 'd'));
    await letGo();
    start('e');
    assert.deepEqual(copies().sort(), names('c', 'd', 'e'));
  });

  it('unpacks in the sandbox where there is no place for all, or not a safe one', () => {
    const inSandbox = ({ sandbox, ...started }: ReturnType<typeof start>) =>
      assert.deepEqual(
        [started.status, started.stdout, started.stderr, started.left],
        [0, `${startedFrom('.gaia-executor')}${sandbox}/.gaia-executor/lib\n`, '', ['.gaia-executor']],
      );
    writeFileSync(at('shared'), 'no directory');
    inSandbox(start());
    rmSync(at('shared'));
    mkdirSync(at('elsewhere'));
    symlinkSync(at('elsewhere'), at('shared'));
    inSandbox(start());
    rmSync(at('shared'));
    mkdirSync(at('shared'));
    if (process.getuid?.() === 0) {
      chownSync(at('shared'), 65_534, 65_534);
      inSandbox(start());
    }
  });

  it('refuses another archive in a sentence, and unpacks nothing of it', () => {
    const { status, stdout, stderr, left } = start('main.js', (file) => {
      pack(smallTree('evil', ['evil.js']), file);
    });
    assert.deepEqual([status, stdout, left], [1, '', ['.gaia-executor.tar.gz']]);
    assert.match(
      stderr,
      /executor does not start: .*http:\/\/10\.0\.0\.1:8080\/v1\/executor\/[0-9a-f]{64}\.tar\.gz is not/,
    );
    assert.deepEqual(copies(), []);
  });

  it('is the given one where there is no archive', () => {
    assert.deepEqual(executorStart('exec x', null, '', '/d'), { executorCommand: 'exec x', executorUris: [] });
  });
});
