import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

/** Process ids whose command line or working directory is of this cluster. */
function processes(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(directory);
      } catch {
        return false;
      }
    });
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

function portOf(server: Server): number {
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}
