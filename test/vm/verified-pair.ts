/**
 * A replicated guest behind a group of gaia-vm, with the executor's own control of both QEMUs, whose memories are compared when a round
 * has been loaded.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Machine } from '../../executor/vm/machine.js';
import { MainLoop } from '../../executor/vm/main-loop.js';
import { PairLoop, type PairNews } from '../../executor/vm/pair-loop.js';
import { parsePlaneLine } from '../../executor/vm/plane-lines.js';
import type { GuestImage } from '../../framework/guest/image.js';
import { GuestGroup, type GuestMember, type RoundLine } from '../consensus/vm/guest-group.js';
import { until } from '../e2e/system.js';
import { bare, patienceMs, TestMachine } from './machine.js';
import { native, verifiedTraces } from './relayed-pair.js';

/** A round ends within its limit, or its backup is given up. */
const stallMs = 40_000;

export interface VerifiedGuest extends Pick<Machine, 'memoryMib' | 'vcpus' | 'commandLine'> {
  image: GuestImage;
  guestPort: number;
}

export class VerifiedPair {
  private readonly machines: TestMachine[] = [];
  private readonly loops: PairLoop[] = [];
  private readonly news: PairNews[] = [];

  private constructor(
    private readonly group: GuestGroup,
    private readonly guest: VerifiedGuest,
  ) {}

  /** Boots the guest, waits for `isUp` at the witness's door, and seeds the backup. */
  static async start(guest: VerifiedGuest, isUp: (port: number) => Promise<void>): Promise<VerifiedPair> {
    const pair = new VerifiedPair(await GuestGroup.start([{ protocol: 'tcp', guestPort: guest.guestPort }]), guest);
    try {
      await pair.group.formed();
      await pair.startSide(1);
      await isUp(pair.port);
      await pair.startSide(2);
      await pair.seed();
      return pair;
    } catch (error) {
      await pair.stop();
      throw error;
    }
  }

  /** Of the witness, leading to the guest's. */
  get port(): number {
    return this.group.member(3).ports[0] as number;
  }

  get rounds(): RoundLine[] {
    return this.group.member(1).rounds;
  }

  /** Resolves when that many more rounds have ended. */
  async more(count: number): Promise<void> {
    const goal = this.rounds.length + count;
    while (this.rounds.length < goal) {
      const before = this.rounds.length;
      await until(`round ${before + 1} ends; ${this.evidence()}`, stallMs, async () => {
        if (this.news.some(({ type }) => type === 'backupLost' || type === 'useless')) throw new Error(this.evidence());
        return this.rounds.length > before;
      });
    }
  }

  /** Resolves when that many rounds have been compared, which is when the backup has loaded them: a little after they have ended. */
  async compared(count: number): Promise<void> {
    await until(`${count} rounds are compared`, stallMs, async () => this.differences().length >= count);
  }

  /** How many pages differed after each round. */
  differences(): number[] {
    const lines = existsSync(this.log) ? readFileSync(this.log, 'utf8').trim().split('\n') : [];
    return lines.map((line) => Number(line.split(' ')[1]));
  }

  async stop(): Promise<void> {
    for (const loop of this.loops) loop.close();
    for (const machine of this.machines) await machine.kill();
    await this.group.stop();
  }

  private get log(): string {
    return path.join(this.group.directory, 'verified');
  }

  private async startSide(number: number): Promise<void> {
    const member = this.group.member(number);
    const { image, guestPort: _, ...same } = this.guest;
    const incoming = number === 2;
    const network = { type: 'stream' as const, socket: member.socket };
    const machine = await TestMachine.start(
      { ...bare, ...image, ...same, network, memoryFile: member.memoryFile, incoming },
      this.environment(incoming),
      verifiedTraces,
    );
    this.machines.push(machine);
    const mainLoop = new MainLoop(machine.pid);
    const place = {
      ...{ self: number, migrationSocket: member.migrationSocket, hasDisk: false },
      order: (line: string) => member.order(line),
      giveWay: (gives: boolean) => mainLoop.giveWay(gives),
      tell: (one: PairNews) => this.news.push(one),
    };
    const loop = incoming ? await PairLoop.awaiting(machine.qmp, place) : PairLoop.alone(machine.qmp, place);
    this.loops.push(loop);
    machine.onEvent = (event) => loop.onQmpEvent(event);
    this.connect(member, loop);
    if (!incoming) await machine.qmp.execute('cont', {});
  }

  private environment(incoming: boolean): Record<string, string> {
    const preloads = ['libgaia-tcg-colo.so', 'libgaia-verify-identity.so'];
    return {
      ...(incoming ? {} : { GAIA_VERIFY_WAITS: 'yes' }),
      LD_PRELOAD: preloads.map((name) => path.join(native, name)).join(':'),
      GAIA_VERIFY_OWN: this.group.member(2).memoryFile,
      GAIA_VERIFY_OTHER: this.group.member(1).memoryFile,
      GAIA_VERIFY_LOG: this.log,
    };
  }

  private connect(member: GuestMember, loop: PairLoop): void {
    if (member.guest !== null) loop.onLine({ type: 'guest', guest: member.guest });
    member.onLine = (line) => {
      const read = parsePlaneLine(line);
      if (read !== null) loop.onLine(read);
    };
  }

  private async seed(): Promise<void> {
    const port = await until('the backup listens', patienceMs, async () => this.group.member(2).relay?.port);
    this.loops[0]?.obey({ type: 'offerBackup', member: 2, host: '127.0.0.1', port });
    await until(`the first round ends; ${this.evidence()}`, patienceMs, async () => this.rounds.length > 0);
  }

  private evidence(): string {
    const states = this.group.members.map(({ guest, relay }) => JSON.stringify([guest, relay]));
    const words = this.machines.map(({ output }) => output.slice(-300));
    return [...states, JSON.stringify(this.news.slice(-5)), ...words].join('\n');
  }
}
