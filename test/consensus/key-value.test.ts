/** The example of the library's page, run as the page says: its values survive the loss of the leader's process. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from './group.js';
import { freePort } from './ports.js';

const program = fileURLToPath(new URL('../../consensus/examples/key-value.js', import.meta.url));

describe('the key-value example', () => {
  const directory = mkdtempSync(join(tmpdir(), 'gaia-key-value-'));
  const env = { ...process.env, SECRET: randomBytes(32).toString('hex'), TMPDIR: directory };
  const members = new Map<number, { process: ChildProcess; url: string; said: string }>();
  let ports: [number, number][];

  const start = (number: number) => {
    const args = [program, String(number), ...ports.map((pair) => pair.join(':'))];
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const member = { process: child, url: `http://127.0.0.1:${(ports[number - 1] as number[])[1]}`, said: '' };
    child.stdout?.on('data', (text) => {
      member.said = String(text).trim().split('\n').at(-1) as string;
    });
    members.set(number, member);
  };
  const put = (url: string, key: string, value: string) =>
    fetch(`${url}/${key}`, { method: 'PUT', body: value }).then(
      ({ status }) => status,
      () => 0,
    );
  const get = (url: string, key: string) =>
    fetch(`${url}/${key}`).then(
      (answer) => (answer.ok ? answer.text() : null),
      () => null,
    );
  const leader = () => [...members].find(([, { said }]) => said.startsWith('leader'))?.[0];
  const kill = async (number: number) => {
    const child = members.get(number)?.process as ChildProcess;
    members.delete(number);
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  const serving = () => eventually('a put', async () => (await put(anyUrl(), 'probe', '1')) === 204);
  const anyUrl = () => ([...members.values()][0] as { url: string }).url;

  before(async () => {
    ports = [];
    for (let i = 0; i < 6; i++) ports.push([await freePort(), await freePort()]);
    for (const number of [1, 2, 3]) start(number);
    await serving();
  });
  after(async () => {
    for (const number of [...members.keys()]) await kill(number);
    rmSync(directory, { recursive: true, force: true });
  });

  it('takes values at any member, keeps them when the leader is killed, and lets a new member join', async () => {
    // Whoever is asked while another leads than the moment before may say 503.
    for (let i = 0; i < 20; i++)
      await eventually('a value', async () => (await put(anyUrl(), `key${i}`, `value ${i}`)) === 204);
    const first = await eventually('a leader', leader);
    await kill(first);
    await serving();
    start(first + 3);
    for (const { url } of members.values()) {
      for (let i = 0; i < 20; i++) assert.equal(await eventually('the value', () => get(url, `key${i}`)), `value ${i}`);
    }
    await eventually('the new member to count', () => members.get(first + 3)?.said.startsWith('follower'));
    await kill(await eventually('a leader', leader));
    await serving();
    for (const { url } of members.values())
      assert.equal(await eventually('the value', () => get(url, 'key19')), 'value 19');
  });

  it('refuses what is too long', async () => {
    assert.equal(await put(anyUrl(), 'large', 'x'.repeat((1 << 20) + 1)), 413);
  });
});
