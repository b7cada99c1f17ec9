/** What a program around a replica may do wrong or leave out, each in a process of its own. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { Founding } from './group.js';

const library = new URL('../../consensus/index.js', import.meta.url).href;

/** Runs `body` with `open(handlers)` in scope for a group of one; gives what it printed and how it ended. */
function run(founding: Founding, body: string): { lines: string[]; status: number | null } {
  const { secret, ...rest } = founding.options(1);
  const program = `
    import { openReplica } from '${library}';
    const options = ${JSON.stringify(rest)};
    options.secret = Buffer.from('${Buffer.from(secret).toString('hex')}', 'hex');
    const open = (handlers) => new Promise((resolve) => {
      const replica = openReplica(options, {
        onCommit: () => {}, ...handlers,
        onStatus: ({ role }) => role === 'leader' && resolve(replica),
      });
    });
    ${body}`;
  const ran = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    timeout: 15_000,
  });
  return { lines: `${ran.stdout}${ran.stderr}`.trim().split('\n'), status: ran.status };
}

describe('a program around a replica', () => {
  let founding: Founding;
  beforeEach(async () => {
    founding = await Founding.of(1, 'shm');
  });
  afterEach(() => founding.remove());

  it('goes on running while the replica is open and ends by itself once it is closed', () => {
    const body = `const replica = await open();
      setTimeout(async () => { await replica.close(); console.log('closed'); }, 200);`;
    assert.deepEqual(run(founding, body), { lines: ['closed'], status: 0 });
  });

  it('may exit without closing, with proposals under way', () => {
    const body = `const replica = await open();
      for (let i = 0; i < 1000; i++) replica.propose(Buffer.from('x'));
      console.log('exits');
      process.exit(3);`;
    assert.deepEqual(run(founding, body), { lines: ['exits'], status: 3 });
  });

  it('may end a worker in which a replica is open, and open another one', () => {
    const body = `import { Worker } from 'node:worker_threads';
      const code = \`
        import { openReplica } from '${library}';
        import { parentPort, workerData } from 'node:worker_threads';
        const { options } = workerData;
        openReplica(options, { onCommit() {}, onStatus({ role }) {
          if (role === 'leader') parentPort.postMessage('leads');
        } });\`;
      const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(code)), { workerData: { options } });
      await new Promise((resolve) => worker.once('message', resolve));
      await worker.terminate();
      options.self.number = 2;
      const replica = await open();
      console.log(await replica.propose(Buffer.from('x')) > 0);
      await replica.close();`;
    assert.deepEqual(run(founding, body), { lines: ['true'], status: 0 });
  });

  it('an exception in onCommit is an uncaughtException; the entries after it still come', () => {
    const body = `const seen = [];
      process.on('uncaughtException', (error) => console.log('uncaught', error.message));
      const replica = await open({ onCommit: (_, bytes) => {
        seen.push(bytes.toString());
        if (seen.length === 2) throw new Error('of the handler');
      } });
      await Promise.all(['a', 'b', 'c'].map((text) => replica.propose(Buffer.from(text))));
      console.log(seen.join());
      await replica.close();`;
    assert.deepEqual(run(founding, body), { lines: ['uncaught of the handler', 'a,b,c'], status: 0 });
  });
});
