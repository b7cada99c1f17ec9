/** Checks that the executor makes of its program: when, and what is told of them. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import type { CheckAssignment, HealthAssignment } from '../../executor/assignment.js';
import { runCommand } from '../../executor/command-check.js';
import type { TaskAction } from '../../executor/task-types.js';
import type { ProbeOutcome } from '../../framework/probes/types.js';
import { type Drive, kill, launched, running, updates } from './drive.js';
import { assignment, eventually, hasEnded, replica, withDirectory } from './fixtures.js';

const check: CheckAssignment = { probe: { type: 'tcp', port: 31001 }, delayMs: 2000, intervalMs: 1000, timeoutMs: 500 };
const health: HealthAssignment = { ...check, gracePeriodMs: 5000, failuresToldMax: 3 };
const failed: ProbeOutcome = { type: 'failed', of: 'tcp', cause: 'connection refused' };
const passed: ProbeOutcome = { type: 'connected' };

const checks = (actions: TaskAction[]) => actions.filter(({ type }) => type === 'check').length;
const found = (drive: Drive, outcome: ProbeOutcome, kind: 'health' | 'check' = 'health') =>
  updates(drive.on({ type: 'checked', kind, outcome }));
const failures = ({ findings }: ReturnType<typeof updates>[number]) => [
  findings.healthy,
  findings.labels?.labels?.[0]?.value,
];

describe('executor: checks', () => {
  it('begin after their delay, and again an interval after each answer', () => {
    const drive = running(assignment({ health }));
    assert.equal(checks(drive.pass(1900)), 0);
    assert.equal(checks(drive.pass(100)), 1);
    assert.equal(checks(drive.pass(5000)), 0, 'one at a time');
    found(drive, passed);
    assert.equal(checks(drive.pass(900)), 0);
    assert.equal(checks(drive.pass(100)), 1);
  });

  it('tell the first success, failures after the grace period one by one up to a number, and the next success', () => {
    const drive = running(assignment({ health }));
    drive.pass(2000);
    assert.deepEqual(found(drive, failed), [], 'within the grace period');
    drive.pass(4000);
    assert.deepEqual(found(drive, failed).map(failures), [[false, '1']]);
    const [second] = found(drive, failed);
    assert.deepEqual([second?.state, second?.message, second?.final], ['TASK_RUNNING', 'connection refused', false]);
    assert.deepEqual(found(drive, failed).map(failures), [[false, '3']]);
    assert.deepEqual(found(drive, failed), [], 'no more than are wanted');
    assert.deepEqual(found(drive, passed).map(failures), [[true, undefined]]);
    assert.deepEqual(found(drive, passed), []);
    assert.deepEqual(found(drive, failed).map(failures), [[false, '1']]);
  });

  it('forgive nothing after the first success', () => {
    const drive = running(assignment({ health }));
    drive.pass(2000);
    assert.equal(found(drive, passed).length, 1);
    assert.deepEqual(found(drive, failed).map(failures), [[false, '1']]);
  });

  it('are told in every later update of a running task, and in no other', () => {
    const drive = running(assignment({ replica, health, check }));
    drive.pass(2000);
    found(drive, passed);
    found(drive, failed, 'check');
    const last = updates(drive.all).at(-1);
    assert.deepEqual(last?.findings, { healthy: true, check_status: { type: 'TCP', tcp: { succeeded: false } } });
    assert.deepEqual(found(drive, failed, 'check'), [], 'nothing new');
    assert.deepEqual(updates(drive.on(kill))[0]?.findings, {});
    assert.equal(checks(drive.pass(5000)), 0, 'what is being ended is not checked');
  });

  it('do not begin before the program runs', () => {
    const drive = launched(assignment({ replica, health }));
    drive.on({ type: 'childSpawned', pid: 4711 });
    assert.equal(checks(drive.pass(10_000)), 0);
  });

  it('refuse an assignment that is none', () => {
    const wrong = { ...health, probe: { type: 'http' as const, secure: false, port: 0, path: '/' } };
    const drive = launched(assignment({ health: wrong }));
    assert.match(drive.final.message ?? '', /health\.probe\.port is 0; it must be a whole number from 1 to 65535/);
  });
});

describe('executor: commands that check', () => {
  const run = (shell: string, { timeoutMs = 5000, ended = new AbortController().signal } = {}) =>
    withDirectory((directory) =>
      runCommand(shell, timeoutMs, { directory, env: { PATH: '/usr/bin:/bin', A: 'b' }, owner: null }, ended),
    );

  it('tell their status, and see the environment of the program', async () => {
    assert.deepEqual(await run('test "$A" = b -a -z "$HOME"'), { type: 'exited', code: 0 });
    assert.deepEqual(await run('exit 3'), { type: 'exited', code: 3 });
  });

  it('end with all that they have started when their time is up, or the task is over', async () => {
    await withDirectory(async (directory) => {
      const place = { directory, env: { PATH: '/usr/bin:/bin' }, owner: null };
      const shell = 'sleep 60 & echo $! > child; wait';
      const late = await runCommand(shell, 500, place, new AbortController().signal);
      assert.deepEqual(late, { type: 'failed', of: 'command', cause: 'the command did not end within 0.5 s' });
      const child = Number(readFileSync(`${directory}/child`, 'utf8'));
      await eventually('the end of the child', () => hasEnded(child));
      const over = await runCommand('sleep 60', 60_000, place, AbortSignal.timeout(50));
      assert.deepEqual(over, { type: 'failed', of: 'command', cause: 'the command was ended by SIGKILL' });
    });
  });

  it('end with an executor that is killed', async () => {
    await withDirectory(async (directory) => {
      const module = new URL('../../executor/command-check.js', import.meta.url).href;
      const place = JSON.stringify({ directory, env: { PATH: '/usr/bin:/bin' }, owner: null });
      const shell = 'sleep 600 & echo $! > started; mv started child; wait';
      const script = `const { runCommand } = await import('${module}');
        await runCommand(${JSON.stringify(shell)}, 600000, ${place}, new AbortController().signal);`;
      const executor = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' });
      await eventually('the command', () => existsSync(`${directory}/child`));
      const child = Number(readFileSync(`${directory}/child`, 'utf8'));
      assert.equal(hasEnded(child), false);
      executor.kill('SIGKILL');
      await eventually('the end of the command', () => hasEnded(child));
    });
  });
});
