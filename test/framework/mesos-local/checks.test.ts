import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HealthCheck, TaskInfo } from '../../../framework/mesos-http-client/types.js';
import { planOfCheck, planOfHealthCheck } from '../../../framework/mesos-local/checks/plan.js';
import { tryProbe } from '../../../framework/mesos-local/checks/probe.js';
import { type HealthState, judge, NEW_HEALTH, succeeded } from '../../../framework/mesos-local/checks/verdict.js';
import { checksError } from '../../../framework/mesos-local/master/check-validation.js';
import { checkStatusOf } from '../../../framework/probes/verdict.js';
import { isRunning, until } from '../../conformance/wait.js';

const CHECK: HealthCheck = { type: 'TCP', tcp: { port: 1 }, consecutive_failures: 3, grace_period_seconds: 10 };

/** @param results success or failure, each with the age of the task in seconds */
function told(results: [boolean, number][], check = CHECK): string[] {
  let state: HealthState = NEW_HEALTH;
  return results.map(([success, seconds]) => {
    const verdict = judge(state, success, check, seconds * 1000);
    state = verdict.state;
    return `${verdict.healthy ?? '-'}${verdict.kill ? ' kill' : ''}`;
  });
}

describe('mesos-local: checks of tasks', () => {
  it('tells the first success and the first after failures, and every failure that counts', () => {
    assert.deepEqual(
      told([
        [true, 1],
        [true, 2],
        [false, 3],
        [false, 4],
        [true, 5],
        [true, 6],
      ]),
      ['true', '-', 'false', 'false', 'true', '-'],
    );
  });

  it('failures within the grace period count only after a success', () => {
    assert.deepEqual(
      told([
        [false, 1],
        [false, 10],
        [false, 11],
        [false, 12],
        [false, 13],
      ]),
      ['-', '-', 'false', 'false', 'false kill'],
    );
    assert.deepEqual(
      told([
        [true, 1],
        [false, 2],
        [false, 3],
        [false, 4],
      ]),
      ['true', 'false', 'false', 'false kill'],
    );
  });

  it('three failures and ten seconds are the defaults', () => {
    const bare: HealthCheck = { type: 'TCP', tcp: { port: 1 } };
    assert.deepEqual(
      told(
        [
          [false, 9],
          [false, 11],
          [false, 12],
          [false, 13],
        ],
        bare,
      ),
      ['-', 'false', 'false', 'false kill'],
    );
    const { delayMs, intervalMs, timeoutMs } = planOfHealthCheck(bare);
    assert.deepEqual([delayMs, intervalMs, timeoutMs], [15_000, 10_000, 20_000]);
  });

  it('HTTP succeeds with 200 to 399, or with the statuses that are listed', () => {
    const good = (status: number | null, statuses?: number[]) => {
      const check: HealthCheck = { type: 'HTTP', http: { port: 1, ...(statuses && { statuses }) } };
      if (status === null) return succeeded({ type: 'failed', of: 'http', cause: 'silence' }, check);
      return succeeded({ type: 'answered', status, contentType: '', body: '' }, check);
    };
    assert.deepEqual(
      [199, 200, 399, 400, null].map((status) => good(status)),
      [false, true, true, false, false],
    );
    assert.deepEqual(
      [200, 503].map((status) => good(status, [503])),
      [false, true],
    );
  });

  it('a probe that takes too long has no result, and leaves no process', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'mesos-check-'));
    const pidFile = join(directory, 'pid');
    const probe = { type: 'command' as const, command: { value: `echo $$ > ${pidFile}; sleep 100 & sleep 100` } };
    const late = { type: 'failed', of: 'command', cause: 'the command did not end within 0.5 s' };
    assert.deepEqual(await tryProbe(probe, 500, process.env), late);
    const leader = Number(readFileSync(pidFile, 'utf8'));
    await until('the group has ended', () => !isRunning(leader));
    rmSync(directory, { recursive: true });
    const hanging = createServer(() => {});
    await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve));
    const { port } = hanging.address() as AddressInfo;
    const { probe: http } = planOfCheck({ type: 'HTTP', http: { port, path: '/' } });
    assert.deepEqual(checkStatusOf(await tryProbe(http, 50, process.env)), { type: 'HTTP', http: {} });
    hanging.closeAllConnections();
    hanging.close();
    const refused = await tryProbe({ type: 'tcp', host: '127.0.0.1', port }, 1000, process.env);
    assert.deepEqual(checkStatusOf(refused), { type: 'TCP', tcp: { succeeded: false } });
  });

  it('an HTTP check may have a timeout that is no exact number of milliseconds', async () => {
    const server = createServer((_request, response) => response.end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const { probe, timeoutMs } = planOfCheck({ type: 'HTTP', http: { port, path: '/' }, timeout_seconds: 16.1 });
    const status = checkStatusOf(await tryProbe(probe, timeoutMs, process.env));
    assert.deepEqual(status, { type: 'HTTP', http: { status_code: 200 } });
    server.close();
  });

  it('says in Mesos’ words what is wrong with one', () => {
    const wrong: [object, string][] = [
      [{ check: { type: 'HTTP' } }, "Task uses invalid check: Expecting 'http' to be set for HTTP check"],
      [{ check: {} }, "Task uses invalid check: CheckInfo must specify 'type'"],
      [{ check: { type: 'UNKNOWN' } }, "Task uses invalid check: 'UNKNOWN' is not a valid check type"],
      [
        { check: { type: 'COMMAND', command: { command: {} } } },
        "Task uses invalid check: Command check must contain 'shell command'",
      ],
      [
        { health_check: { type: 'HTTP', http: { port: 1, scheme: 'ftp' } } },
        "Task uses invalid health check: Unsupported HTTP health check scheme: 'ftp'",
      ],
      [
        { health_check: { ...CHECK, interval_seconds: -1 } },
        "Task uses invalid health check: Expecting 'interval_seconds' to be non-negative",
      ],
    ];
    for (const [task, text] of wrong) assert.equal(checksError(task as TaskInfo), text);
    assert.equal(checksError({ health_check: CHECK } as TaskInfo), null);
  });
});
