/** What is fetched stays in the sandbox, whatever it is called and whatever was fetched before. */
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fetchUri } from '../../../framework/mesos-local/agent/fetcher.js';

describe('mesos-local: the fetcher', () => {
  let place: string;
  let sandbox: string;
  let outside: string;
  beforeEach(() => {
    place = mkdtempSync(join(tmpdir(), 'gaia-fetcher-'));
    sandbox = join(place, 'sandbox');
    outside = join(place, 'outside');
    for (const directory of [sandbox, outside]) mkdirSync(directory);
    writeFileSync(join(place, 'file'), 'fetched');
  });
  afterEach(() => rmSync(place, { recursive: true }));

  const fetch = (output_file: string) =>
    fetchUri(
      { value: join(place, 'file'), output_file },
      { sandbox, account: null, signal: AbortSignal.timeout(10_000) },
    );

  it('takes names below the sandbox', async () => {
    await fetch('a/b/file');
    assert.equal(readFileSync(join(sandbox, 'a/b/file'), 'utf8'), 'fetched');
  });

  it('refuses names that lead out of it', async () => {
    for (const name of ['../outside/file', 'a/../../outside/file', join(outside, 'file'), '..', ''])
      await assert.rejects(fetch(name), /no name for a file in the sandbox/, name);
    assert.deepEqual(readdirSync(outside), []);
  });

  it('follows no link, which an archive may have brought', async () => {
    symlinkSync(outside, join(sandbox, 'directory'));
    symlinkSync(join(outside, 'new'), join(sandbox, 'link'));
    for (const name of ['directory/file', 'directory/deeper/file', 'link'])
      await assert.rejects(fetch(name), /is a link/, name);
    assert.deepEqual(readdirSync(outside), []);
    assert.ok(!existsSync(join(sandbox, 'file')));
  });
});
