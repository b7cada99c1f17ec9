/** Small servers of the tests' own, compiled from C, in a replica group. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { RespConnection } from '../../resp.js';
import { eventually } from '../group.js';
import { compareLiving } from './exactness.js';
import { type Group, repository } from './group.js';

/** Where a server's binary lies until `remove()`. */
export class OwnServer {
  private readonly directory = mkdtempSync(path.join(tmpdir(), 'gaia-server-'));
  readonly binary = path.join(this.directory, 'server');

  constructor(source: string, libraries: string[] = []) {
    const file = path.join(repository, 'test/consensus/interpose', source);
    const warnings = ['-Wall', '-Wextra', '-Werror'];
    execFileSync('gcc', ['-O2', '-D_FORTIFY_SOURCE=2', ...warnings, '-o', this.binary, file, ...libraries]);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** One line to the server, and the next one it says. */
export async function ask(client: RespConnection, line: string): Promise<string> {
  const before = client.pushed.length;
  client.sendRaw(`${line}\r\n`);
  await eventually(`no reply to ${line}`, () => client.pushed.length > before);
  return String(client.pushed[before]);
}

/** What the server says of itself, by name: "hup 1 usr1 0". */
export async function told(client: RespConnection, word = 'tell'): Promise<Record<string, number>> {
  const words = (await ask(client, word)).split(' ');
  return Object.fromEntries(words.flatMap((name, i) => (i % 2 === 0 ? [[name, Number(words[i + 1])]] : [])));
}

export async function assertEqualTurns(group: Group, moreThan = 5): Promise<void> {
  await group.quiesce();
  for (const comparison of compareLiving(group)) {
    assert.deepEqual(comparison.differences, []);
    assert.ok(comparison.turns > moreThan, `only ${comparison.turns} turns compared`);
  }
}

/** Nothing was seen that turns do not carry. */
export function assertExact(group: Group): void {
  for (const replica of group.living()) {
    assert.deepEqual(replica.state?.unexpected, {});
    assert.equal(replica.state?.label, 'exact');
  }
}
