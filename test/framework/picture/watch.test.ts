import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Picture, TaskRow } from '../../../framework/picture/rows.js';
import { Watch } from '../../../framework/picture/watch.js';

const row = (id: string, startedAt: string): TaskRow => ({
  ...{ id, appId: '/a', agentId: 'S1', state: 'TASK_RUNNING', startedAt },
});

describe('watch of the cluster', () => {
  let tasks: Map<string, TaskRow>;
  let looks: number;
  let watch: Watch;
  const picture = (): Picture => {
    looks += 1;
    const master = { connected: true, address: null, since: null };
    return { at: `look ${looks}`, master, agents: new Map(), apps: new Map(), tasks, deployments: [], queue: [] };
  };

  beforeEach(() => {
    looks = 0;
    tasks = new Map([['t', row('t', 'first')]]);
    watch = new Watch({ picture, deployment: (one) => one, about: () => ({ version: '1' }), lookMs: 5, aliveMs: 100 });
  });

  interface Told {
    type: string;
    data: { tasks?: TaskRow[]; version?: string };
  }
  /** The events of one push. */
  async function next(stream: AsyncIterator<Buffer>): Promise<Told> {
    const { value } = await stream.next();
    const [, type = '', data = ''] = /^event: (\w+)\ndata: (.*)\n\n$/.exec(String(value)) ?? [];
    return { type, data: JSON.parse(data) };
  }
  const reading = (stream: AsyncIterable<Buffer>) => stream[Symbol.asyncIterator]();

  it('begins with all, tells what changes, and gives signs of life in between', async () => {
    const stream = reading(watch.open(() => true));
    const first = await next(stream);
    assert.deepEqual([first.type, first.data.version, first.data.tasks], ['snapshot', '1', [row('t', 'first')]]);
    tasks = new Map([['t', row('t', 'second')]]);
    const second = await next(stream);
    assert.deepEqual([second.type, second.data.tasks], ['changes', [row('t', 'second')]]);
    const startMs = performance.now();
    assert.equal((await next(stream)).type, 'alive');
    assert.ok(performance.now() - startMs > 60, 'not at every look');
    await stream.return?.();
  });

  it('looks once for all, and not at all when nobody watches', async () => {
    const streams = [1, 2, 3].map(() => watch.open(() => true).resume());
    await sleep(60);
    const seen = looks;
    assert.ok(seen <= 60 / 5 + 3 + 5, `${seen} looks`);
    for (const stream of streams) stream.destroy();
    await sleep(20);
    const after = looks;
    await sleep(40);
    assert.deepEqual([watch.watchers, looks], [0, after]);
  });

  it('keeps nothing for a slow reader, and tells it later what differs from what it has', async () => {
    tasks = new Map(Array.from({ length: 1000 }, (_, index) => [`t${index}`, row(`t${index}`, '0')]));
    const slow = watch.open(() => true);
    const stream = reading(slow);
    assert.equal((await next(stream)).type, 'snapshot');
    for (let round = 1; round <= 10; round += 1) {
      tasks = new Map([...tasks].map(([id]) => [id, row(id, String(round))]));
      await sleep(10);
    }
    const held = slow.readableLength;
    assert.ok(held < 300_000, `${held} bytes wait`);
    const told = [await next(stream), await next(stream)];
    const last = told.flatMap(({ data }) => data.tasks ?? []).filter(({ id }) => id === 't7');
    assert.deepEqual([last.at(-1)?.startedAt, last.length <= 2], ['10', true]);
    await stream.return?.();
  });

  it('ends when its reader may not read any more, and breaks off when nothing can be shown', async () => {
    let may = true;
    const stream = reading(watch.open(() => may));
    await next(stream);
    may = false;
    assert.equal((await stream.next()).done, true);
    const broken = new Watch({
      ...{ deployment: (one: object) => one, about: () => ({}), lookMs: 5 },
      picture: () => {
        throw new Error('nobody leads');
      },
    });
    await assert.rejects(async () => next(reading(broken.open(() => true))), /nobody leads/);
  });

  it('ends with the first picture for those who do not follow', async () => {
    const stream = reading(watch.open(() => true, false));
    assert.equal((await next(stream)).type, 'snapshot');
    assert.equal((await stream.next()).done, true);
  });
});
