import assert from 'node:assert/strict';
import type { Assignment } from '../../executor/assignment.js';
import {
  complaintsMax,
  finalTellingsMax,
  handoverMsMax,
  helloTimeoutMs,
  leftoverGraceMs,
  surrenderMs,
} from '../../executor/limits.js';
import { updateIntervalMs } from '../../executor/report.js';
import type { ChildExit, TaskEvent } from '../../executor/task-types.js';
import { Drive, exit, kill, launched, plain, replicated, running, types, updates } from './drive.js';
import { assignment, encode, helloLine, hook, replica, stateLine } from './fixtures.js';

describe('executor task: launch', () => {
  it('reports STARTING, starts the program, and reports RUNNING at spawn for a plain task', () => {
    const drive = launched(plain);
    assert.deepEqual(types(drive.all), ['update', 'start']);
    assert.deepEqual(drive.states, ['TASK_STARTING']);
    drive.on({ type: 'childSpawned', pid: 1 });
    assert.deepEqual(drive.states, ['TASK_STARTING', 'TASK_RUNNING']);
  });

  it('reports RUNNING of a replica at hello, not before, with the report when there is one', () => {
    const drive = launched(replicated);
    drive.on({ type: 'childSpawned', pid: 1 });
    drive.line(stateLine({ role: 'learner' }));
    drive.pass(1000);
    assert.deepEqual(drive.states, ['TASK_STARTING']);
    drive.line(helloLine);
    assert.deepEqual(drive.states, ['TASK_STARTING', 'TASK_RUNNING']);
    const report = updates(drive.all).at(-1)?.report;
    assert.deepEqual([report?.group, report?.slot, report?.member, report?.pid], ['/demo/ledger@1', 0, 1, 4711]);
    assert.deepEqual([report?.role, report?.lagEntries], ['learner', 2]);
  });

  it('tells how the snapshot of a joiner comes before its program runs, and waits for hello meanwhile', () => {
    const drive = launched(replicated);
    drive.on({ type: 'childSpawned', pid: 1 });
    for (let bytesDone = 0; bytesDone < 10; bytesDone++) {
      drive.line(stateLine({ role: 'learner', joining: { provider: bytesDone && 2, bytesDone, bytesTotal: 10 } }));
      drive.pass(helloTimeoutMs - 1000);
    }
    const told = drive.all.flatMap((action) => ('report' in action && action.report ? [action.report] : []));
    assert.deepEqual([told.at(-1)?.joining?.bytesDone, told.at(-1)?.pid], [9, null]);
    assert.ok(updates(drive.all).length <= 3, 'bytes that move are no status updates');
    assert.deepEqual([...new Set(drive.states)], ['TASK_STARTING']);
    assert.deepEqual(types(drive.pass(2000)), ['probe']);
  });

  for (const [name, data, message] of [
    ['no data', null, /has no data/],
    ['data that is not JSON', 'AAAA', /not base64 of JSON/],
    ['another task id', encode({ ...plain, taskId: 'other' }), /taskId is "other"; it must be the task's id/],
    ['an empty argv', encode({ ...plain, command: { argv: [] } }), /command\.argv is empty/],
    ['a negative grace', encode({ ...plain, killGraceMs: -1 }), /killGraceMs is -1; it must be a whole number from 0/],
    [
      'a line break in the group',
      encode(assignment({ replica: { ...replica, group: 'a\nsecret=0' } })),
      /replica\.group/,
    ],
    [
      'a short secret',
      encode(assignment({ replica: { ...replica, secretHex: 'abcd' } })),
      /replica\.secretHex is "\(hidden\)"/,
    ],
    [
      'a line break in the file of a snapshot',
      encode(assignment({ replica: { ...replica, snapshot: { ...hook, file: 'a\nsecret=0' } } })),
      /replica\.snapshot\.file/,
    ],
    [
      'a path in the file of a snapshot',
      encode(assignment({ replica: { ...replica, snapshot: { ...hook, file: '../a' } } })),
      /replica\.snapshot\.file is "\.\.\/a"/,
    ],
    [
      'a group that is no path',
      encode(assignment({ replica: { ...replica, group: '..' } })),
      /replica\.group is "\.\."/,
    ],
    [
      'data that is nested without end',
      Buffer.from(`${'['.repeat(1e5)}${']'.repeat(1e5)}`).toString('base64'),
      /not base64 of JSON/,
    ],
    [
      'an id without end',
      encode({ ...plain, appId: `/${'x'.repeat(5000)}` }),
      /appId is .*; it must be text in one line of at most 4096 characters/,
    ],
    [
      'a comma in a host',
      encode(assignment({ replica: { ...replica, peers: [{ ...replica.self, host: 'a,b' }] } })),
      /peers\[0\]\.host/,
    ],
  ] as const) {
    it(`fails a launch with ${name}, naming the field`, () => {
      const drive = new Drive();
      drive.on({ type: 'agentConnected', killingState: true }, { type: 'launched', taskId: plain.taskId, data });
      assert.deepEqual(drive.states, ['TASK_STARTING', 'TASK_FAILED']);
      assert.match(drive.final.message ?? '', message);
    });
  }

  it('passes on why the program was not started', () => {
    const drive = launched(replicated);
    drive.on({ type: 'refused', message: 'The program "redis-serverr" was not found.' });
    assert.deepEqual(
      [drive.final.state, drive.final.message],
      ['TASK_FAILED', 'The program "redis-serverr" was not found.'],
    );
  });

  it('fails a second task and lets the first live; a repeated LAUNCH changes nothing', () => {
    const drive = running(plain);
    const [refusal] = updates(drive.on({ type: 'launched', taskId: 'second', data: encode(plain) }));
    assert.deepEqual([refusal?.taskId, refusal?.state, refusal?.final], ['second', 'TASK_FAILED', false]);
    assert.deepEqual(drive.on({ type: 'launched', taskId: plain.taskId, data: encode(plain) }), []);
    assert.deepEqual(
      drive.on(kill).map((action) => action.type),
      ['update', 'signal'],
    );
  });
});

describe('executor task: a replica that does not come up', () => {
  for (const [listening, message] of [
    ['no', /did not listen on port 31001 within 30\.0 s/],
    ['yes', /listens on port 31001 but not through the interposer/],
    ['unknown', /was not seen to listen on port 31001/],
  ] as const) {
    it(`without hello, listening: ${listening}: is ended and fails with the reason`, () => {
      const drive = launched(replicated);
      drive.on({ type: 'childSpawned', pid: 1 });
      assert.deepEqual(drive.pass(helloTimeoutMs - 100), []);
      assert.deepEqual(drive.pass(100), [{ type: 'probe', port: 31001 }]);
      const actions = drive.on({ type: 'probed', listening });
      assert.deepEqual(types(actions), ['signal']);
      drive.on({ type: 'childExited', exit: { ...exit, code: null, signal: 'SIGTERM' } }, { type: 'reaped' });
      assert.equal(drive.final.state, 'TASK_FAILED');
      assert.match(drive.final.message ?? '', message);
    });
  }

  it('fails with what the interposer said before it gave up', () => {
    const drive = launched(replicated);
    drive.on({ type: 'childSpawned', pid: 1 });
    drive.line(JSON.stringify({ type: 'fatal', message: 'Port 31000 is taken: choose another.' }));
    drive.on({ type: 'childExited', exit: { ...exit, code: 1 } }, { type: 'reaped' });
    assert.match(
      drive.final.message ?? '',
      /^Port 31000 is taken: choose another\. The program exited with status 1 after 1\.5 s\./,
    );
  });

  it('removes what a new member kept that ended before its hello, and nothing of one that may return', () => {
    for (const [returns, hello, forgets] of [
      [false, false, true],
      [false, true, false],
      [true, false, false],
    ] as const) {
      const disk = { ...replica, durability: 'disk' as const, dataDirectory: '/data', returns };
      const drive = launched(assignment({ replica: disk }));
      drive.on({ type: 'childSpawned', pid: 1 });
      if (hello) drive.line(helloLine);
      drive.on({ type: 'childExited', exit: { ...exit, code: 70 } });
      assert.equal(types(drive.on({ type: 'reaped' })).includes('forget'), forgets);
    }
  });

  it('says at its end, and not before, that what its member kept cannot be used', () => {
    for (const condemned of [true, false]) {
      const drive = running(replicated);
      drive.on({ type: 'childExited', exit, condemned }, { type: 'reaped' });
      const told = updates(drive.all).map(({ findings }) => findings.labels?.labels?.[0]?.key);
      assert.deepEqual(told.slice(0, -1).filter(Boolean), []);
      assert.equal(told.at(-1), condemned ? 'cannotReturn' : undefined);
    }
  });

  it('ends a server that gave up or closed its channel, but lives on', () => {
    for (const event of [
      { type: 'controlLine', line: '{"type":"fatal","message":"No."}' },
      { type: 'controlClosed' },
    ] as TaskEvent[]) {
      const drive = running(replicated);
      drive.on(event);
      assert.deepEqual(types(drive.pass(surrenderMs - 100)), []);
      assert.ok(
        drive.pass(100 + handoverMsMax).some((action) => action.type === 'signal' && action.signal === 'SIGTERM'),
      );
    }
  });

  it('drops lines that are not messages and says so', () => {
    const drive = running(replicated);
    for (const line of ['', 'x', '{}', '{"type":"hello"}', '{"type":"state"}', '[]', 'null', stateLine({ term: -1 })]) {
      assert.deepEqual(types(drive.line(line)), ['log'], line);
    }
    for (let lines = 0; lines < 10_000; lines++) drive.line('x');
    assert.ok(drive.all.filter((action) => action.type === 'log').length < 50, 'the log has a limit');
  });
});

describe('executor task: exits', () => {
  const ended = (what: Assignment, change: Partial<ChildExit>) => {
    const drive = running(what);
    assert.deepEqual(drive.on({ type: 'childExited', exit: { ...exit, ...change } }), [
      { type: 'reap', graceMs: leftoverGraceMs },
    ]);
    drive.on({ type: 'reaped' });
    return drive.final;
  };

  it('status 0 finishes a plain task and fails a replica', () => {
    assert.equal(ended(plain, {}).state, 'TASK_FINISHED');
    const final = ended(replicated, {});
    assert.equal(final.state, 'TASK_FAILED');
    assert.match(final.message ?? '', /exited with status 0 after 1\.5 s/);
  });

  it('names status, life time and last lines, signal, and a remedy for a taken port', () => {
    assert.match(
      ended(plain, { code: 3, lastLines: 'bad config' }).message ?? '',
      /status 3 after 1\.5 s\.\nIts last lines:\nbad config/,
    );
    assert.match(ended(plain, { code: null, signal: 'SIGSEGV' }).message ?? '', /was ended by SIGSEGV after/);
    const taken = ended(replicated, { code: 1, lastLines: 'bind: Address already in use' });
    assert.match(taken.message ?? '', /Port 31001 on this host is taken by another process: .*\nIts last lines/);
  });
});

describe('executor task: an agent that does not do its part', () => {
  it('that comes and goes, and never acknowledges the end, is not waited for without end', () => {
    const drive = running(plain);
    drive.on({ type: 'childExited', exit }, { type: 'reaped' });
    for (let times = 1; times < finalTellingsMax; times += 1) {
      drive.on({ type: 'agentDisconnected' }, { type: 'agentConnected', killingState: true });
      drive.pass(1000);
    }
    assert.ok(!types(drive.all).includes('exit'));
    drive.on({ type: 'agentDisconnected' }, { type: 'agentConnected', killingState: true });
    assert.equal(types(drive.all).at(-1), 'exit');
  });

  it('of what makes no sense the log has some lines of each kind, and short ones', () => {
    const drive = running(replicated);
    for (let times = 0; times < 1000; times += 1) {
      drive.on({ ...kill, taskId: 'x'.repeat(5000) }, { type: 'orderReceived', data: '!' });
      drive.on({ type: 'launched', taskId: `second.${times}`, data: null }, { type: 'eventLeftOut', problem: 'none' });
      drive.line('{}');
    }
    const told = drive.all.flatMap((action) =>
      action.type === 'log' && action.level === 'warn' ? [action.message] : [],
    );
    assert.equal(told.length, 5 * complaintsMax);
    assert.ok(told.every((text) => text.length < 1100));
    assert.equal(updates(drive.all).filter(({ taskId }) => taskId.startsWith('second')).length, complaintsMax);
  });
});

describe('executor task: kill', () => {
  it('KILLING, SIGTERM, SIGKILL after the grace period, KILLED when all of it is gone', () => {
    const drive = running(plain);
    assert.deepEqual(types(drive.on(kill)), ['update', 'signal']);
    assert.deepEqual(drive.pass(2900), []);
    assert.deepEqual(drive.pass(100), [{ type: 'signal', signal: 'SIGKILL' }]);
    drive.on({ type: 'childExited', exit: { ...exit, code: null, signal: 'SIGKILL' } }, { type: 'reaped' });
    assert.deepEqual(drive.states, ['TASK_STARTING', 'TASK_RUNNING', 'TASK_KILLING', 'TASK_KILLED']);
  });

  it('sends no KILLING to a framework that does not know it', () => {
    const drive = running(plain, false);
    drive.on(kill, { type: 'childExited', exit }, { type: 'reaped' });
    assert.deepEqual(drive.states, ['TASK_STARTING', 'TASK_RUNNING', 'TASK_KILLED']);
  });

  it('gives what is left of the session the rest of the grace period', () => {
    const drive = running(plain);
    drive.on(kill);
    drive.pass(1000);
    assert.deepEqual(drive.on({ type: 'childExited', exit }), [{ type: 'reap', graceMs: 2000 }]);
  });

  it('a server is told to stop; SIGTERM follows if it has not ended within the time for the hand-over', () => {
    const drive = running(replicated);
    drive.line(stateLine({ role: 'leader', leader: 1 }));
    assert.deepEqual(types(drive.on(kill)), ['update', 'control']);
    assert.ok(!types(drive.pass(handoverMsMax - 100)).includes('signal'));
    assert.deepEqual(drive.pass(100), [{ type: 'signal', signal: 'SIGTERM' }]);
    assert.deepEqual(drive.pass(replicated.killGraceMs), [{ type: 'signal', signal: 'SIGKILL' }]);
  });

  it('a server that ends itself at stop gets no SIGTERM', () => {
    const drive = running(replicated);
    drive.on(kill, { type: 'childExited', exit }, { type: 'reaped' });
    assert.ok(!types(drive.all).includes('signal'));
    assert.equal(drive.final.state, 'TASK_KILLED');
  });

  it('a server that has not said hello, or has closed its channel, gets SIGTERM at once', () => {
    const early = launched(replicated);
    early.on({ type: 'childSpawned', pid: 1 });
    assert.deepEqual(types(early.on(kill)), ['update', 'signal']);
    const deaf = running(replicated);
    deaf.on({ type: 'controlClosed' });
    assert.deepEqual(types(deaf.on(kill)), ['update', 'signal']);
  });

  it('tells the change of role while it is being killed, as KILLING', () => {
    const drive = running(replicated);
    drive.line(stateLine({ role: 'leader', leader: 1 }));
    drive.on(kill);
    drive.pass(updateIntervalMs);
    const [update] = updates(drive.line(stateLine({ role: 'follower' })));
    assert.deepEqual([update?.state, update?.report?.role], ['TASK_KILLING', 'follower']);
  });

  it('KILL carries a grace period of its own; a second KILL shortens the rest and never lengthens it', () => {
    const drive = running(plain);
    drive.on({ ...kill, graceMs: 10_000 });
    drive.pass(1000);
    drive.on({ ...kill, graceMs: 500 });
    drive.on({ ...kill, graceMs: 60_000 });
    assert.deepEqual(drive.pass(400), []);
    assert.deepEqual(drive.pass(100), [{ type: 'signal', signal: 'SIGKILL' }]);
  });

  it('killed before the program started: KILLED, whether it starts or not', () => {
    const late = launched(plain);
    late.on(kill);
    assert.deepEqual(late.on({ type: 'childSpawned', pid: 1 }).slice(-1), [{ type: 'signal', signal: 'SIGTERM' }]);
    late.on({ type: 'childExited', exit }, { type: 'reaped' });
    assert.deepEqual(late.states, ['TASK_STARTING', 'TASK_KILLING', 'TASK_KILLED']);

    const never = launched(plain);
    never.on(kill, { type: 'refused', message: 'no' });
    assert.equal(never.final.state, 'TASK_KILLED');
  });

  it('killed twice before the program started: KILLING once, and the first reason stays', () => {
    const drive = launched(plain);
    drive.on(kill, kill, { type: 'shutdownRequested', budgetMs: 5000 }, { type: 'refused', message: 'no' });
    assert.deepEqual(drive.states, ['TASK_STARTING', 'TASK_KILLING', 'TASK_KILLED']);
    assert.equal(drive.final.message, 'Killed on request.');
  });

  it('forgets what a member kept on disk when the framework kills it, and only then', () => {
    const kept = assignment({ replica: { ...replica, durability: 'disk', dataDirectory: '/data' } });
    const killed = running(kept);
    killed.on(kill, { type: 'childExited', exit });
    assert.deepEqual(types(killed.on({ type: 'reaped' })), ['forget', 'update']);
    const shutDown = running(kept);
    shutDown.on({ type: 'shutdownRequested', budgetMs: 5000 }, { type: 'childExited', exit });
    assert.deepEqual(types(shutDown.on({ type: 'reaped' })), ['update']);
  });

  it('ignores a KILL of another task', () => {
    assert.deepEqual(types(running(plain).on({ ...kill, taskId: 'other' })), ['log']);
  });

  it("SHUTDOWN: hand-over, SIGTERM and SIGKILL fit into the agent's patience", () => {
    const drive = running(assignment({ replica, killGraceMs: 60_000 }));
    drive.line(stateLine({ role: 'leader', leader: 1 }));
    drive.on({ type: 'shutdownRequested', budgetMs: 5000 });
    const signals = drive.pass(4000).filter((action) => action.type === 'signal');
    assert.deepEqual(
      signals.map((action) => action.signal),
      ['SIGTERM', 'SIGKILL'],
    );
  });

  it('SHUTDOWN without a task ends the executor', () => {
    assert.deepEqual(new Drive().on({ type: 'shutdownRequested', budgetMs: 5000 }), [{ type: 'exit' }]);
  });
});
