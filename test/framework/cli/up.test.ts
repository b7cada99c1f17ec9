import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pids } from '../../../executor/pids.js';
import { holdDirectory } from '../../../framework/cli/hold-directory.js';
import { isRunning } from '../../../framework/cli/processes.js';
import { installation } from '../../../framework/installation.js';
import { until } from '../../conformance/wait.js';
import { gaia } from './gaia.js';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gaia-up-'));
});
afterEach(async () => {
  await gaia(['down', '--directory', directory]);
  rmSync(directory, { recursive: true, force: true });
});

async function up(...more: string[]) {
  const run = await gaia(['up', '--directory', directory, '--agents', '3', '--no-demo', '--json', ...more]);
  return { ...run, value: JSON.parse(run.stdout.trimEnd().split('\n').at(-1) ?? '') };
}

/** Process ids whose command line is of this cluster. */
function processes(): number[] {
  return pids().filter((pid) => pid !== process.pid && isRunning(pid, directory));
}

describe('gaia up and down', function () {
  this.timeout(60_000);

  it('starts a cluster that runs apps, says so when asked again, and leaves no process', async () => {
    const secrets = mkdtempSync(join(tmpdir(), 'gaia-secrets-'));
    writeFileSync(join(secrets, 'word'), 'open\n');
    const first = await up('--secrets-directory', secrets);
    assert.equal(first.code, 0, first.stderr);
    const { apiUrl } = first.value;
    const spec = JSON.stringify({
      id: '/sleeper',
      cmd: `[ "$WORD" = open ] && sleep 1000; : ${directory}`,
      env: { WORD: { secret: 'word' } },
      secrets: { word: { source: 'word' } },
      cpus: 0.1,
      mem: 16,
      instances: 2,
    });
    const added = await gaia(['app', 'add', '-', '--api', apiUrl, '--timeout', '30'], spec);
    assert.equal(added.code, 0, added.stderr);
    assert.match(added.stdout, /2 of 2 tasks run/);
    rmSync(secrets, { recursive: true });
    const second = await up();
    assert.deepEqual([second.code, second.value.alreadyRunning, second.value.apiUrl], [0, true, apiUrl]);
    assert.ok(processes().length >= 5, 'master, agents and framework run');
    const down = await gaia(['down', '--directory', directory]);
    assert.match(down.stdout, /is stopped/);
    assert.deepEqual(processes(), []);
    assert.match((await gaia(['down', '--directory', directory])).stdout, /No cluster was running/);
  });

  it('started twice at a time it starts one cluster, and the other command says so', async () => {
    const both = await Promise.all([up(), up()]);
    const [started, refused] = both.sort((one, other) => Number(one.code) - Number(other.code));
    assert.deepEqual([started?.code, refused?.code], [0, 1], JSON.stringify(both));
    assert.match(refused?.value.error.message, /^Another command starts or stops a cluster in .* at the moment$/);
    assert.equal((await gaia(['status', '--api', started?.value.apiUrl])).code, 0);
    const again = await up();
    assert.deepEqual([again.value.alreadyRunning, again.value.apiUrl], [true, started?.value.apiUrl]);
  });

  it('a stop beside a start waits for it, and stops what it has started', async function () {
    this.timeout(180_000);
    const starting = up();
    await until('the start has begun', () => existsSync(join(directory, 'gaia-up.json')), 60_000);
    const [started, stopped] = await Promise.all([starting, gaia(['down', '--directory', directory])]);
    assert.equal(started.code, 0, started.stderr);
    assert.equal(stopped.code, 0, stopped.stderr);
    assert.match(
      stopped.stdout,
      /^Another command starts or stops .* goes on when that has ended\.\nThe cluster is stop/,
    );
    assert.deepEqual(processes(), []);
  });

  it('who has waited in vain for another command is told so', async () => {
    const letGo = await holdDirectory(directory);
    let waited = false;
    const waits = () => {
      waited = true;
    };
    await assert.rejects(holdDirectory(directory, { secondsMax: 0.2, waits }), /Another command starts or stops/);
    assert.ok(waited);
    letGo();
    (await holdDirectory(directory, { secondsMax: 10, waits }))();
  });

  it('tells how far it is in ASCII where the locale is not UTF-8', async () => {
    const run = await gaia(['up', '--directory', directory, '--agents', '3', '--no-demo'], '', { LC_ALL: 'C' });
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stdout, /^> Mesos: a master and 3 agents\n\+ Mesos: a master/);
    assert.match(run.stdout + run.stderr, /^[\n -~]+$/);
  });

  it('takes another port when the one it was given is taken', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const port = portOf(server);
      const { code, value } = await up('--port', String(port));
      assert.deepEqual([code, value.portTaken], [0, port]);
      assert.notEqual(new URL(value.apiUrl).port, String(port));
      assert.equal((await gaia(['status', '--api', value.apiUrl])).code, 0);
    } finally {
      server.close();
    }
  });

  it('does not start with secrets that are nowhere', async () => {
    const { code, value } = await up('--secrets-directory', join(directory, 'none'));
    assert.equal(code, 2);
    assert.match(value.error.message, /--secrets-directory .*none is no directory/);
    assert.ok(!existsSync(join(directory, 'gaia-up.json')));
  });

  it('keeps its hands off a directory that is no cluster', async () => {
    mkdirSync(join(directory, 'mesos'));
    const { code, value } = await up();
    assert.deepEqual([code, value.error.exitCode], [2, 2]);
    assert.ok(existsSync(join(directory, 'mesos')));
  });

  it('says at once why a directory cannot be used, and how to name another', async function () {
    this.timeout(20_000);
    const file = join(directory, 'file');
    writeFileSync(file, '');
    const unfit: [string, RegExp][] = [
      ['/proc/x', /directory \/proc\/x cannot be used: nothing can be made there/],
      [file, /file cannot be used: .*file is a file/],
      [join(file, 'below'), /below cannot be used: a part of its path is no directory/],
    ];
    for (const [GAIA_DIRECTORY, message] of unfit) {
      const { code, stderr } = await gaia(['up', '--no-demo'], '', { GAIA_DIRECTORY });
      assert.equal(code, 2, stderr);
      assert.match(stderr, message);
      assert.match(stderr, /\nName another one with --directory DIR or GAIA_DIRECTORY/);
    }
  });

  it('says so when the disk has no room, or may not be written', () => {
    const disks: [string, RegExp][] = [
      ['size=16k', /cannot be used: its disk is full/],
      ['size=8m', /cannot be used: its disk has 8 MB left, and 256 MB are needed/],
      ['ro', /cannot be used: its file system is read-only/],
    ];
    for (const [disk, message] of disks) assert.match(upOnDisk(disk), message);
  });

  it('brings back a framework that died, at its port, and leaves Mesos alone', async () => {
    const first = await up();
    process.kill(first.value.frameworkPid, 'SIGKILL');
    const second = await up();
    assert.deepEqual([second.code, second.value.alreadyRunning], [0, false]);
    assert.notEqual(second.value.frameworkPid, first.value.frameworkPid);
    assert.equal(second.value.masterUrl, first.value.masterUrl);
    assert.equal(second.value.apiUrl, first.value.apiUrl);
  });
});

/** What `gaia up` says on standard error in a directory that is a disk of its own, as `options` of mount make it; one of 16 KB is filled. */
function upOnDisk(options: string): string {
  const program = join(installation.root, 'dist/framework/cli/main.js');
  const fill = options === 'size=16k' ? '{ cat /dev/zero > "$0/full" || true; } 2> /dev/null' : ':';
  const script = `mount -t tmpfs -o ${options} none "$0" && ${fill} && exec "$@"`;
  const isRoot = process.getuid?.() === 0;
  const words = [...(isRoot ? [] : ['--map-root-user']), '--mount', 'sh', '-c', script, directory];
  const { stderr } = spawnSync(
    'unshare',
    [...words, process.execPath, program, 'up', '--no-demo', '--directory', directory],
    {
      encoding: 'utf8',
      timeout: 20_000,
    },
  );
  return stderr;
}

function portOf(server: Server): number {
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}
