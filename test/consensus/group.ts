/** Groups of replicas for tests: in this process, or one process per member. */
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Member, openReplica, type Replica, type ReplicaOptions, type Transport } from '../../consensus/index.js';
import { freePort } from './ports.js';

export type Entry = [index: number, text: string];

/** Polls until `check` gives something; fails with `what` after `withinMs`. */
export async function eventually<T>(
  what: string,
  check: () => T | Promise<T>,
  withinMs = 10_000,
): Promise<NonNullable<T>> {
  const end = Date.now() + withinMs;
  for (;;) {
    const found = await check();
    if (found) return found;
    if (Date.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Options of the founders of a new group, in a directory of its own. */
export class Founding {
  readonly directory = mkdtempSync(join(tmpdir(), 'gaia-consensus-'));
  readonly #shared = { group: `/test/${randomBytes(6).toString('hex')}@1`, secret: randomBytes(32) };
  #members: Member[] = [];

  constructor(readonly transport: Transport) {}

  static async of(count: number, transport: Transport): Promise<Founding> {
    const founding = new Founding(transport);
    for (let number = 1; number <= count; number++) founding.#members.push(await founding.#member(number - 1, number));
    return founding;
  }

  options(number: number): ReplicaOptions {
    const self = this.#members.find((member) => member.number === number) as Member;
    return this.#complete(
      self,
      this.#members.filter((member) => member !== self),
      false,
    );
  }

  async joining(number: number, slot: number, contact: number): Promise<ReplicaOptions> {
    const peer = this.#members.find((member) => member.number === contact) as Member;
    return this.#complete(await this.#member(slot, number), [peer], true);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #member(slot: number, number: number): Promise<Member> {
    return { slot, number, host: '127.0.0.1', consensusPort: await freePort(), servicePort: 7000 + number };
  }

  #complete(self: Member, peers: Member[], joins: boolean): ReplicaOptions {
    const journalDirectory = join(this.directory, String(self.number));
    const { transport } = this;
    // A busy machine lets members stand still for longer than the default; dead ones are found without it.
    return { ...this.#shared, self, peers, journalDirectory, join: joins, transport, suspicionMs: 5_000 };
  }
}

/** A replica in this process and what it was handed. */
export class Local {
  readonly entries: Entry[] = [];
  readonly roles: string[] = [];
  readonly replica: Replica;

  constructor(options: ReplicaOptions) {
    this.replica = openReplica(options, {
      onCommit: (index, bytes) => this.entries.push([index, Buffer.from(bytes).toString()]),
      onStatus: ({ role }) => {
        if (this.roles.at(-1) !== role) this.roles.push(role);
      },
    });
  }

  propose(text: string): Promise<number> {
    return this.replica.propose(Buffer.from(text));
  }

  leads(): boolean {
    return this.replica.status().role === 'leader';
  }
}

const program = fileURLToPath(new URL('./member.js', import.meta.url));

/** A replica in a process of its own (member.ts), asked over its IPC channel. */
export class Remote {
  entries: Entry[] = [];
  role = '';
  readonly #child: ChildProcess;
  readonly #answers = new Map<string, (error: string | null) => void>();

  constructor(readonly options: ReplicaOptions) {
    this.#child = fork(program, { serialization: 'advanced' });
    this.#child.on('message', (message: RemoteMessage) => this.#hear(message));
    this.#child.on('exit', () => {
      for (const answer of this.#answers.values()) answer('process ended');
      this.role = 'ended';
    });
    this.#child.send(options);
  }

  /** Null, or the name of the error. */
  propose(text: string): Promise<string | null> {
    if (this.role === 'ended') return Promise.resolve('process ended');
    return new Promise((resolve) => {
      this.#answers.set(text, resolve);
      this.#child.send(text);
    });
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill(signal);
    if (signal === 'SIGKILL') await once(this.#child, 'exit');
  }

  #hear(message: RemoteMessage): void {
    if (message.kind === 'entry') this.entries.push([message.index, message.text]);
    else if (message.kind === 'role') this.role = message.role;
    else {
      this.#answers.get(message.text)?.(message.error);
      this.#answers.delete(message.text);
    }
  }
}

export type RemoteMessage =
  | { kind: 'entry'; index: number; text: string }
  | { kind: 'role'; role: string }
  | { kind: 'outcome'; text: string; error: string | null };
