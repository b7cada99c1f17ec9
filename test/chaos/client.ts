/** A client of a replicated program that uses whichever replica answers, and writes down what it asked and was told. */
import { setTimeout as sleep } from 'node:timers/promises';
import { hostOf, NotInTime, portOf } from '../e2e/system.js';
import { type Random, randomFrom } from '../random.js';
import type { Cluster } from './cluster.js';
import type { AnyCall, History } from './history.js';
import { type ObjectType, objectTypes, type TypeName } from './objects.js';
import { type Connection, type Program, WrongReply } from './programs/program.js';

const answerMaxMs = 2000;
const retryMs = 50;
const finalReadMaxMs = 30_000;

const nowNs = (): number => performance.now() * 1e6;

/** A client that has no answer to a question is another one from then on: the first may still be waiting. */
let processes = 0;

export class Client {
  #connection: Connection | null = null;
  #addresses: { address: string }[] = [];
  #stopped = false;
  #process = ++processes;
  readonly #random: Random;
  #done: Promise<void> | null = null;

  constructor(
    private readonly cluster: Cluster,
    private readonly program: Program,
    private readonly history: History,
    seed: number,
    /** At most one call in each; the beats of all clients are the same, so that their calls meet. */
    private readonly beatMs: number,
  ) {
    this.#random = randomFrom(seed);
  }

  begin(): void {
    this.#done = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
    this.#connection?.close();
  }

  async #run(): Promise<void> {
    for (; !this.#stopped; await this.#nextBeat()) {
      const { types } = this.program;
      const name = types[Math.floor(this.#random() * types.length)] as TypeName;
      const type: ObjectType = objectTypes[name];
      const operation = type.next(this.#random, this.history.fresh());
      if (!(await this.#connected())) await sleep(retryMs);
      else await this.#ask(name, this.history.object(name), operation);
    }
  }

  async #nextBeat(): Promise<void> {
    const nowMs = performance.now();
    const nextMs = (Math.floor(nowMs / this.beatMs) + 1) * this.beatMs;
    // Timers may be early by less than a millisecond.
    await sleep(Math.ceil(nextMs - nowMs) + 1);
  }

  /** Shows every object once more, when nothing is wrong any more. @throws Error if that cannot be had */
  async readAll(): Promise<void> {
    for (const { object, type } of this.history.objects) {
      const deadlineMs = performance.now() + finalReadMaxMs;
      while (!((await this.#connected()) && (await this.#ask(type, object, objectTypes[type].last)))) {
        if (performance.now() > deadlineMs)
          throw new NotInTime(`${this.history.group} cannot be read: ${object} not within ${finalReadMaxMs} ms`);
        await sleep(retryMs);
      }
    }
    this.#connection?.close();
  }

  async #connected(): Promise<boolean> {
    if (this.#connection !== null) return true;
    const group = await this.cluster.api.group(this.history.group).catch(() => null);
    if (group !== null) this.#addresses = group.replicas;
    const next = this.#addresses[Math.floor(this.#random() * this.#addresses.length)];
    if (next === undefined) return false;
    this.#connection = await bounded(this.program.open(portOf(next), hostOf(next))).catch(() => null);
    return this.#connection !== null;
  }

  /** Whether it was answered. */
  async #ask(typeName: TypeName, object: string, operation: any): Promise<boolean> {
    const asked = { process: this.#process, type: typeName, object, operation, callNs: nowNs() };
    const call: AnyCall = { ...asked, outcome: 'unknown' };
    // Written down before it is sent: what is under way at the end counts, too.
    const at = this.history.calls.push(call) - 1;
    try {
      const result = await bounded((this.#connection as Connection).ask(typeName, object, operation));
      this.history.calls[at] = { ...asked, outcome: 'returned', returnNs: nowNs(), result };
      return true;
    } catch (error) {
      this.#giveUp(error as Error);
      return false;
    }
  }

  #giveUp(error: Error): void {
    if (error instanceof WrongReply) this.history.wrongReplies.push(error.message);
    this.#connection?.close();
    this.#connection = null;
    this.#process = ++processes;
  }
}

function bounded<T>(promise: Promise<T>): Promise<T> {
  const late = sleep(answerMaxMs, undefined, { ref: false }).then(() => Promise.reject(new Error('no answer in time')));
  return Promise.race([promise, late]);
}
