import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Program, type ProgramOptions } from '../../executor/process.js';
import { sessionListens, sessionMembers } from '../../executor/session.js';
import { eventually, hasEnded, withDirectory } from './fixtures.js';

const env = { PATH: '/usr/bin:/bin' };

function start(script: string, directory = '/', options: Partial<ProgramOptions> = {}): Promise<Program> {
  return Program.start({ argv: ['/bin/sh', '-c', script], env, directory, owner: null, control: false, ...options });
}

/** Runs `use` and leaves no process behind, whatever it does. */
async function withProgram(starting: Promise<Program>, use: (program: Program) => Promise<void>): Promise<void> {
  const program = await starting;
  try {
    await use(program);
  } finally {
    program.signal('SIGKILL');
    await program.reap(0);
  }
}

const readPid = (file: string) => eventually(file, () => existsSync(file) && Number(readFileSync(file, 'utf8')));

describe('executor process', () => {
  it('tells exit status, signal and life time', async () => {
    await withProgram(start('exit 3'), async (program) => {
      const { code, signal, livedMs } = await program.exited;
      assert.deepEqual([code, signal], [3, null]);
      assert.ok(livedMs >= 0 && livedMs < 10_000);
    });
    await withProgram(start('kill -s SEGV $$'), async (program) => {
      assert.deepEqual((await program.exited).signal, 'SIGSEGV');
    });
  });

  it('rejects what cannot be executed', async () => {
    await assert.rejects(start('', '/', { argv: ['gaia-no-such-program'] }), /ENOENT/);
    await assert.rejects(start('', '/no/such/directory'), /ENOENT/);
  });

  it('gives the program a session of its own and nothing but its environment', () =>
    withDirectory(async (directory) => {
      await withProgram(start('env >env; echo $$ >pid; exec sleep 60', directory), async (program) => {
        await readPid(join(directory, 'pid'));
        assert.deepEqual(sessionMembers(program.pid), [{ pid: program.pid, processGroup: program.pid }]);
        const lines = readFileSync(join(directory, 'env'), 'utf8').trim().split('\n');
        assert.deepEqual(
          lines.filter((line) => !/^(PATH|PWD)=/.test(line)),
          [],
        );
      });
    }));

  it('ends grandchildren that outlive the program, also those that ignore SIGTERM or left its process group', () =>
    withDirectory(async (directory) => {
      const script = `
        (trap '' TERM; echo $(exec sh -c 'echo $PPID') >stubborn; while :; do sleep 0.1; done) &
        perl -e 'setpgrp(0, 0); open F, ">stray"; print F $$; close F; sleep 60' &
        sleep 60 & echo $! >plain
        while [ ! -s stray ] || [ ! -s stubborn ]; do sleep 0.02; done`;
      await withProgram(start(script, directory), async (program) => {
        await program.exited;
        const pids = await Promise.all(['stubborn', 'stray', 'plain'].map((name) => readPid(join(directory, name))));
        assert.deepEqual(pids.map(hasEnded), [false, false, false]);
        const startMs = performance.now();
        await program.reap(300);
        assert.deepEqual(pids.map(hasEnded), [true, true, true]);
        assert.deepEqual(sessionMembers(program.pid), []);
        const tookMs = performance.now() - startMs;
        assert.ok(tookMs >= 300 && tookMs < 5000, `the one that ignores SIGTERM had its grace period: ${tookMs} ms`);
      });
    }));

  it('reaps at once when nothing is left', async () => {
    await withProgram(start('exit 0'), async (program) => {
      await program.exited;
      const startMs = performance.now();
      await program.reap(60_000);
      assert.ok(performance.now() - startMs < 1000);
    });
  });

  it('carries lines both ways over descriptor 3', async () => {
    const script =
      "require('net'); const s = new (require('net').Socket)({ fd: 3 }); s.on('data', (d) => s.write('got ' + d));";
    await withProgram(
      start('', '/', { argv: [process.execPath, '-e', script], control: true }),
      async ({ control }) => {
        let received = '';
        control?.on('data', (bytes) => {
          received += bytes;
        });
        control?.write('remove 1 2\n');
        await eventually('the echo', () => received === 'got remove 1 2\n');
      },
    );
  });

  it('sees whether the session listens on a port', async () => {
    const script =
      "require('net').createServer().listen(0, '127.0.0.1', function () { process.stdout; new (require('net').Socket)({ fd: 3 }).write(this.address().port + '\\n'); })";
    await withProgram(start('', '/', { argv: [process.execPath, '-e', script], control: true }), async (program) => {
      const port = await new Promise<number>((resolve) =>
        program.control?.once('data', (bytes) => resolve(Number(bytes))),
      );
      assert.equal(sessionListens(program.pid, port), true);
      assert.equal(sessionListens(program.pid, port === 65535 ? 1 : port + 1), false);
      assert.equal(sessionListens(process.pid, port), false);
    });
  });

  it('an executor that is killed with SIGKILL takes all of the program with it', () =>
    withDirectory(async (directory) => {
      const script = `
        import { writeFileSync } from 'node:fs';
        import { Program } from ${JSON.stringify(new URL('../../executor/process.js', import.meta.url).href)};
        const env = { PATH: '/usr/bin:/bin' };
        const script = 'sleep 60 & echo $! >child; perl -e "setpgrp(0, 0); sleep 60" & echo $! >stray; echo $$ >self; wait';
        await Program.start({ argv: ['/bin/sh', '-c', script], env, directory: ${JSON.stringify(directory)}, owner: null, control: false });
        writeFileSync(${JSON.stringify(join(directory, 'started'))}, \`\${process.pid}\\n\`);
        setInterval(() => {}, 1000);`;
      const executor: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', script], {
        stdio: 'ignore',
      });
      const pids = await Promise.all(['self', 'child', 'stray'].map((name) => readPid(join(directory, name))));
      await readPid(join(directory, 'started')); // from then on somebody watches over the session
      assert.deepEqual(pids.map(hasEnded), [false, false, false]);
      executor.kill('SIGKILL');
      await eventually('the end of the orphans', () => pids.every(hasEnded));
    }));
});
