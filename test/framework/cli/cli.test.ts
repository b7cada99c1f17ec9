import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ReplicaReport } from '../../../executor/assignment.js';
import { ledger, type Served, serveEach } from './served.js';

const at = serveEach();
const gaia: Served['gaia'] = (...words) => at().gaia(...words);
const json: Served['json'] = (...words) => at().json(...words);

describe('gaia app', () => {
  it('adds from JSON, YAML and standard input, and waits for the deployment', async () => {
    at().service.viewsPerDeployment = 3;
    const added = await gaia(['app', 'add', at().specFile(JSON.stringify(ledger))]);
    assert.equal(added.code, 0, added.stderr);
    assert.match(added.stdout, /step 1 of 1: ScaleApplication – \/demo\/ledger: replica 0 starts/);
    assert.match(
      added.stdout,
      /leader +agent-1 +zone a, rack r1 +127\.0\.0\.1:31000 +0 +shm +exact +40000 +TASK_RUNNING/,
    );
    const yaml = await json(['app', 'add', at().specFile('# a comment\nid: /web\ncmd: sleep 100\n')]);
    assert.deepEqual([yaml.code, yaml.value.ok, yaml.value.app.id, yaml.value.deployment], [0, true, '/web', 'ended']);
    assert.equal((await gaia(['app', 'add', '-'], 'id: /in\ncmd: sleep 1')).code, 0);
  });

  it('adds several apps of one file, and tells what there is in every form', async () => {
    const text = 'id: /one\ncmd: sleep 1\n---\nid: /two\ncmd: sleep 1\n';
    const { code, value } = await json(['app', 'add', '-'], text);
    const ids = value.results.map(({ app }: any) => app.id);
    assert.deepEqual([code, ids], [0, ['/one', '/two']]);
    assert.equal((await gaia(['app', 'list', '-o', 'name'])).stdout, '/one\n/two\n');
    const yaml = await gaia(['app', 'list', '--output', 'yaml']);
    assert.match(yaml.stdout, /^ok: true\napps:\n {2}- [\s\S]*\n {4}id: \/one\n[\s\S]*version: "20/);
    assert.equal(yaml.stderr, '');
    const narrow = await gaia(['app', 'list'], '', { COLUMNS: '34' });
    assert.match(narrow.stdout, /not shown, for want of room: .*PROGRAM/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: looks for colour codes
    assert.match((await gaia(['app', 'list', '--color=always'])).stdout, /\u001b\[1mID/);
    assert.equal((await gaia(['plan', '-'], text)).code, 2);
    assert.equal((await gaia(['app', 'add', '-'], '# nothing\n')).code, 2);
  });

  it('goes back to a version that is kept', async () => {
    await gaia(['app', 'add', '-'], JSON.stringify(ledger));
    await gaia(['app', 'add', '-', '--update'], JSON.stringify({ ...ledger, mem: 64 }));
    const { versions } = (await json(['app', 'versions', '/demo/ledger'])).value;
    assert.equal(versions.length, 2);
    const back = await json(['app', 'rollback', '/demo/ledger', versions[1]]);
    assert.deepEqual([back.code, back.value.app.mem], [0, 128], JSON.stringify(back.value));
  });

  it('does not wait with --detach and gives up after --timeout', async () => {
    at().service.viewsPerDeployment = 100_000;
    const detached = await json(['app', 'add', '-', '--detach'], JSON.stringify(ledger));
    assert.deepEqual([detached.code, detached.value.deployment], [0, 'running']);
    const late = await json(['app', 'restart', '/demo/ledger', '--timeout', '1']);
    assert.deepEqual([late.code, late.value.ok, late.value.error.exitCode], [5, false, 5]);
    assert.match(late.value.error.remedy, /deployment cancel/);
  });

  it('names the failure that keeps a deployment from ending', async () => {
    at().service.viewsPerDeployment = 100_000;
    await gaia(['app', 'add', '-', '--detach'], JSON.stringify(ledger));
    const failing = gaia(['app', 'scale', '/demo/ledger', '5', '--timeout', '2']);
    await waitFor(() => at().service.commands.length === 2);
    at().service.change('/demo/ledger', (app) => {
      const { id: appId, version } = app.spec;
      const at = { taskId: 't1', host: 'agent-1', agentId: 'S1', timestamp: version };
      app.lastTaskFailure = { appId, version, ...at, state: 'TASK_FAILED', message: 'no such program\nits last line' };
    });
    const { code, stdout, stderr } = await failing;
    assert.equal(code, 5);
    assert.match(stdout, /last failure: TASK_FAILED no such program/);
    assert.match(stderr, /has not ended after 2 s: .*no such program …/);
  });

  it('shows, scales, restarts, lists and removes', async () => {
    assert.equal((await gaia(['app', 'add', '-'], JSON.stringify(ledger))).code, 0);
    const shown = await gaia(['app', 'show', 'demo/ledger']);
    assert.match(shown.stdout, /\/demo\/ledger {2}whole/);
    assert.match(shown.stdout, /leader: slot 0 at 127\.0\.0\.1:31000, term 1/);
    assert.match(shown.stdout, /shm: same host/);
    assert.match(shown.stdout, /not connected to member 8: tcp ended: Connection timed out/);
    assert.match(shown.stdout, /What happened\n.*replica 0 leads in term 1/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: looks for colour codes
    assert.doesNotMatch(shown.stdout, /\u001b/);
    assert.equal((await json(['app', 'scale', '/demo/ledger', '5'])).value.app.instances, 5);
    assert.equal((await gaia(['app', 'restart', '/demo/ledger'])).code, 0);
    assert.match((await gaia(['app', 'list'])).stdout, /\/demo\/ledger +5\/5 +replicated/);
    assert.match((await gaia(['app', 'remove', '/demo/ledger'])).stdout, /is removed/);
    assert.deepEqual((await json(['app', 'list'])).value.apps, []);
  });

  it('shows what replicas keep and how far a joiner has come', async () => {
    await gaia(['app', 'add', '-'], JSON.stringify(ledger));
    const report = (slot: number, change: Partial<ReplicaReport>) =>
      at().service.change('/demo/ledger', (app) => {
        const replica = app.tasks[slot]?.replica;
        if (replica?.report) replica.report = { ...replica.report, ...change };
      });
    report(0, { journalFrom: 3001, journalTo: 5021, snapshotIndex: 4000, persistedIndex: 5020 });
    report(1, { joining: { provider: 1, bytesDone: 0, bytesTotal: 0 } });
    report(2, { joining: { provider: 1, bytesDone: 554_051_174, bytesTotal: 1_288_490_189 } });
    const shown = (await gaia(['app', 'show', '/demo/ledger'])).stdout;
    const kept = 'entries 3,001 to 5,021, a snapshot of entry 4,000, on its disk up to entry 5,020';
    assert.ok(shown.includes(`slot 0 keeps ${kept}\n`), shown);
    assert.ok(shown.includes('replica in slot 1 joins: waits for a snapshot of the group\n'), shown);
    assert.ok(shown.includes('replica in slot 2 joins: 43 % of 1.2 GiB from member 1\n'), shown);
  });

  it('updates with --update and says what was ignored', async () => {
    const first = await gaia(['app', 'add', '-'], JSON.stringify({ ...ledger, colour: 'red' }));
    assert.match(first.stdout, /ignored, because unknown: \/colour/);
    assert.equal((await gaia(['app', 'add', '-'], JSON.stringify(ledger))).code, 4);
    assert.equal(
      (await json(['app', 'add', '-', '--update'], JSON.stringify({ ...ledger, mem: 64 }))).value.app.mem,
      64,
    );
  });

  it('tells what waits and why', async () => {
    const spread = [{ domain: 'zone', required: true }, { domain: 'rack', required: true, maxPerDomain: 2 }, 'host'];
    await gaia(['app', 'add', '-'], JSON.stringify({ ...ledger, replication: { spread } }));
    const spec = at().service.view().apps[0]?.spec;
    assert.ok(spec);
    const refusal = {
      agentId: 'a1',
      hostname: 'agent-9',
      rule: 'cpus',
      asked: 2,
      free: 1,
      missing: 1,
      sentence: '1 cpu is missing',
    };
    const counts = { processedOffersCount: 1, unusedOffersCount: 1, declinedFor: { cpus: 2, closed: 1 } };
    at().service.queue = [
      {
        appId: spec.id,
        spec,
        count: 1,
        delaySecondsLeft: 7.2,
        since: spec.version,
        ...counts,
        waitsFor: 'cpus',
        refusals: [refusal],
        sentence: 'no agent has 2 cpus',
        earmark: {
          since: spec.version,
          until: '2026-01-02T10:05:00.000Z',
          agents: [
            { agentId: 'a1', hostname: 'agent-9', replicas: 1 },
            { agentId: 'a2', hostname: 'agent-8', replicas: 2 },
          ],
        },
      },
    ];
    const shown = (await gaia(['app', 'show', '/demo/ledger'])).stdout;
    assert.match(shown, /1 to be placed since .*: no agent has 2 cpus\n {2}next attempt in 8 s\n/);
    assert.match(
      shown,
      / {2}until .* what it needs on agent-9, agent-8 \(2 times\) is given to no other\n {4}1 cpu is missing/,
    );
    const explained = (await gaia(['explain', '/demo/ledger'])).stdout;
    assert.match(explained, /spread over zone \(never a majority in one\), then rack \(at most 2 each\), then host\n/);
    assert.match(explained, /replica 0 is on agent-1, zone a, rack r1\n {4}score 0\.750/);
    assert.match(explained, / {6}agent-9: asks for 0\.5 cpus, 0\.1 are free/);
    assert.match((await gaia(['status'])).stdout, /waiting \/demo\/ledger: 1 to be placed; no agent has 2 cpus/);
  });
});

describe('gaia up, when a cluster runs already', () => {
  it('tells the addresses of the replicas and what to try', async () => {
    await gaia(['app', 'add', '-'], JSON.stringify(ledger));
    const { directory, url } = at();
    const framework = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)', directory], { stdio: 'ignore' });
    try {
      const record = {
        directory,
        apiUrl: url,
        masterUrl: 'http://127.0.0.1:1',
        frameworkPid: framework.pid,
        running: true,
      };
      writeFileSync(join(directory, 'gaia-up.json'), JSON.stringify(record));
      const { code, stdout } = await gaia(['up', '--directory', directory]);
      assert.equal(code, 0);
      assert.match(stdout, new RegExp(`A cluster runs already: API at ${url}`));
      assert.match(stdout, /0 +leader +127\.0\.0\.1:31000 +agent-1 +zone a, rack r1 +40000\n/);
      assert.match(stdout, /redis-cli -p 31010 set k v\n +redis-cli -p 31000 get k\n/);
      assert.match(stdout, /kill -9 40000\n/);
      assert.match(stdout, new RegExp(`gaia explain /demo/ledger --api ${url}\n`));
    } finally {
      framework.kill('SIGKILL');
    }
  });
});

describe('gaia app transfer', () => {
  it('moves leadership and waits until it has', async () => {
    await gaia(['app', 'add', at().specFile(JSON.stringify(ledger))]);
    const named = await gaia(['app', 'transfer', '/demo/ledger', '--to', '2']);
    assert.equal(named.code, 0, named.stderr);
    assert.match(named.stdout, /\/demo\/ledger: the replica in slot 2 at 127\.0\.0\.1:31020 leads in term 2\./);
    assert.equal((await json(['app', 'transfer', '/demo/ledger'])).value.leader.slot, 1);
    const late = await json(['app', 'transfer', '/demo/ledger', '--timeout', '1']);
    assert.deepEqual([late.code, late.value.error.exitCode], [5, 5]);
    assert.equal((await gaia(['app', 'transfer', '/demo/ledger', '--to', '9'])).code, 2);
  });
});

describe('gaia: what goes wrong', () => {
  it('ends with 2 on wrong usage and says where help is', async () => {
    for (const args of [
      ['app', 'scale', '/x', 'many'],
      ['nonsense'],
      ['app', 'show'],
      ['app', 'list', '--colour'],
      ['app', 'show', '/'],
    ]) {
      const run = await gaia(args);
      assert.equal(run.code, 2, args.join(' '));
      assert.notEqual(run.stderr, '');
    }
    const unreadable = await json(['app', 'add', join(at().directory, 'none')]);
    assert.deepEqual([unreadable.code, unreadable.value.error.exitCode], [2, 2]);
    assert.deepEqual((await json(['app', 'scale', '/x', 'many'])).value.ok, false);
  });

  it('names line and column of a malformed spec', async () => {
    const run = await gaia(['app', 'add', at().specFile('id: /x\ncmd: [sleep\n')]);
    assert.equal(run.code, 2);
    assert.match(run.stderr, /spec, line 3, column 1: /);
  });

  it('ends with 3 when nothing answers', async () => {
    await at().api.close();
    const { code, value } = await json(['status']);
    assert.deepEqual([code, value.error.exitCode], [3, 3]);
    assert.match(value.error.remedy, /gaia up/);
  });

  it('ends with 4 when the API refuses, with its reasons', async () => {
    const run = await gaia(['app', 'add', '-'], JSON.stringify({ ...ledger, instances: 12, cpus: 'two' }));
    assert.equal(run.code, 4);
    assert.match(run.stderr, /\/cpus: error\.expected\.jsnumber – cpus is "two"; give a number without quotes/);
  });

  it('ends with 6 when there is nothing of this name, and says which may be meant', async () => {
    await gaia(['app', 'add', '-'], JSON.stringify(ledger));
    const near = await gaia(['app', 'show', '/demo/legder']);
    assert.equal(near.code, 6);
    assert.match(near.stderr, /App '\/demo\/legder' does not exist\nDid you mean \/demo\/ledger\?\n/);
    assert.match((await gaia(['explain', '/nothing/like/it'])).stderr, /See those there are with: .*gaia app list/);
    for (const command of [['explain'], ['app', 'transfer']])
      assert.match((await gaia([...command, '/none'])).stderr, /App '\/none' does not exist\n/);
    assert.match((await gaia(['group', 'show', '/dmo'])).stderr, /Did you mean \/demo\?/);
  });

  it('prefers --api to the environment', async () => {
    assert.equal((await gaia(['status', '--api', at().url], '', { GAIA_API: 'http://127.0.0.1:1' })).code, 0);
    assert.equal((await gaia(['status', '--api', 'elsewhere'])).code, 2);
  });
});

async function waitFor(condition: () => boolean): Promise<void> {
  for (const deadlineMs = Date.now() + 10_000; !condition(); await sleep(10)) {
    assert.ok(Date.now() < deadlineMs, 'waited for 10 s');
  }
}
