/** The group of a replicated guest: three processes of gaia-vm on this host, and what they say on their control channels. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Duplex } from 'node:stream';
import type { FrameCounts, RoundReport } from '../../../executor/assignment.js';
import type { GuestStatus, RelayStatus } from '../../../executor/vm/plane-lines.js';
import { eventually } from '../group.js';
import { repository } from '../interpose/group.js';
import { freePort } from '../ports.js';

/** As it is told: of a round, also what the backup sent. */
export type RoundLine = RoundReport & { toPrimaryBytes: number };

export interface Door {
  protocol: 'tcp' | 'udp';
  guestPort: number;
  /** Left out: 127.0.0.1. */
  host?: string;
}

const program = path.join(repository, 'build/native/gaia-vm');

/** Members 1, 2 and 3 in slots 0, 1 and 2; the third is the witness. */
export class GuestGroup {
  readonly directory = mkdtempSync(path.join(tmpdir(), 'gaia-guest-'));
  readonly members: GuestMember[] = [];

  /** `diskBytes`: of the guest's disk; 0: it has none. */
  static async start(doors: Door[], diskBytes = 0): Promise<GuestGroup> {
    const group = new GuestGroup();
    const lines = ['group=/test/guest@1', `secret=${randomBytes(32).toString('hex')}`, 'join=0', 'transport=auto'];
    const places: string[] = [];
    for (let slot = 0; slot < 3; slot++)
      places.push(`${slot},${slot + 1},127.0.0.1,${await freePort()},${await freePort()}`);
    for (const [slot, self] of places.entries()) {
      const peers = places.filter((place) => place !== self).map((place) => `peer=${place}`);
      // A busy machine lets members stand still; one that ends is missed at once.
      const own = [`self=${self}`, ...peers, 'journal=journal', 'suspicion_ms=5000', 'first_primary=1'];
      if (slot < 2) own.push('guest_socket=guest.sock', 'migration_socket=migration.sock', 'memory=memory,memory');
      const directory = path.join(group.directory, `${slot + 1}`);
      mkdirSync(directory);
      if (slot < 2 && diskBytes > 0) {
        own.push('disk=disk.sock,disk.raw');
        writeFileSync(path.join(directory, 'disk.raw'), '');
        truncateSync(path.join(directory, 'disk.raw'), diskBytes);
      }
      group.members.push(await GuestMember.start(directory, [...lines, ...own], doors));
    }
    return group;
  }

  /** By number. */
  member(number: number): GuestMember {
    return this.members[number - 1] as GuestMember;
  }

  /** Resolves when member 1 is the primary and leads, all know it, and all are connected. */
  async formed(): Promise<void> {
    await eventually('the first member is not the primary that leads', () =>
      this.members.every((member) => member.guest?.primary === 1 && member.leader === 1),
    );
  }

  async stop(): Promise<void> {
    for (const member of this.members) await member.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export class GuestMember {
  guest: GuestStatus | null = null;
  frames: FrameCounts | null = null;
  relay: Partial<RelayStatus> | null = null;
  readonly rounds: RoundLine[] = [];
  term = 0;
  leader = 0;
  readonly refused: string[] = [];
  fatal = '';
  /** Hears every line, too. */
  onLine: (line: string) => void = () => {};
  private readonly child: ChildProcess;
  private readonly lines: Interface;

  private constructor(
    readonly directory: string,
    readonly ports: number[],
  ) {
    const words = ['--pdeathsig', 'KILL', program];
    const env = { ...process.env, GAIA_REPLICA: 'vm.conf' };
    this.child = spawn('setpriv', words, { cwd: directory, env, stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
    this.lines = createInterface(this.channel).on('line', (line) => {
      this.hear(JSON.parse(line));
      this.onLine(line);
    });
    this.channel.on('error', () => {});
  }

  static async start(directory: string, lines: string[], doors: Door[]): Promise<GuestMember> {
    mkdirSync(directory, { recursive: true });
    const ports: number[] = [];
    const conf = [...lines];
    for (const door of doors) {
      const port = await freePort();
      ports.push(port);
      conf.push(`door=${door.protocol},${door.host ?? '127.0.0.1'},${port},${door.guestPort}`);
    }
    writeFileSync(path.join(directory, 'vm.conf'), `${conf.join('\n')}\n`, { mode: 0o600 });
    return new GuestMember(directory, ports);
  }

  /** Where its guest's QEMU connects to. */
  get socket(): string {
    return path.join(this.directory, 'guest.sock');
  }

  /** Where its guest's QEMU migrates to or is incoming. */
  get migrationSocket(): string {
    return path.join(this.directory, 'migration.sock');
  }

  /** Where its guest's QEMU has its disk. */
  get diskSocket(): string {
    return path.join(this.directory, 'disk.sock');
  }

  /** Its guest's memory. */
  get memoryFile(): string {
    return path.join(this.directory, 'memory');
  }

  get pid(): number {
    return this.child.pid as number;
  }

  get status(): number | null {
    return this.child.exitCode;
  }

  /** Reads none of its words, as an executor that a busy host leaves no time, or goes on. */
  reads(wanted: boolean): void {
    if (wanted) this.lines.resume();
    else this.lines.pause();
  }

  order(line: string): void {
    this.channel.write(`${line}\n`);
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }

  private get channel(): Duplex {
    return this.child.stdio[3] as Duplex;
  }

  private follow({ leader, term }: { leader: number; term: number }): void {
    this.leader = leader;
    this.term = term;
  }

  private hear(line: { type: string; leader: number; term: number; order: string; message: string }): void {
    if (line.type === 'guest') this.guest = line as unknown as GuestStatus;
    if (line.type === 'frames') this.frames = line as unknown as FrameCounts;
    if (line.type === 'relay') this.relay = line as unknown as Partial<RelayStatus>;
    if (line.type === 'round') this.rounds.push(line as unknown as RoundLine);
    if (line.type === 'state') this.follow(line);
    if (line.type === 'refused') this.refused.push(`${line.order}: ${line.message}`);
    if (line.type === 'fatal') this.fatal = line.message;
  }
}
