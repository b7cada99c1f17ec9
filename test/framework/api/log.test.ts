/** What tasks have written, as it is read through the API. */
import assert from 'node:assert/strict';
import { wholeCharacters } from '../../../framework/api/log.js';
import { MesosError } from '../../../framework/mesos-http-client/index.js';
import { buildWith, call, freshApi, put, service, web } from './harness.js';

describe('API, logs of tasks', () => {
  freshApi();
  let written: Buffer;
  let asked: { agentUrl: string; path: string; bytesMax: number }[];
  let failure: Error | null;
  beforeEach(async () => {
    [written, asked, failure] = [Buffer.from('one\ntwo\n'), [], null];
    buildWith({
      readFile: async (agentUrl, path, offset, bytesMax) => {
        asked.push({ agentUrl, path, bytesMax });
        if (failure) throw failure;
        return { size: written.length, data: written.subarray(offset, offset + bytesMax) };
      },
    });
    await put(web);
  });

  const taskId = () => service.view().apps[0]?.tasks[0]?.id ?? '';
  const log = async (query = '', id = taskId()) => call('GET', `/v2/apps//shop/web/tasks/${id}/log?${query}`);
  const told = async (query: string) => {
    const { offset, next, text } = (await log(query)).body;
    return [offset, next, text];
  };

  it('are told from their end on, and then what comes', async () => {
    const { status, body } = await log();
    assert.deepEqual(
      [status, body],
      [200, { taskId: taskId(), file: 'stdout', offset: 0, next: 8, size: 8, text: 'one\ntwo\n' }],
    );
    assert.equal(asked.at(-1)?.path, `/frameworks/f/${taskId()}/stdout`);
    assert.deepEqual(await told('length=4'), [4, 8, 'two\n']);
    assert.deepEqual(await told('offset=8'), [8, 8, '']);
    written = Buffer.concat([written, Buffer.from('three\n')]);
    assert.deepEqual(await told('offset=8&length=3'), [8, 11, 'thr']);
    assert.deepEqual(await told('offset=11&file=stderr'), [11, 14, 'ee\n']);
    assert.equal(asked.at(-1)?.path, `/frameworks/f/${taskId()}/stderr`);
    written = Buffer.from('anew\n');
    assert.deepEqual(await told('offset=14'), [0, 5, 'anew\n'], 'of a file that has begun anew its end');
  });

  it('are told in whole characters, wherever they are cut', async () => {
    const text = 'aé€😀z\u00a0€€';
    written = Buffer.from(text);
    for (let length = 1; length <= written.length; length += 1) {
      const tail = String((await told(`length=${length}`))[2]);
      assert.ok(text.endsWith(tail) && Buffer.byteLength(tail) > length - 4, `${length}: ${tail}`);
      let [offset, pieces] = [0, ''];
      for (let turn = 0; turn < 40 && offset < written.length; turn += 1) {
        const [, next, piece] = await told(`offset=${offset}&length=${Math.max(4, length)}`);
        [offset, pieces] = [Number(next), pieces + piece];
      }
      assert.equal(pieces, text);
    }
    const damaged = wholeCharacters(Buffer.from([0x61, 0x80, 0x80, 0x80, 0x80, 0xff, 0x62]), 3);
    assert.deepEqual([damaged.next, damaged.text.at(-1)], [10, 'b'], 'damaged text does not hold up the rest');
  });

  it('say why they cannot be had, and what to do', async () => {
    assert.equal((await log('', 'none')).status, 404);
    for (const query of ['file=/etc/passwd', 'file=../x', 'length=0', 'length=999999999', 'offset=-1', 'offset=x'])
      assert.equal((await log(query)).status, 400, query);
    const failing = async (
      code: 'unexpectedStatus' | 'connectionFailed' | 'unauthenticated' | 'tooManyCalls',
      status: number | null,
    ) => {
      failure = new MesosError({ code, message: 'said', remedy: 'wait', status });
      const answer = await log();
      assert.ok(answer.body.remedy, code);
      return answer.status;
    };
    assert.equal(await failing('unexpectedStatus', 404), 404);
    assert.equal(await failing('connectionFailed', null), 502);
    assert.equal(await failing('unauthenticated', 401), 502);
    assert.equal(await failing('tooManyCalls', null), 503);
    service.agentUrl = null;
    const unknown = await log();
    assert.deepEqual([unknown.status, unknown.headers['retry-after']], [503, '10']);
  });
});
