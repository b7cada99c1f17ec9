/** One cluster, one store, and one framework process after the other: each is killed at a random moment. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { readStore } from '../../../framework/store/place.js';
import { FrameworkProcess } from '../../framework-process.js';
import type { Random } from '../../random.js';
import { FaultyMaster } from './master.js';
import { type Answer, type Operation, Operations, Unexpected } from './operations.js';
import { Reference } from './reference.js';

export interface LaneOptions {
  /** As `--store` takes it; nobody else uses it. */
  store: string;
  /** Further options of the framework. */
  args: string[];
  /** Kills during deployments. */
  count: number;
  faultShare: number;
  random: Random;
  /** No further kill after it, by `Date.now()`. */
  endMs: number;
}

export interface LaneResult {
  /** While a deployment was under way, or its answer was waited for; and at other moments. */
  kills: number;
  idleKills: number;
  operations: number;
  /** Times everything has come to rest. */
  rests: number;
}

const agents = 6;
const killAfterMsMax = 1500;
const killAfterCallsMax = 25;
const killsPerOperationMax = 4;
const restMaxMs = 120_000;
const subscribedMaxMs = 60_000;
const askAgainMs = 100;
const answerMaxMs = 20_000;

export class Lane {
  readonly #options: LaneOptions;
  readonly #master: FaultyMaster;
  readonly #reference: Reference;
  readonly #operations: Operations;
  readonly #result: LaneResult = { kills: 0, idleKills: 0, operations: 0, rests: 0 };
  #framework: FrameworkProcess | null = null;
  /** What has happened lately, for whoever looks for the cause of a failure. */
  readonly #told: string[] = [];

  private constructor(options: LaneOptions, master: FaultyMaster) {
    this.#options = options;
    this.#master = master;
    this.#reference = new Reference(master);
    this.#operations = new Operations(this.#reference, options.random);
  }

  /** @throws Error the promise that was broken, and what had been done before */
  static async run(options: LaneOptions): Promise<LaneResult> {
    const master = await FaultyMaster.start(agents, options.random);
    const lane = new Lane(options, master);
    try {
      await lane.#start();
      while (lane.#result.kills < options.count && Date.now() < options.endMs) await lane.#operate();
      await lane.#rest();
      return lane.#result;
    } catch (error) {
      const log = lane.#framework?.log.slice(-2000) ?? '';
      throw new Error(`${(error as Error).message}\n${lane.#told.slice(-30).join('\n')}\n${log}`, { cause: error });
    } finally {
      lane.#framework?.process.kill('SIGKILL');
      master.stop();
    }
  }

  #tell(text: string): void {
    this.#told.push(`${new Date().toISOString()} ${text}`);
  }

  async #start(): Promise<void> {
    const { store, args } = this.#options;
    const own = ['--master', this.#master.address, '--store', store, '--log-level', 'warn', ...args];
    const before = this.#master.subscriptions;
    this.#framework = new FrameworkProcess(own);
    await this.#framework.ready(subscribedMaxMs);
    await this.#until('subscribed', subscribedMaxMs, () => this.#master.subscriptions > before);
  }

  /** One change, some kills in the course of it, and the end of it now and then. */
  async #operate(): Promise<void> {
    const { random, faultShare, count, endMs } = this.#options;
    this.#master.faultShare = faultShare;
    const operation = this.#operations.next();
    this.#tell(operation.name);
    this.#result.operations += 1;
    let isAnswered = false;
    let isUnderWay = true;
    const times = 1 + Math.floor(random() * killsPerOperationMax);
    for (let i = 0; i < times && isUnderWay && this.#result.kills < count && Date.now() < endMs; i++) {
      const killed = this.#killSomewhen();
      if (!isAnswered) isAnswered = await this.#attempt(operation);
      await killed;
      isUnderWay = await this.#look(!isAnswered);
      await this.#start();
    }
    await this.#until('an answer', restMaxMs, async () => isAnswered || (await this.#attempt(operation)));
    if (random() < 0.3) await this.#rest();
  }

  async #attempt(operation: Operation): Promise<boolean> {
    try {
      await operation.attempt((method, path, body) => this.#send(method, path, body));
      this.#tell('answered');
      return true;
    } catch (error) {
      if (error instanceof Unexpected || error instanceof assert.AssertionError) throw error;
      await sleep(askAgainMs);
      return false;
    }
  }

  async #send(method: string, path: string, body?: object): Promise<Answer> {
    const response = await fetch(`${this.#framework?.url}${path}`, {
      method,
      headers: { 'Content-Type': 'application/json' },
      signal: AbortSignal.timeout(answerMaxMs),
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (response.status === 503) throw new Error('it does not lead yet');
    return { status: response.status, body: text === '' ? null : JSON.parse(text) };
  }

  /** After a time, or just before a call has its effect; resolves when all that the process had sent has arrived. */
  async #killSomewhen(): Promise<void> {
    const { random } = this.#options;
    const framework = this.#framework as FrameworkProcess;
    const ended = once(framework.process, 'exit');
    const kill = () => framework.process.kill('SIGKILL');
    // Soon is likelier: most deployments are short.
    const timer = setTimeout(kill, random() ** 2 * killAfterMsMax);
    const lastCall = this.#master.calls + 1 + Math.floor(random() * killAfterCallsMax);
    if (random() < 0.5) this.#master.onCall = () => this.#master.calls >= lastCall && kill();
    await ended;
    clearTimeout(timer);
    this.#master.onCall = () => undefined;
    await this.#master.quiet();
  }

  /** Whether the kill has met a change that has not ended. */
  async #look(waiting: boolean): Promise<boolean> {
    const { deploying } = this.#reference.checkStored(await readStore(this.#options.store));
    const isUnderWay = deploying || waiting;
    if (isUnderWay) this.#result.kills += 1;
    else this.#result.idleKills += 1;
    this.#tell(`killed${deploying ? ' in a deployment' : ''}${waiting ? ', before an answer' : ''}`);
    return isUnderWay;
  }

  /** Nothing is lost any more: what was promised comes to be, without another start. */
  async #rest(): Promise<void> {
    this.#master.faultShare = 0;
    await this.#until('everything runs as wanted', restMaxMs, async () => {
      this.#reference.requireUnbroken();
      // A session with ZooKeeper may end on a busy machine: then it leads again after a while.
      const answer = await this.#send('GET', '/v2/deployments').catch(() => null);
      if (!answer) return 'the framework does not answer';
      const { body } = answer;
      return (body as object[]).length > 0 ? JSON.stringify(body).slice(0, 1500) : (this.#reference.missing() ?? true);
    });
    this.#result.rests += 1;
    this.#tell('at rest');
  }

  /** `holds`: true, or what is missing. */
  async #until(what: string, maxMs: number, holds: () => Promise<string | boolean> | string | boolean): Promise<void> {
    const endMs = Date.now() + maxMs;
    for (;;) {
      const found = await holds();
      if (found === true) return;
      const { exitCode } = this.#framework?.process ?? { exitCode: null };
      assert.equal(exitCode, null, `the framework has ended by itself: ${this.#framework?.log}`);
      assert.ok(Date.now() < endMs, `${what}: not within ${maxMs} ms: ${found}`);
      await sleep(askAgainMs);
    }
  }
}
