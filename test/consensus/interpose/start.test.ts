import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pids } from '../../../executor/pids.js';
import { directoryOf } from '../../proc.js';
import { freePort } from '../ports.js';
import { interposerPath } from './group.js';

describe('the start of an interposed program', () => {
  let directory: string;

  before(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'gaia-start-'));
    mkdirSync(path.join(directory, '.gaia'));
    copyFileSync(interposerPath, path.join(directory, '.gaia/libgaia-interpose.so'));
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  function run(argv: [string, ...string[]], env: Record<string, string>) {
    const [file, ...args] = argv;
    const environment = { PATH: process.env.PATH ?? '', LD_PRELOAD: './.gaia/libgaia-interpose.so', ...env };
    return spawnSync(file, args, { cwd: directory, env: environment, encoding: 'utf8', timeout: 10_000 });
  }

  function configure(text: string): void {
    writeFileSync(path.join(directory, '.gaia/replica.conf'), text);
  }

  const valid = [
    'group=/a@1',
    `secret=${'0'.repeat(64)}`,
    `seed=${'1'.repeat(64)}`,
    'epoch_ms=1790000000000',
    'self=0,1,127.0.0.1,1,2',
    '',
  ].join('\n');

  it('leaves programs without a replica alone', () => {
    assert.equal(run(['/bin/echo', 'hello'], {}).stdout, 'hello\n');
  });

  it('says which file or field is wrong', () => {
    const missing = run(['/bin/echo'], { GAIA_REPLICA: '.gaia/absent.conf' });
    assert.equal(missing.status, 70);
    assert.match(missing.stderr, /GAIA_REPLICA=.gaia\/absent.conf cannot be read/);
    configure(`${valid}transport=pigeon\n`);
    const wrong = run(['/bin/echo'], { GAIA_REPLICA: '.gaia/replica.conf' });
    assert.equal(wrong.status, 70);
    assert.match(wrong.stderr, /transport="pigeon" is not valid/);
  });

  it('gives programs the group’s clock and randomness, shells their environment', () => {
    configure(valid);
    const env = { GAIA_REPLICA: '.gaia/replica.conf', HOST: 'agent7', PORT0: '31000' };
    const shell = run(['/bin/sh', '-c', 'echo $HOST; exec /usr/bin/env'], env);
    assert.match(shell.stdout, /^agent7\n/);
    const dates = [1, 2].map(() => run(['/bin/date', '-u', '+%FT%T.%N'], env).stdout);
    assert.match(dates[0] as string, /^2026-09-21T14:13:20\.0000/);
    assert.equal(dates[0], dates[1]);
    const random = [1, 2].map(() => run(['/usr/bin/head', '-c', '16', '/dev/urandom'], env).stdout);
    assert.equal(random[0], random[1]);
  });

  it('tells programs one port on all replicas, shells the one that is', () => {
    configure(valid.replace('127.0.0.1,1,2', '127.0.0.1,1,31000'));
    const ports = {
      PORT: '31000',
      PORT0: '31000',
      PORT1: '31001',
      PORTS: '31000,31001',
      PORT_HTTP: '31000',
      PORTAL: '31000',
    };
    const env = { GAIA_REPLICA: '.gaia/replica.conf', ...ports };
    const said = run(['/bin/sh', '-c', 'echo $PORT0; exec /usr/bin/printenv'], env).stdout.split('\n');
    assert.equal(said[0], '31000');
    const told = said.filter((line) => line.startsWith('PORT')).sort();
    const expected = [
      'PORT0=65000',
      'PORT1=31001',
      'PORT=65000',
      'PORTAL=31000',
      'PORTS=65000,31001',
      'PORT_HTTP=65000',
    ];
    assert.deepEqual(told, expected.sort());
  });

  it('refuses to leave for the background, and leaves nothing there', async () => {
    configure(valid);
    const env = { GAIA_REPLICA: '.gaia/replica.conf' };
    const background: [string, ...string[]][] = [
      ['redis-server', '--daemonize', 'yes', '--port', `${await freePort()}`, '--pidfile', `${directory}/pid`],
      ['memcached', '-d', '-u', 'root', '-l', '127.0.0.1:0'],
      ['python3', '-c', 'import ctypes; ctypes.CDLL(None).daemon(1, 1)'],
    ];
    for (const argv of background) {
      const ended = run(argv, env);
      assert.equal(ended.status, 70, `${argv}: ${ended.stderr}`);
      assert.match(ended.stderr, /puts itself into the background.*keep it in the foreground/);
    }
    const cwds = pids().filter((pid) => directoryOf(pid) === directory);
    assert.deepEqual(cwds, []);
  });

  it('keeps the name under which the program was started, by a link or as a script', () => {
    configure(valid);
    const env = { GAIA_REPLICA: '.gaia/replica.conf', PATH: `${directory}:${process.env.PATH}` };
    symlinkSync('/bin/cat', path.join(directory, 'my-server'));
    assert.equal(run(['my-server', '/proc/self/comm'], env).stdout, 'my-server\n');
    assert.equal(run(['./my-server', '/proc/self/comm'], env).stdout, 'my-server\n');
    writeFileSync(path.join(directory, 'my-script'), '#!/usr/bin/tail -qn1\nlast line\n', { mode: 0o755 });
    assert.equal(run(['./my-script', '/proc/self/comm'], env).stdout, 'last line\nmy-script\n');
  });

  it('switches address randomisation off and removes what differs between replicas', () => {
    configure(valid);
    const env = { GAIA_REPLICA: '.gaia/replica.conf', HOST: 'agent7', MESOS_TASK_ID: 'x', PORT0: '31000' };
    const printed = run(['/usr/bin/printenv'], env).stdout;
    assert.match(printed, /PORT0=31000/);
    assert.match(printed, /MALLOC_CONF=narenas:1/);
    assert.doesNotMatch(printed, /HOST=|MESOS_/);
    assert.match(run(['/bin/cat', '/proc/self/personality'], env).stdout, /^00040000/);
  });
});
