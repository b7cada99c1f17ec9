/** Small servers of the tests' own, compiled from C, in a replica group. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { RespConnection } from '../../resp.js';
import { eventually } from '../group.js';
import { compareLiving } from './exactness.js';
import { type Group, repository, startGroup } from './group.js';

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

/** A group of one's own server in each test, and its clients; mocha's hooks end them all. */
export class OwnGroups {
  group!: Group;
  readonly clients: RespConnection[] = [];
  private server!: OwnServer;

  constructor(source: string, libraries: string[] = []) {
    before(() => {
      this.server = new OwnServer(source, libraries);
    });
    after(() => this.server.remove());
    afterEach(async () => {
      for (const client of this.clients.splice(0)) client.close();
      await this.group?.stop();
    });
  }

  /** @param how the server's first argument */
  async start(how: string): Promise<Group> {
    this.group = await startGroup({ program: (port) => [this.server.binary, how, String(port)] });
    return this.group;
  }

  /** A client of the replica of that slot. */
  async client(slot: number): Promise<RespConnection> {
    const client = await this.group.client(slot);
    this.clients.push(client);
    return client;
  }

  async leadersClient(): Promise<RespConnection> {
    return this.client((await this.group.leader()).address.slot);
  }

  async assertSame(): Promise<void> {
    await assertEqualTurns(this.group);
    assertExact(this.group);
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
