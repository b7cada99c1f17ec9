import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../conformance/wait.js';
import { plainCommand, volumePath } from './apps.js';
import { liveMax, TaskInvariants, type TaskObservation, type ToldApp } from './task-invariants.js';
import { type TaskProcess, taskProcesses } from './task-processes.js';

const process_ = (at: number, more: Partial<TaskProcess> = {}): TaskProcess => ({
  ...{ pid: 100 + at, app: '/chaos/plain', task: `task-${at}`, volume: null },
  ...more,
});
const kept = (at: number, volume: string): TaskProcess => process_(at, { app: '/chaos/kept', volume });

/** With so many tasks, of these states, if not running. */
const told = (instances: number, count: number, states: Record<number, string> = {}): ToldApp => ({
  ...{ id: '/chaos/plain', instances, upgradeStrategy: { maximumOverCapacity: 1 } },
  tasks: Array.from({ length: count }, (_, at) => ({ id: `task-${at}`, state: states[at] ?? 'TASK_RUNNING' })),
});

const processes = (count: number): TaskProcess[] => Array.from({ length: count }, (_, at) => process_(at));

/** A look each half second. */
function violations(...looks: Partial<TaskObservation>[]): string[] {
  const invariants = new TaskInvariants();
  for (const [index, look] of looks.entries())
    invariants.observe({ atMs: index * 500, processes: [], apps: [], ...look });
  return invariants.violations.map(({ text }) => text);
}

describe('the invariants of plain tasks in a chaos run', () => {
  it('do not bear two processes of one task, or on one volume', () => {
    assert.deepEqual(violations({ processes: [process_(1), process_(1, { pid: 999 })] }), [
      'task task-1 is two processes, 101 and 999',
    ]);
    assert.deepEqual(violations({ processes: [kept(1, '8:7'), kept(2, '8:7')] }), [
      'volume 8:7 of /chaos/kept is two processes, 101 and 102',
    ]);
  });

  it('bear tasks on volumes of their own, and one after the other on one', () => {
    assert.deepEqual(
      violations(
        { processes: [kept(1, '8:7'), kept(2, '8:9'), process_(3)] },
        { processes: [kept(4, '8:7'), kept(2, '8:9')] },
      ),
      [],
    );
  });

  it('bear as many tasks as a restart may have at once, and no more', () => {
    const look = (count: number) => ({ processes: processes(count), apps: [told(2, count)] });
    assert.deepEqual(violations(look(4), look(4)), []);
    assert.deepEqual(violations(look(5), look(5)), ['/chaos/plain has 5 tasks of 4 at most']);
  });

  it('count no task that is to end, is unreachable, unknown to the scheduler, or has ended', () => {
    const states = { 0: 'TASK_KILLING', 1: 'TASK_UNREACHABLE' };
    const some = { processes: processes(7), apps: [told(2, 6, states)] };
    assert.deepEqual(violations(some, some), []);
    const ended = { processes: processes(4), apps: [told(2, 6)] };
    assert.deepEqual(violations(ended, ended), []);
  });

  it('bear a task that has come back and is stopped at once, and those of a former size for a while', () => {
    const many = { processes: processes(5), apps: [told(2, 5)] };
    assert.deepEqual(violations(many, { processes: processes(4), apps: [told(2, 4)] }, many), []);
    const before = { processes: processes(6), apps: [told(6, 6)] };
    const after = { processes: processes(6), apps: [told(2, 6)] };
    assert.deepEqual(violations(before, after, after), []);
    assert.equal(violations(before, { ...after, atMs: 12_000 }, { ...after, atMs: 12_500 }).length, 1);
  });

  it('go by what the scheduler may start: with a volume nothing beside another one', () => {
    assert.equal(liveMax(told(2, 0)), 4);
    assert.equal(liveMax({ ...told(2, 0), upgradeStrategy: { maximumOverCapacity: 0 } }), 3);
    assert.equal(liveMax({ ...told(1, 0), residency: {}, upgradeStrategy: { maximumOverCapacity: 0 } }), 1);
  });

  it('are of processes that are found by what they were started with', async () => {
    const cwd = mkdtempSync(join(tmpdir(), 'gaia-chaos-task-'));
    const env = { PATH: process.env.PATH, MARATHON_APP_ID: '/chaos/kept', MESOS_TASK_ID: `of-test-${process.pid}` };
    const [program = '', ...words] = plainCommand.split(' ');
    mkdirSync(join(cwd, volumePath));
    const child = spawn(program, words, { cwd, env, stdio: 'ignore' });
    const ours = () => taskProcesses().filter(({ task }) => task === env.MESOS_TASK_ID);
    try {
      await until('it is found', () => ours().length === 1);
      const { dev, ino } = statSync(join(cwd, volumePath));
      const task = env.MESOS_TASK_ID;
      assert.deepEqual(ours(), [{ pid: child.pid, app: '/chaos/kept', task, volume: `${dev}:${ino}` }]);
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
      rmSync(cwd, { recursive: true });
    }
    assert.deepEqual(ours(), []);
  });
});
