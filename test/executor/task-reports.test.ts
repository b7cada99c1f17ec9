import assert from 'node:assert/strict';
import { acknowledgementMs } from '../../executor/limits.js';
import { messageIntervalMs, updateIntervalMs } from '../../executor/report.js';
import type { TaskEvent } from '../../executor/task-types.js';
import { Drive, exit, kill, launched, plain, replicated, running, types, updates } from './drive.js';
import { encode, metrics, metricsLine, replica, stateLine } from './fixtures.js';

describe('executor task: reports', () => {
  it('a new role, term, leader, configuration, label, divergence or journal error is a status update', () => {
    for (const change of [
      { role: 'candidate' as const },
      { term: 2 },
      { leader: 3 },
      { configurationIndex: 7 },
      { configuration: [replica.self] },
      { label: 'checked' as const },
      { divergence: { index: 5, otherMember: 2, difference: null } },
      { journalError: 'No space left on device' },
    ]) {
      const drive = running(replicated);
      drive.line(stateLine());
      drive.pass(1000);
      const [update] = updates(drive.line(stateLine(change)));
      assert.equal(update?.state, 'TASK_RUNNING', JSON.stringify(change));
      assert.deepEqual({ ...update?.report, ...change }, update?.report);
    }
  });

  it('a storm of changes makes at most five updates a second, and the last state is told', () => {
    const drive = running(replicated);
    const before = updates(drive.all).length;
    for (let term = 2; term <= 101; term++) {
      drive.line(stateLine({ term }));
      drive.nowMs += 10;
    }
    drive.pass(updateIntervalMs);
    const told = updates(drive.all).slice(before);
    assert.ok(told.length >= 4 && told.length <= 6, `${told.length} updates in 1.2 s`);
    assert.equal(told.at(-1)?.report?.term, 101);
  });

  it('moving indices make one message every two seconds, and none when nothing moves', () => {
    const drive = running(replicated);
    drive.line(stateLine());
    drive.pass(updateIntervalMs);
    for (let index = 1; index <= 100; index++) {
      drive.line(stateLine({ appliedIndex: index, committedIndex: index }));
      drive.pass(100);
    }
    const messages = drive.all.filter((action) => action.type === 'message');
    assert.ok(messages.length >= 4 && messages.length <= 5, `${messages.length} messages in 10 s`);
    drive.pass(messageIntervalMs);
    assert.deepEqual(drive.pass(10 * messageIntervalMs), []);
  });

  it('metrics go with messages, every two seconds while they move, and make no status update', () => {
    const drive = running(replicated);
    drive.line(stateLine());
    drive.pass(messageIntervalMs);
    const updatesBefore = updates(drive.all).length;
    for (let elections = 1; elections <= 20; elections++) {
      drive.line(metricsLine({ elections }));
      drive.pass(500);
    }
    drive.pass(messageIntervalMs);
    const messages = drive.all.filter((action) => action.type === 'message');
    assert.ok(messages.length >= 4 && messages.length <= 7, `${messages.length} messages in 12 s`);
    assert.deepEqual(messages.at(-1)?.report.metrics, { ...metrics, elections: 20 });
    assert.equal(updates(drive.all).length, updatesBefore);
    const [update] = updates(drive.line(stateLine({ term: 2 })));
    assert.equal(update?.report?.metrics, null);
    assert.deepEqual(drive.pass(10 * messageIntervalMs), [], 'what was told with a message is not told again');
  });

  it('refused connections are logged when there are new ones, at most every ten seconds', () => {
    const drive = running(replicated);
    const logged = (counts: Record<string, number>) =>
      drive.line(metricsLine({ refusedConnections: counts })).filter((action) => action.type === 'log');
    assert.match(JSON.stringify(logged({ badSecret: 2 })), /refused connections to the consensus port: 2 badSecret"/);
    assert.deepEqual(logged({ badSecret: 500, timedOut: 3 }), []);
    drive.pass(10_000);
    assert.match(JSON.stringify(logged({ badSecret: 501, timedOut: 3 })), /499 badSecret, 3 timedOut"/);
    drive.pass(10_000);
    assert.deepEqual(logged({ badSecret: 501, timedOut: 3 }), []);
  });

  it('each reason why a member is not connected is logged once', () => {
    const drive = running(replicated);
    const peer = {
      member: 2,
      connected: false,
      transport: 'none',
      transportReason: 'its memory has layout 1',
      appliedIndex: 0,
    };
    const logged = (peers: (typeof peer)[]) =>
      drive.line(stateLine({ peers })).filter((action) => action.type === 'log');
    assert.match(JSON.stringify(logged([peer])), /not connected to member 2: its memory has layout 1"/);
    assert.deepEqual(logged([peer, { ...peer, member: 3, connected: true }]), []);
    assert.match(
      JSON.stringify(logged([peer, { ...peer, member: 4 }])),
      /not connected to member 4: its memory has layout 1"/,
    );
  });

  it('a distribution that is none is dropped with its line', () => {
    const drive = running(replicated);
    drive.line(stateLine());
    drive.pass(messageIntervalMs);
    for (const batchBytes of [null, { count: -1, sum: 0, buckets: [] }, { count: 1, sum: 1, buckets: [[1]] }]) {
      const [logged] = drive.line(metricsLine({ batchBytes: batchBytes as never }));
      assert.match(JSON.stringify(logged), /dropped a control line: batchBytes/);
    }
    assert.equal(drive.pass(messageIntervalMs).length, 0);
  });

  it('keeps quiet while the agent is away and tells the last state when it is back', () => {
    const drive = running(replicated);
    drive.on({ type: 'agentDisconnected' });
    drive.line(stateLine({ term: 2 }));
    drive.line(stateLine({ term: 3 }));
    assert.deepEqual(drive.pass(60_000), []);
    const [update, ...more] = updates(drive.on({ type: 'agentConnected', killingState: true }));
    assert.deepEqual([update?.report?.term, more], [3, []]);
  });
});

describe('executor task: orders', () => {
  it('become lines of the control channel', () => {
    const drive = running(replicated);
    const order = (data: unknown) => drive.on({ type: 'orderReceived', data: encode(data) });
    assert.deepEqual(order({ type: 'removeMember', slot: 2, member: 9 }), [{ type: 'control', line: 'remove 2 9' }]);
    assert.deepEqual(order({ type: 'transferLeadership', toMember: 4 }), [{ type: 'control', line: 'transfer 4' }]);
  });

  it('are dropped when they make no sense, and when there is nobody to carry them out', () => {
    const drive = running(replicated);
    for (const wrong of [
      { type: 'format' },
      { type: 'removeMember', slot: 9, member: 1 },
      { type: 'transferLeadership', toMember: '4\nstop' },
      7,
    ]) {
      assert.deepEqual(types(drive.on({ type: 'orderReceived', data: encode(wrong) })), ['log']);
    }
    const order: TaskEvent = { type: 'orderReceived', data: encode({ type: 'transferLeadership', toMember: 4 }) };
    assert.deepEqual(running(plain).on(order), []);
    assert.deepEqual(launched(replicated).on(order), []);
  });
});

describe('executor task: the agent', () => {
  it('the executor ends when the terminal update is acknowledged', () => {
    const drive = running(plain);
    drive.on({ type: 'childExited', exit }, { type: 'reaped' });
    assert.deepEqual(drive.on({ type: 'finalAcknowledged' }), [{ type: 'exit' }]);
    assert.deepEqual(drive.on(kill, { type: 'ticked' }), []);
  });

  it('waits a bounded time for the acknowledgement, counted while the agent is there', () => {
    const drive = running(plain);
    drive.on({ type: 'childExited', exit }, { type: 'agentDisconnected' }, { type: 'reaped' });
    assert.deepEqual(drive.pass(10 * acknowledgementMs), []);
    drive.on({ type: 'agentConnected', killingState: true });
    drive.pass(acknowledgementMs - 100);
    drive.on({ type: 'agentDisconnected' });
    assert.deepEqual(drive.pass(10 * acknowledgementMs), []);
    drive.on({ type: 'agentConnected', killingState: true });
    assert.deepEqual(drive.pass(acknowledgementMs - 100), []);
    assert.deepEqual(types(drive.pass(100)), ['log', 'exit']);
  });

  it('an agent that stays away ends program and executor', () => {
    const drive = running(plain);
    drive.on({ type: 'agentDisconnected' });
    assert.deepEqual(drive.on({ type: 'agentLost', message: 'gone' }), [{ type: 'signal', signal: 'SIGTERM' }]);
    drive.on({ type: 'childExited', exit });
    assert.deepEqual(types(drive.on({ type: 'reaped' })), ['update', 'exit']);
    assert.deepEqual(types(new Drive().on({ type: 'agentLost', message: 'gone' })), ['exit']);
  });
});
