/**
 * A replica group of a real server without Mesos: plays the executor's part of the control channel (ARCHITECTURE.md) for
 * each replica. For tests and benchmarks.
 */
import { randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MemberAddress, ReplicaReport } from '../../../executor/assignment.js';
import { RespConnection } from '../../resp.js';
import { eventually } from '../group.js';
import { type Machine, type MemberProcess, thisMachine } from './machine.js';

export const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../..');

const verbsPath = path.join(repository, 'build/native/libgaia-verbs.so');
export const interposerPath = process.env.GAIA_INTERPOSER ?? path.join(repository, 'build/native/libgaia-interpose.so');

const gatewayPath = path.join(repository, 'build/native/gaia-gateway');

const hex = (text: string) => Buffer.from(text).toString('hex');
/** Lines of `replica.conf`: snapshots by redis-server's own SAVE, every 16 MiB of log. */
export const saveHook = [
  'snapshot_file=dump.rdb',
  `snapshot_send=${hex('SAVE\r\n')}`,
  `snapshot_expect=${hex('+OK\r\n')}`,
  'snapshot_log_bytes=16777216',
];

/** Members report at least so often when there is something new. */
const reportLimitMs = 2000;
/** For replicas that are behind, when nothing new comes. */
const settledLimitMs = 30_000;

export interface GroupOptions {
  replicas?: number;
  transport?: 'auto' | 'shm' | 'verbs' | 'tcp';
  /** Arguments after `redis-server --port N --bind 127.0.0.1`. */
  args?: string[];
  /** Another program: its file and arguments, given the service port. */
  program?: (servicePort: number) => [string, ...string[]];
  /** `program` is started behind gaia-gateway, told its port in PORT0, instead of with the interposer. */
  gateway?: boolean;
  /** Default `memory`. With `disk` members can be started again with what they kept. */
  durability?: 'memory' | 'disk';
  /** Default 5,000: on a busy machine members stand still for longer than the product's default, and a test that is about
   *  something else must not meet another leader. */
  suspicionMs?: number;
  /** Further lines of `replica.conf`. */
  configuration?: string[];
  /** 0 nothing, 1 one line per turn, 2 also every clock call and read. */
  trace?: 0 | 1 | 2;
  /** Variables that the program has besides GAIA's. */
  env?: Record<string, string>;
  /** Start through `/bin/sh -c`, as tasks with a shell command do. */
  shell?: boolean;
  /** This slot gets another seed than the group: a replica that must be found out. */
  strangeSlot?: number;
  /** Where the members of the slots run, in turn; this machine unless given. */
  machines?: Machine[];
  /** How long a leader may take; 20 seconds unless given. */
  leaderLimitMs?: number;
  /** Where the group makes its folder: one that all machines have at the same path. */
  directory?: string;
}

export type State = Omit<ReplicaReport, 'group' | 'slot' | 'member'>;

export interface TurnLine {
  index: number;
  outputHash: string;
  clockCalls: number;
  inputBytes: number;
}

/** One member: a process, its directory and what it reports. */
export class Replica {
  state: State | null = null;
  pid = 0;
  fatal: string | null = null;
  private received = '';

  constructor(
    readonly address: MemberAddress,
    readonly directory: string,
    readonly machine: Machine,
    readonly process: MemberProcess,
  ) {
    process.channel.on('data', (chunk: Buffer) => this.receive(chunk.toString()));
    process.channel.on('error', () => {});
  }

  get exit(): MemberProcess['exit'] {
    return this.process.exit;
  }

  /** Where clients of this test reach it, on loopback. */
  get clientPort(): number {
    return this.machine.clientPort(this.address.servicePort);
  }

  get alive(): boolean {
    return this.exit === null;
  }

  command(line: string): void {
    this.process.channel.write(`${line}\n`);
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
  private founders: MemberAddress[] = [];
  private lives = 1;
  private readonly directory: string;
  private readonly name = `/test/${randomBytes(6).toString('hex')}@1`;
  private readonly secret = randomBytes(32).toString('hex');
  private readonly seed = randomBytes(32).toString('hex');
  private readonly epochMs = Date.now();

  constructor(private readonly options: GroupOptions) {
    this.directory = mkdtempSync(path.join(options.directory ?? tmpdir(), 'gaia-group-'));
  }

  async start(): Promise<void> {
    process.once('exit', this.leave);
    const count = this.options.replicas ?? 3;
    const members: MemberAddress[] = [];
    for (let slot = 0; slot < count; slot++) members.push(await this.newMember(slot));
    this.founders = members;
    for (const self of members) this.replicas[self.slot] = await this.launch(self, members, false);
    await this.leader();
  }

  private machineOf(slot: number): Machine {
    const machines = this.options.machines ?? [thisMachine];
    return machines[slot % machines.length] as Machine;
  }

  private async newMember(slot: number): Promise<MemberAddress> {
    const machine = this.machineOf(slot);
    const [consensusPort, servicePort] = await machine.freePorts();
    return { slot, member: this.nextMember++, host: machine.host, consensusPort, servicePort };
  }

  private async launch(self: MemberAddress, members: MemberAddress[], join: boolean, life = 1): Promise<Replica> {
    // All directories have names of one length: paths are part of the program's address space.
    const name = `slot${self.slot}-member${String(self.member).padStart(3, '0')}`;
    const directory = path.join(this.directory, `${name}-life${life}`);
    mkdirSync(path.join(directory, '.gaia'), { recursive: true });
    copyFileSync(interposerPath, path.join(directory, '.gaia/libgaia-interpose.so'));
    copyFileSync(verbsPath, path.join(directory, '.gaia/libgaia-verbs.so'));
    writeFileSync(path.join(directory, '.gaia/replica.conf'), this.configuration(self, members, join), { mode: 0o600 });
    const program = this.options.program?.(self.servicePort) ?? this.redis(self.servicePort);
    const direct: [string, ...string[]] = this.options.shell
      ? ['/bin/sh', '-c', `exec ${program.map((word) => `'${word}'`).join(' ')}`]
      : program;
    const argv: [string, ...string[]] = this.options.gateway ? [gatewayPath, ...direct] : direct;
    const env = {
      ...this.options.env,
      HOST: `host${self.member}`,
      ...(this.options.gateway ? { PORT0: `${self.servicePort}` } : { LD_PRELOAD: './.gaia/libgaia-interpose.so' }),
      GAIA_REPLICA: '.gaia/replica.conf',
    };
    const machine = this.machineOf(self.slot);
    return new Replica(self, directory, machine, await machine.start({ directory, argv, env }));
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
      `suspicion_ms=${this.options.suspicionMs ?? 5_000}`,
      `self=${member(self)}`,
      ...members.filter((m) => m.member !== self.member).map((m) => `peer=${member(m)}`),
      `durability=${this.options.durability ?? 'memory'}`,
      `journal=${this.options.durability === 'disk' ? path.join(this.directory, 'data', `${self.member}`) : '.gaia/journal'}`,
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
  leader(limitMs = this.options.leaderLimitMs ?? 20_000): Promise<Replica> {
    return eventually('no leader', () => this.findLeader(), limitMs);
  }

  /** Hands leadership over to this replica. */
  async lead(replica: Replica): Promise<void> {
    const { member } = replica.address;
    await eventually(`member ${member} does not lead`, () => this.handOver(member), 20_000);
  }

  private async handOver(member: number): Promise<boolean> {
    const leader = await this.leader();
    if (leader.address.member === member) return true;
    leader.command(`transfer ${member}`);
    await eventually('an answer', () => leader.state?.leader !== leader.address.member, 1000).catch(() => {});
    return false;
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
    return RespConnection.open((this.replicas[slot] as Replica).clientPort);
  }

  async kill(replica: Replica, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    replica.process.kill(signal);
    await eventually(`member ${replica.address.member} does not end`, () => !replica.alive);
  }

  /** A new member in the slot of a dead one; resolves when it counts and has caught up. */
  async replace(slot: number, limitMs = 60_000): Promise<Replica> {
    const dead = this.replicas[slot] as Replica;
    const self = await this.newMember(slot);
    const peers = this.living().map((replica) => replica.address);
    const remove = async () => (await this.leader()).command(`remove ${slot} ${dead.address.member}`);
    await remove();
    const fresh = await this.launch(self, peers, true);
    this.replicas[slot] = fresh;
    await eventually(
      `member ${self.member} did not join: ${JSON.stringify(fresh.state)} ${fresh.fatal}`,
      () => this.hasJoined(fresh),
      limitMs,
    );
    return fresh;
  }

  /** The same member again, in a working directory of its own, as a new run of an executor has. */
  async restart(slot: number): Promise<void> {
    const { address } = this.replicas[slot] as Replica;
    const founders = this.founders;
    this.lives++;
    this.replicas[slot] = await this.launch(address, founders, !founders.includes(address), this.lives);
  }

  private hasJoined(fresh: Replica): boolean {
    if (!fresh.alive) throw new Error(`member ${fresh.address.member} ended: ${fresh.fatal}\n${fresh.output()}`);
    const state = fresh.state;
    return (
      state !== null && state.role !== 'learner' && state.configuration.some((m) => m.member === fresh.address.member)
    );
  }

  /** Waits until every living replica has applied what the leader has committed by now, and has its trace here. */
  async quiesce(limitMs = settledLimitMs): Promise<number> {
    const leader = await this.leader();
    const seen = leader.state;
    const end = Date.now() + reportLimitMs;
    // A program that waits without a time-out has no turns while nobody asks: what its leader has said is so still.
    await eventually('an end', () => leader.state !== seen || Date.now() > end);
    const index = leader.state?.committedIndex ?? 0;
    const reached = () => this.living().every((replica) => (replica.state?.appliedIndex ?? 0) >= index);
    await eventually(`not all replicas reach index ${index}`, reached, limitMs);
    await Promise.all(this.living().map((replica) => replica.machine.collect(replica.directory)));
    return index;
  }

  /** Waits until all living replicas have applied as much: those behind gateways say nothing while nothing happens. */
  async settled(limitMs = settledLimitMs): Promise<void> {
    const applied = () => new Set(this.living().map((replica) => replica.state?.appliedIndex));
    await eventually('the replicas have not applied as much', () => applied().size === 1, limitMs);
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
    process.off('exit', this.leave);
    this.killAll();
    await eventually('replicas do not end', () => this.living().length === 0);
    this.removeDirectory();
  }

  /** A run that is told to end in the middle leaves no replica behind. */
  private readonly leave = () => {
    this.killAll();
    this.removeDirectory();
  };

  private killAll(): void {
    for (const replica of this.living()) replica.process.kill('SIGKILL');
  }

  /** Who has just been killed may still write. */
  private removeDirectory(): void {
    if (process.env.GAIA_KEEP === undefined) rmSync(this.directory, { recursive: true, force: true, maxRetries: 10 });
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
