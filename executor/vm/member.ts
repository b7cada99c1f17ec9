/** One member of a replicated guest's group on this host: `gaia-vm`, and but for the witness a QEMU, in one directory. */
import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FrameCounts, GuestGroup, GuestOrder, ReplicaAssignment, Takeover, VmAssignment } from '../assignment.js';
import { LineSplitter } from '../control.js';
import type { Owner } from '../owner.js';
import { Program } from '../process.js';
import { prepareDisk } from './disk.js';
import { type LaunchedGuest, startQemu } from './launch.js';
import { guestMac } from './machine.js';
import { MainLoop } from './main-loop.js';
import { PairLoop, type PairNews } from './pair-loop.js';
import { type GuestStatus, type PlaneLine, parsePlaneLine } from './plane-lines.js';
import { Qmp } from './qmp.js';
import { memberFiles, vmConf } from './vm-conf.js';

/** On a busy host. */
const startLimitMs = 30_000;
const confFile = 'vm.conf';

export type MemberNews = PairNews | { type: 'frames'; frames: FrameCounts } | { type: 'takeover'; takeover: Takeover };

export interface MemberOptions {
  replica: ReplicaAssignment;
  vm: VmAssignment;
  group: GuestGroup;
  /** Where both programs run; is made. */
  directory: string;
  /** With `gaia-vm` and the preload. */
  native: string;
  env: Record<string, string>;
  owner: Owner | null;
  tell: (news: MemberNews) => void;
  /** Every line of gaia-vm that says nothing of the guest. */
  hear: (line: string) => void;
}

export class GuestMember {
  qemu: Program | null = null;
  private pair: PairLoop | null = null;
  private guest: GuestStatus | null = null;
  private fatal = '';
  private over = false;
  private changed: () => void = () => {};

  private constructor(
    readonly plane: Program,
    private readonly options: MemberOptions,
  ) {}

  /** Starts gaia-vm. Throws an error whose message is meant for the user, as `run` does. */
  static async start(options: MemberOptions): Promise<GuestMember> {
    const { replica, vm, directory, owner, group, native } = options;
    mkdirSync(join(directory, '.gaia/journal'), { recursive: true });
    const conf = join(directory, confFile);
    writeFileSync(conf, vmConf(replica, vm, group), { mode: 0o600, flag: 'wx' });
    if (owner !== null)
      for (const name of ['.', '.gaia', '.gaia/journal', confFile])
        chownSync(join(directory, name), owner.uid, owner.gid);
    if (vm.disk !== null && !group.witness) await prepareDisk(vm.disk, { sandbox: directory, env: options.env, owner });
    const env = { ...options.env, GAIA_REPLICA: confFile };
    const plane = await Program.start({ argv: [join(native, 'gaia-vm')], env, directory, owner, control: true });
    return new GuestMember(plane, options);
  }

  /** Reads gaia-vm, and starts QEMU. A founder's guest runs at once where it is the first primary. */
  async run(): Promise<void> {
    const splitter = new LineSplitter();
    const { control } = this.plane;
    control?.on('error', () => {});
    control?.on('data', (bytes: Buffer) => {
      for (const line of splitter.push(bytes)) this.onLine(line);
    });
    control?.on('close', () => {
      this.pair?.close();
      this.changed();
    });
    if (!this.options.group.witness) await this.startGuest();
  }

  /** Has gaia-vm hear a line. */
  order(line: string): void {
    const control = this.plane.control;
    if (control?.writable) control.write(`${line}\n`);
  }

  /** A witness, or whose guest is not there yet, can do nothing of it. */
  obey(order: GuestOrder): void {
    this.pair?.obey(order);
  }

  signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    for (const program of [this.qemu, this.plane]) program?.signal(signal);
  }

  /** Resolves when nothing of both is left. */
  async reap(graceMs: number): Promise<void> {
    this.over = true;
    this.pair?.close();
    await Promise.all([this.plane, this.qemu].map((program) => program?.reap(graceMs)));
  }

  private async startGuest(): Promise<void> {
    const { replica, group, tell } = this.options;
    await this.formed();
    if (this.over) return;
    const incoming = replica.join || replica.self.member !== group.firstPrimary;
    this.qemu = (await this.startQemu(incoming)).program;
    const onEvent = (event: Parameters<PairLoop['onQmpEvent']>[0]) => this.pair?.onQmpEvent(event);
    const qmp = await Qmp.open(this.qemu.control as NonNullable<Program['control']>, onEvent, startLimitMs);
    const order = (line: string) => this.order(line);
    const mainLoop = new MainLoop(this.qemu.pid);
    const giveWay = (gives: boolean) => mainLoop.giveWay(gives);
    const place = {
      ...{ self: replica.self.member, migrationSocket: memberFiles.migration, hasDisk: this.options.vm.disk !== null },
      ...{ order, giveWay, tell },
    };
    if (incoming) this.pair = await PairLoop.awaiting(qmp, place);
    else this.pair = PairLoop.alone(qmp, place);
    if (this.guest !== null) this.pair.onLine({ type: 'guest', guest: this.guest });
    if (!incoming) await qmp.execute('cont', {});
  }

  private startQemu(incoming: boolean): Promise<LaunchedGuest> {
    const { vm, directory, native } = this.options;
    const network = { type: 'stream' as const, socket: memberFiles.guest, mac: vm.bridge?.mac ?? guestMac };
    // The relay looks into the memory of backups only. Memory of QEMU's own has huge pages, and no disk that it is written back to.
    const memoryFile = incoming ? memberFiles.memory : null;
    const own = { network, incoming, memoryFile, disk: vm.disk && { socket: memberFiles.disk } };
    return startQemu(vm, own, { ...this.options, sandbox: directory }, join(native, 'libgaia-tcg-colo.so'));
  }

  /** Resolves when gaia-vm listens for QEMU and the log has a primary. */
  private async formed(): Promise<void> {
    const endMs = performance.now() + startLimitMs;
    for (;;) {
      if (this.guest !== null && this.guest.primary !== 0) return;
      if (this.fatal !== '') throw new Error(`gaia-vm ended: ${this.fatal}`);
      if (this.plane.control?.destroyed) throw new Error('gaia-vm ended, and said no reason; its output may');
      const leftMs = endMs - performance.now();
      if (leftMs <= 0) throw new Error(`no primary is known within ${startLimitMs} ms: are the other members there?`);
      await this.change(leftMs);
    }
  }

  private change(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, limitMs);
      this.changed = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private onLine(line: string): void {
    const read = readLine(line);
    if (read === null || read.type === 'fatal') this.options.hear(line);
    if (read?.type === 'guest') this.guest = read.guest;
    if (read?.type === 'fatal') this.fatal = read.message;
    if (read?.type === 'frames' || read?.type === 'takeover') this.options.tell(read);
    if (read !== null) this.pair?.onLine(read);
    this.changed();
  }
}

/** One that cannot be read is for whoever hears the others, too: null. What is done about those that can be must not fail unseen. */
function readLine(line: string): PlaneLine | null {
  try {
    return parsePlaneLine(line);
  } catch {
    return null;
  }
}
