/**
 * A replica group of a real server without Mesos: plays the executor's part of the control channel (ARCHITECTURE.md) for
 * each replica. For tests and benchmarks.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MemberAddress, ReplicaReport } from '../../../executor/assignment.js';
import { RespConnection } from '../../resp.js';
import { eventually } from '../group.js';

export const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../..');

export const interposerPath = process.env.GAIA_INTERPOSER ?? path.join(repository, 'build/native/libgaia-interpose.so');

export interface GroupOptions {
  replicas?: number;
  transport?: 'auto' | 'shm' | 'tcp';
  /** Arguments after `redis-server --port N --bind 127.0.0.1`. */
  args?: string[];
  /** Another program: its file and arguments, given the service port. */
  program?: (servicePort: number) => [string, ...string[]];
  /** Further lines of `replica.conf`. */
  configuration?: string[];
  /** 0 nothing, 1 one line per turn, 2 also every clock call and read. */
  trace?: 0 | 1 | 2;
  /** Start through `/bin/sh -c`, as tasks with a shell command do. */
  shell?: boolean;
  /** This slot gets another seed than the group: a replica that must be found out. */
  strangeSlot?: number;
}

export type State = Omit<ReplicaReport, 'group' | 'slot' | 'member'>;

export interface TurnLine {
  index: number;
  outputHash: string;
  clockCalls: number;
  inputBytes: number;
}

/** Ports that were free a moment ago, below the range the kernel gives to clients. */
async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let attempt = 0; ports.length < count && attempt < 1000; attempt++) {
    const port = 10_000 + (randomBytes(2).readUInt16LE() % 20_000);
    if (!ports.includes(port) && (await isFree(port))) ports.push(port);
  }
  return ports;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** One member: a process, its directory and what it reports. */
export class Replica {
  state: State | null = null;
  pid = 0;
  fatal: string | null = null;
  exit: { code: number | null; signal: string | null } | null = null;
  private readonly channel: net.Socket;
  private received = '';

  constructor(
    readonly address: MemberAddress,
    readonly directory: string,
    readonly process: ChildProcess,
  ) {
    this.channel = process.stdio[3] as net.Socket;
    this.channel.on('data', (chunk: Buffer) => this.receive(chunk.toString()));
    this.channel.on('error', () => {});
    process.on('exit', (code, signal) => {
      this.exit = { code, signal };
    });
  }

  get alive(): boolean {
    return this.exit === null;
  }

  command(line: string): void {
    this.channel.write(`${line}\n`);
  }

  output(): string {
    return readFileSync(path.join(this.directory, 'output'), 'utf8');
  }

  file(name: string): Buffer {
    return readFileSync(path.join(this.directory, name));
  }

  private receive(text: string): void {
    this.received += text;
    const lines = this.received.split('\n');
    this.received = lines.pop() ?? '';
    for (const line of lines) {
      const message = JSON.parse(line);
      if (message.type === 'hello') this.pid = message.pid;
      else if (message.type === 'state') this.state = message;
      else if (message.type === 'fatal') this.fatal = message.message;
    }
  }
}

export class Group {
  readonly replicas: Replica[] = [];
  private nextMember = 1;
  private readonly directory = mkdtempSync(path.join(tmpdir(), 'gaia-group-'));
  private readonly name = `/test/${randomBytes(6).toString('hex')}@1`;
  private readonly secret = randomBytes(32).toString('hex');
  private readonly seed = randomBytes(32).toString('hex');
  private readonly epochMs = Date.now();

  constructor(private readonly options: GroupOptions) {}

  async start(): Promise<void> {
    const count = this.options.replicas ?? 3;
    const ports = await freePorts(2 * count);
    const members = Array.from({ length: count }, (_, slot) => this.addressOf(slot, ports));
    for (const self of members) this.replicas[self.slot] = this.launch(self, members, false);
    await this.leader();
  }

  private addressOf(slot: number, ports: number[]): MemberAddress {
    const [consensusPort, servicePort] = ports.splice(0, 2) as [number, number];
    return { slot, member: this.nextMember++, host: '127.0.0.1', consensusPort, servicePort };
  }

  private launch(self: MemberAddress, members: MemberAddress[], join: boolean): Replica {
    // All directories have names of one length: paths are part of the program's address space.
    const directory = path.join(this.directory, `slot${self.slot}-member${String(self.member).padStart(3, '0')}`);
    mkdirSync(path.join(directory, '.gaia'), { recursive: true });
    copyFileSync(interposerPath, path.join(directory, '.gaia/libgaia-interpose.so'));
    writeFileSync(path.join(directory, '.gaia/replica.conf'), this.configuration(self, members, join), { mode: 0o600 });
    const output = openSync(path.join(directory, 'output'), 'w');
    const argv = this.options.program?.(self.servicePort) ?? this.redis(self.servicePort);
    const [file, args] = this.options.shell
      ? ['/bin/sh', ['-c', `exec ${argv.map((word) => `'${word}'`).join(' ')}`]]
      : [argv[0], argv.slice(1)];
    const child = spawn(file, args, {
      cwd: directory,
      stdio: ['ignore', output, output, 'pipe'],
      env: {
        ...process.env,
        HOST: `host${self.member}`,
        LD_PRELOAD: './.gaia/libgaia-interpose.so',
        GAIA_REPLICA: '.gaia/replica.conf',
      },
    });
    closeSync(output);
    return new Replica(self, directory, child);
  }

  private redis(port: number): [string, ...string[]] {
    return ['redis-server', '--port', `${port}`, '--bind', '127.0.0.1', ...(this.options.args ?? ['--save', ''])];
  }

  private configuration(self: MemberAddress, members: MemberAddress[], join: boolean): string {
    const member = (m: MemberAddress) => `${m.slot},${m.member},${m.host},${m.consensusPort},${m.servicePort}`;
    return [
      `group=${this.name}`,
      `secret=${this.secret}`,
      `seed=${self.slot === this.options.strangeSlot ? randomBytes(32).toString('hex') : this.seed}`,
      `epoch_ms=${this.epochMs}`,
      `join=${join ? 1 : 0}`,
      `transport=${this.options.transport ?? 'auto'}`,
      `self=${member(self)}`,
      ...members.filter((m) => m.member !== self.member).map((m) => `peer=${member(m)}`),
      'journal=.gaia/journal',
      'journal_bytes_max=8589934592',
      `trace=${this.options.trace ?? 1}`,
      ...(this.options.configuration ?? []),
      '',
    ].join('\n');
  }

  living(): Replica[] {
    return this.replicas.filter((replica) => replica.alive);
  }

  /** The replica that says it leads and whom a majority of the living follows. */
  leader(limitMs = 20_000): Promise<Replica> {
    return eventually('no leader', () => this.findLeader(), limitMs);
  }

  private findLeader(): Replica | undefined {
    const crashed = this.replicas.find((replica) => replica.fatal !== null);
    if (crashed) throw new Error(`member ${crashed.address.member}: ${crashed.fatal}`);
    const living = this.living();
    return living.find(
      (replica) =>
        replica.state?.role === 'leader' && living.every((other) => other.state?.leader === replica.address.member),
    );
  }

  client(slot: number): Promise<RespConnection> {
    return RespConnection.open((this.replicas[slot] as Replica).address.servicePort);
  }

  async kill(replica: Replica, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    replica.process.kill(signal);
    await eventually(`member ${replica.address.member} does not end`, () => !replica.alive);
  }

  /** A new member in the slot of a dead one; resolves when it counts and has caught up. */
  async replace(slot: number, limitMs = 60_000): Promise<Replica> {
    const dead = this.replicas[slot] as Replica;
    const self = this.addressOf(slot, await freePorts(2));
    const peers = this.living().map((replica) => replica.address);
    const remove = async () => (await this.leader()).command(`remove ${slot} ${dead.address.member}`);
    await remove();
    const fresh = this.launch(self, peers, true);
    this.replicas[slot] = fresh;
    await eventually(
      `member ${self.member} did not join: ${JSON.stringify(fresh.state)} ${fresh.fatal}`,
      () => this.hasJoined(fresh),
      limitMs,
    );
    return fresh;
  }

  private hasJoined(fresh: Replica): boolean {
    if (!fresh.alive) throw new Error(`member ${fresh.address.member} ended: ${fresh.fatal}\n${fresh.output()}`);
    const state = fresh.state;
    return (
      state !== null && state.role !== 'learner' && state.configuration.some((m) => m.member === fresh.address.member)
    );
  }

  /** Waits until every living replica has applied what the leader has committed by now. */
  async quiesce(): Promise<number> {
    const leader = await this.leader();
    const seen = leader.state;
    await eventually('the leader reports nothing new', () => leader.state !== seen, 5000);
    const index = leader.state?.committedIndex ?? 0;
    const reached = () => this.living().every((replica) => (replica.state?.appliedIndex ?? 0) >= index);
    await eventually(`not all replicas reach index ${index}`, reached, 30_000);
    return index;
  }

  /** Per index, as far as it was written. */
  readTrace(replica: Replica): Map<number, TurnLine> {
    const lines = replica.file('.gaia/trace').toString().split('\n').slice(0, -1);
    const turns = new Map<number, TurnLine>();
    for (const line of lines) {
      const [kind, index, outputHash, clockCalls, inputBytes] = line.split(' ');
      if (kind !== 'T') continue;
      turns.set(Number(index), {
        index: Number(index),
        outputHash: outputHash ?? '',
        clockCalls: Number(clockCalls),
        inputBytes: Number(inputBytes),
      });
    }
    return turns;
  }

  async stop(): Promise<void> {
    for (const replica of this.living()) replica.process.kill('SIGKILL');
    await eventually('replicas do not end', () => this.living().length === 0);
    if (process.env.GAIA_KEEP === undefined) rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Starts the group and waits for a leader. */
export async function startGroup(options: GroupOptions = {}): Promise<Group> {
  if (!existsSync(interposerPath)) throw new Error(`${interposerPath} is missing; npm run build makes it`);
  const group = new Group(options);
  try {
    await group.start();
  } catch (error) {
    const outputs = group.replicas.map((replica) => replica.output()).join('\n');
    await group.stop();
    throw new Error(`${(error as Error).message}\n${outputs}`);
  }
  return group;
}
