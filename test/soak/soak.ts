/** A real cluster under load and churn for a while, watched. */
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { unlessInterrupted } from '../chaos/interruption.js';
import { System } from '../e2e/system.js';
import { ofSystem } from '../growth/rules.js';
import { Watch } from '../growth/watch.js';
import { apps, specs } from './apps.js';
import { above } from './ceilings.js';
import { Churn } from './churn.js';
import { Lane } from './lane.js';
import { Readings } from './readings.js';
import { openLines, openRedis } from './talk.js';

const redisLanes = 8;
const wordsAtOnce = 16;
/** Their memory fills with the first 40,000 writes: long before it is compared. */
const gatewayAnswersPerSecond = 200;
const readEveryMs = 5000;
const readHeapsEveryMs = 60_000;
const tellEveryMs = 60_000;
const shownMax = 20;
/** Of some hundred heaps that are read in an hour; whoever stands still is not read again and again. */
const unreadMax = 3;

export interface SoakOptions {
  minutes: number;
  /** Of the measured maximum. */
  loadPercent: number;
  seed: number;
  /** For so long the maximum is measured. */
  measuredMs?: number;
  /** Ends it before its time. Left out: nothing does. */
  interrupted?: AbortSignal;
}

export interface Verdict {
  maximumPerSecond: number;
  answers: number;
  gatewayAnswers: number;
  lostConnections: number;
  rounds: number;
  errors: number;
  heapsUnread: number;
  peakMiB: Record<string, number>;
  changes: object;
  faults: string[];
}

/** @throws Error why it was interrupted; the cluster has been stopped then */
export async function soak(options: SoakOptions, say: (text: string) => void): Promise<Verdict> {
  const system = await System.start();
  const soaking = new Soak(system, options, say);
  try {
    await unlessInterrupted(options.interrupted ?? new AbortController().signal, () => soaking.through());
  } finally {
    await system.stop();
  }
  return soaking.verdict();
}

class Soak {
  private readonly lanes: Lane[];
  private readonly gateway: Lane;
  private readonly churn: Churn;
  private readonly readings: Readings;
  private readonly watch: Watch;
  private readonly overMs: number;
  private begunMs = 0;
  private heapsReadMs = 0;
  private maximum = 0;
  private readonly broken: string[] = [];
  private grown: string[] = [];
  private changes: object = {};

  constructor(
    private readonly system: System,
    private readonly options: SoakOptions,
    private readonly say: (text: string) => void,
  ) {
    const { seed } = options;
    this.overMs = options.minutes * 60_000;
    this.lanes = Array.from(
      { length: redisLanes },
      (_, index) => new Lane(system, apps.redis, openRedis, `lane-${index}`, seed + index, wordsAtOnce),
    );
    this.gateway = new Lane(system, apps.gateway, openLines, 'gateway', seed + redisLanes, 1);
    this.gateway.pace(gatewayAnswersPerSecond);
    this.churn = new Churn(system);
    this.readings = new Readings(system);
    this.watch = new Watch(() => this.readings.read(this.heapsAreDue()), readEveryMs, ofSystem);
  }

  async through(): Promise<void> {
    for (const spec of specs()) await this.system.deploy(spec);
    for (const app of [apps.redis, apps.gateway, apps.lossy]) await this.system.whole(app);
    if (this.isCompared) await this.churn.fillEvents();
    const lanes = [...this.lanes, this.gateway].map((lane) => this.noted(lane.run()));
    await this.measure();
    this.begunMs = Date.now();
    const parts = [this.churn, this.watch].map((part) => this.noted(part.run()));
    const { overMs } = this;
    for (let pastMs = 0; pastMs < overMs; pastMs += tellEveryMs) {
      await sleep(Math.min(tellEveryMs, overMs - pastMs));
      this.tell(pastMs / tellEveryMs + 1);
    }
    for (const part of [...this.lanes, this.gateway, this.churn, this.watch]) part.stop();
    this.changes = this.watch.changes();
    this.grown = this.watch.grown();
    await Promise.all([...lanes, ...parts]);
  }

  /** Whether there is growth is judged. */
  private get isCompared(): boolean {
    return this.overMs >= ofSystem.judgedFromMs;
  }

  /** Only while what is read is compared with what is read at another time. */
  private heapsAreDue(): boolean {
    const nowMs = Date.now();
    if (!this.isCompared || nowMs - this.heapsReadMs < readHeapsEveryMs) return false;
    const part = (nowMs - this.begunMs) / this.overMs;
    const isDue = [ofSystem.before, ofSystem.after].some(([from, to]) => part >= from && part <= to);
    if (isDue) this.heapsReadMs = nowMs;
    return isDue;
  }

  /** A part that breaks off is an error, and the others go on: the system is to be ended in the end. */
  private async noted(part: Promise<void>): Promise<void> {
    await part.catch((error: Error) => this.broken.push(inspect(error)));
  }

  /** With all lanes as fast as they are answered; then the share of it that is asked for. */
  private async measure(): Promise<void> {
    for (const lane of this.lanes) lane.pace(Number.POSITIVE_INFINITY);
    const before = this.answered;
    const { measuredMs = 10_000 } = this.options;
    await sleep(measuredMs);
    this.maximum = (this.answered - before) / (measuredMs / 1000);
    for (const lane of this.lanes) lane.pace((this.maximum * this.options.loadPercent) / 100 / redisLanes);
    this.say(`at most ${Math.round(this.maximum)} answers a second; ${this.options.loadPercent} % of that from now on`);
  }

  private get answered(): number {
    return this.lanes.reduce((sum, { answers }) => sum + answers, 0);
  }

  private get errors(): string[] {
    return [...this.broken, ...[...this.lanes, this.gateway, this.churn].flatMap(({ errors }) => errors)];
  }

  private tell(minute: number): void {
    const lost = this.lanes.reduce((sum, lane) => sum + lane.lost, this.gateway.lost);
    const peaks = [...this.readings.peakBytes]
      .map(([kind, bytes]) => `${kind} ${Math.round(bytes / 2 ** 20)}`)
      .join(', ');
    this.say(
      `minute ${minute}: ${this.answered + this.gateway.answers} answers, ${lost} connections lost, ${this.churn.rounds} rounds of churn, ${this.errors.length} errors; peaks in MiB: ${peaks}`,
    );
  }

  /** When the system has ended. */
  verdict(): Verdict {
    const left = [...this.readings.shared].filter((file) => existsSync(file)).map((file) => `${file} is left`);
    const { peakBytes, unread } = this.readings;
    const silent = unread.length > unreadMax ? unread.slice(0, shownMax) : [];
    const faults = [...this.errors.slice(0, shownMax), ...above(peakBytes), ...this.grown, ...left, ...silent];
    return {
      maximumPerSecond: Math.round(this.maximum),
      answers: this.answered,
      gatewayAnswers: this.gateway.answers,
      lostConnections: this.lanes.reduce((sum, { lost }) => sum + lost, this.gateway.lost),
      rounds: this.churn.rounds,
      errors: this.errors.length,
      heapsUnread: unread.length,
      peakMiB: Object.fromEntries([...peakBytes].map(([kind, bytes]) => [kind, Math.round(bytes / 2 ** 20)])),
      changes: this.changes,
      faults,
    };
  }
}
