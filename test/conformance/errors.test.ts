import assert from 'node:assert/strict';
import { type RawRequest, send } from './raw-http.js';
import { frameworkInfo, RawScheduler } from './scheduler.js';
import { startTarget, type Target } from './target.js';

const PATH = '/api/v1/scheduler';

describe('conformance: status codes and error texts', () => {
  let target: Target;
  let scheduler: RawScheduler;
  before(async () => {
    target = await startTarget();
    scheduler = await RawScheduler.subscribe(target.masterUrl, frameworkInfo());
  });
  after(async () => {
    await scheduler.teardown();
    await target.stop();
  });

  const request = (changes: RawRequest, body: object | string = { type: 'REVIVE' }) => {
    const framework_id = { value: scheduler.frameworkId };
    const text = typeof body === 'string' ? body : JSON.stringify({ framework_id, ...body });
    const headers = {
      'Content-Type': 'application/json',
      'Mesos-Stream-Id': String(scheduler.headers['mesos-stream-id']),
    };
    return send(target.masterUrl, { path: PATH, headers, body: text, ...changes });
  };
  const json = { 'Content-Type': 'application/json' };

  const calls: [string, RawRequest, object | string, number, string][] = [
    ['GET', { method: 'GET' }, '', 405, "405 Method Not Allowed. Expecting one of { 'POST' }, but received 'GET'."],
    ['no Content-Type', { headers: {} }, {}, 400, "Expecting 'Content-Type' to be present"],
    [
      'other Content-Type',
      { headers: { 'Content-Type': 'text/plain' } },
      {},
      415,
      "Expecting 'Content-Type' of application/json or application/x-protobuf",
    ],
    [
      'Content-Type with charset',
      { headers: { 'Content-Type': 'application/json; charset=utf-8' } },
      {},
      415,
      "Expecting 'Content-Type' of application/json or application/x-protobuf",
    ],
    ['no JSON', {}, '{"type":', 400, 'Failed to parse body into JSON: syntax error at line 1 near: '],
    ['an array', {}, '[]', 400, 'Failed to convert JSON into Call protobuf: Expecting a JSON object'],
    ['no type', {}, { type: undefined }, 400, "Failed to validate scheduler::Call: Expecting 'type' to be present"],
    ['unknown type', {}, { type: 'FROB' }, 400, "Failed to validate scheduler::Call: Expecting 'type' to be present"],
    [
      'lower-case type',
      {},
      { type: 'revive' },
      400,
      "Failed to validate scheduler::Call: Expecting 'type' to be present",
    ],
    [
      'numeric type',
      {},
      { type: 5 },
      400,
      "Failed to convert JSON into Call protobuf: Not expecting a JSON number for field 'type'",
    ],
    [
      'id as a string',
      {},
      { type: 'REVIVE', framework_id: 'x' },
      400,
      "Failed to convert JSON into Call protobuf: Not expecting a JSON string for field 'framework_id'",
    ],
    [
      'no framework_id',
      {},
      { type: 'REVIVE', framework_id: undefined },
      400,
      "Failed to validate scheduler::Call: Expecting 'framework_id' to be present",
    ],
    ['unknown framework', {}, { type: 'REVIVE', framework_id: { value: 'nope' } }, 400, 'Framework cannot be found'],
    [
      'no stream id',
      { headers: json },
      { type: 'REVIVE' },
      400,
      "All non-subscribe calls should include the 'Mesos-Stream-Id' header",
    ],
    [
      'ACCEPT without accept',
      {},
      { type: 'ACCEPT' },
      400,
      "Failed to validate scheduler::Call: Expecting 'accept' to be present",
    ],
    [
      'RECONCILE without reconcile',
      {},
      { type: 'RECONCILE' },
      400,
      "Failed to validate scheduler::Call: Expecting 'reconcile' to be present",
    ],
    [
      'KILL without task_id',
      {},
      { type: 'KILL', kill: {} },
      400,
      'Failed to convert JSON into Call protobuf: Missing required fields: kill.task_id',
    ],
    [
      'SUBSCRIBE with a stream id',
      {},
      { type: 'SUBSCRIBE', framework_id: undefined, subscribe: { framework_info: frameworkInfo() } },
      400,
      "Subscribe calls should not include the 'Mesos-Stream-Id' header",
    ],
    [
      'SUBSCRIBE for HTML',
      { headers: { ...json, Accept: 'text/html' } },
      { type: 'SUBSCRIBE', framework_id: undefined, subscribe: { framework_info: frameworkInfo() } },
      406,
      "Expecting 'Accept' to allow 'application/x-protobuf' or 'application/json'",
    ],
    [
      'SUBSCRIBE without a name',
      { headers: json },
      { type: 'SUBSCRIBE', framework_id: undefined, subscribe: { framework_info: { user: 'root' } } },
      400,
      'Failed to convert JSON into Call protobuf: Missing required fields: subscribe.framework_info.name',
    ],
    [
      'SUBSCRIBE with one id only',
      { headers: json },
      { type: 'SUBSCRIBE', framework_id: { value: 'a' }, subscribe: { framework_info: frameworkInfo() } },
      400,
      "Failed to validate scheduler::Call: 'framework_id' differs from 'subscribe.framework_info.id'",
    ],
    ['an unknown path', { path: '/nope' }, {}, 404, '404 Not Found.'],
  ];
  for (const [what, changes, body, status, text] of calls) {
    it(`${what}: ${status}`, async () => {
      const answer = await request(changes, body);
      assert.equal(answer.status, status);
      assert.equal(answer.text, text);
      assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8');
      if (status === 405) assert.equal(answer.headers.allow, 'POST');
    });
  }

  it('a wrong stream id: 400 that names it', async () => {
    const answer = await request({ headers: { ...json, 'Mesos-Stream-Id': 'abc' } });
    const wanted = `The stream ID 'abc' included in this request didn't match the stream ID currently associated with framework ID ${scheduler.frameworkId}`;
    assert.deepEqual([answer.status, answer.text], [400, wanted]);
  });

  it('acknowledgements with what is not a UUID: 400', async () => {
    const ids = { agent_id: { value: 'a' }, task_id: { value: 't' } };
    const acknowledge = (uuid: string) => request({}, { type: 'ACKNOWLEDGE', acknowledge: { ...ids, uuid } });
    const bad = await acknowledge('***');
    assert.equal(
      bad.text,
      "Failed to convert JSON into Call protobuf: Failed to base64 decode bytes field 'uuid': Invalid character '*'",
    );
    for (const uuid of ['AAAA', 'BwcHBwcHBwcHBwcHBwcHBw==']) {
      const answer = await acknowledge(uuid);
      assert.deepEqual([answer.status, answer.text], [400, 'Failed to validate scheduler::Call: Not a valid UUID']);
    }
  });

  it('accepts unknown fields, a bad Accept on a call, a trailing slash and the prefix /master', async () => {
    assert.equal((await request({}, { type: 'REVIVE', bogus: 1 })).status, 202);
    const headers = { ...json, Accept: 'text/html', 'Mesos-Stream-Id': String(scheduler.headers['mesos-stream-id']) };
    const answers = [
      await request({ headers }),
      await request({ path: `${PATH}/` }),
      await request({ path: `/master${PATH}` }),
    ];
    for (const answer of answers) {
      assert.equal(answer.status, 202);
      assert.equal(answer.headers['content-length'], '0');
    }
  });

  it('UPDATE_FRAMEWORK: 200, and 400 for a changed user', async () => {
    const update = (changes: object) => {
      const info = { ...frameworkInfo(), id: { value: scheduler.frameworkId }, ...changes };
      return request({}, { type: 'UPDATE_FRAMEWORK', update_framework: { framework_info: info } });
    };
    assert.equal((await update({ roles: ['conformance', 'another'] })).status, 200);
    const refused = await update({ user: 'nobody' });
    assert.equal(refused.status, 400);
    assert.equal(
      refused.text,
      "FrameworkInfo update is not valid: Updating 'FrameworkInfo.user' is unsupported; attempted to update from 'root' to 'nobody'",
    );
  });
});
