import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answerOperator } from '../../../framework/mesos-local/agent/operator-call.js';

describe('mesos-local: files of sandboxes through the operator API', () => {
  let work: string;
  let sandboxes: { root: string; agentId: string };
  beforeEach(() => {
    work = mkdtempSync(join(tmpdir(), 'gaia-files-'));
    sandboxes = { root: join(work, 'slaves'), agentId: 'S1' };
    const runs = join(sandboxes.root, 'S1/frameworks/f/executors/e/runs');
    mkdirSync(join(runs, 'c'), { recursive: true });
    symlinkSync(join(runs, 'c'), join(runs, 'latest'));
    writeFileSync(join(runs, 'c/stdout'), 'hello €');
    writeFileSync(join(work, 'secret'), 'secret');
    symlinkSync(join(work, 'secret'), join(runs, 'c/link'));
  });
  afterEach(() => rmSync(work, { recursive: true }));

  const latest = '/frameworks/f/executors/e/runs/latest';
  function read(path: string, offset = 0, length?: number): [number, string] {
    const call = { type: 'READ_FILE', read_file: { path, offset, ...(length !== undefined && { length }) } };
    const { read_file } = answerOperator(JSON.stringify(call), sandboxes) as {
      read_file: { size: number; data: string };
    };
    return [read_file.size, Buffer.from(read_file.data, 'base64').toString()];
  }

  it('are read by the name that Mesos gives to the newest sandbox, in parts', () => {
    assert.deepEqual(read(`${latest}/stdout`), [9, 'hello €']);
    assert.deepEqual(read(`${latest}/stdout`, 2, 3), [9, 'llo']);
    assert.deepEqual(read(`${latest}/stdout`, 0, 0), [9, '']);
    assert.deepEqual(read(`${latest}/stdout`, 100), [9, '']);
  });

  it('are nothing else of the machine', () => {
    for (const path of [
      `${latest}/../../../../../../../../secret`,
      `${latest}/link`,
      join(work, 'secret'),
      `${latest}/no`,
    ])
      assert.throws(() => read(path), { status: 404 }, path);
    assert.throws(() => read(latest), { status: 400 });
    assert.throws(() => read(`${latest}/stdout`, -1), { status: 400 });
    assert.throws(() => answerOperator('{"type":"READ_FILE"}', sandboxes), { status: 400 });
  });
});
