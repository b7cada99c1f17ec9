/** The framework's process at a master that says what none may: it goes on, and says what it left out. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FrameworkProcess } from '../framework-process.js';
import { schedulerAndMasters, subscribed } from './mesos-http-client/scheduler-harness.js';
import { until } from './mesos-http-client/scripted-server.js';

const update = (status: object) => ({ type: 'UPDATE', update: { status } });
const foreign = { task_id: { value: 'of.somebody.else' }, agent_id: { value: 'S1' }, uuid: 'AAAAAAAAAAAAAAAAAAAAAA==' };

describe('a hostile master', function () {
  this.timeout(60_000);
  const { serve } = schedulerAndMasters();
  const directory = mkdtempSync(join(tmpdir(), 'gaia-hostile-'));
  let framework: FrameworkProcess | null = null;

  afterEach(async () => {
    if (framework === null) return;
    const ended = once(framework.process, 'exit');
    if (framework.process.kill('SIGKILL')) await ended;
    rmSync(directory, { recursive: true, force: true });
  });

  it('ends neither the framework nor its API by events of another form, names or sizes', async () => {
    const calls: string[] = [];
    const master = await serve((exchange) => {
      const { type } = exchange.request.json as { type: string };
      if (type !== 'SUBSCRIBE') {
        calls.push(type);
        exchange.answer('202 Accepted');
        return;
      }
      exchange.beginStream('stream-1');
      exchange.event(subscribed());
      for (const event of [
        ...[{ type: 'OFFERS' }, { type: 'OFFERS', offers: { offers: [null] } }, { type: 'RESCIND', rescind: {} }],
        ...[{ type: 'UPDATE' }, update({ state: 'TASK_LOST' }), { type: 'MESSAGE', message: { data: 7 } }],
        ...[
          { type: '__proto__' },
          { type: 'toString', toString: 1 },
          { type: 'NEVER_HEARD_OF', more: 'x'.repeat(1e6) },
        ],
        update({ ...foreign, state: 'TASK_RUNNING' }),
      ])
        exchange.event(event);
    });
    framework = new FrameworkProcess(['--master', master.address, '--store', join(directory, 'store')]);
    const { url } = await framework.ready();
    // The last event is one that a framework acknowledges: all before it have been looked at.
    await until('the update of a foreign task is acknowledged', () => calls.includes('ACKNOWLEDGE'), 20_000);
    assert.equal(framework.log.match(/left out an event/g)?.length, 6, framework.log);
    assert.equal((await fetch(`${url}/v2/apps`)).status, 200);
    assert.equal(framework.process.exitCode, null);
  });
});
