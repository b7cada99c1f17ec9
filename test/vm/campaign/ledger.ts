/** What clients of a guest know: which writes were acknowledged, when, and over which connections. */
import type { RespConnection } from '../../resp.js';
import { redisAt } from '../redis.js';
import { Writer } from '../writer.js';

/** A connection through one slot's door that increments a counter of its own. */
export class LedgerClient {
  private readonly writer: Writer;
  /** Why it writes no more; null while it does. */
  broken: string | null = null;
  /** An answer was not the next number. */
  wrong = false;
  private lastMs = performance.now();
  private gapMs = 0;

  private constructor(
    readonly slot: number,
    readonly key: string,
    private readonly client: RespConnection,
  ) {
    this.writer = new Writer(client, key, () => this.onAcknowledged());
    this.writer.ended.catch((error: Error) => {
      this.broken = error.message;
      this.wrong = error.name === 'AssertionError';
    });
  }

  static async open(slot: number, key: string, host: string, port: number): Promise<LedgerClient> {
    return new LedgerClient(slot, key, await redisAt(port, host));
  }

  /** What it has asked last may or may not be done. */
  get open(): boolean {
    return this.broken !== null;
  }

  get acknowledged(): number {
    return this.writer.acknowledged;
  }

  /** The longest time without an acknowledgement since `measure`, that which runs included. */
  get outageMs(): number {
    return Math.max(this.gapMs, performance.now() - this.lastMs);
  }

  measure(): void {
    this.gapMs = 0;
  }

  /** When its last write is acknowledged. */
  async stop(): Promise<void> {
    this.writer.stopped = true;
    await this.writer.ended.catch(() => {});
    this.client.close();
  }

  /** Leaves what it waits for. */
  drop(): void {
    this.writer.stopped = true;
    this.client.close();
  }

  private onAcknowledged(): void {
    const nowMs = performance.now();
    this.gapMs = Math.max(this.gapMs, nowMs - this.lastMs);
    this.lastMs = nowMs;
  }
}

/** A counter's value is what was acknowledged, and one more at most when a write was under way. Null: it is so. */
export function judgeCounter(key: string, value: string | null, acknowledged: number, open: boolean): string | null {
  const found = Number(value ?? 0);
  if (found === acknowledged || (open && found === acknowledged + 1)) return null;
  return `${key} is ${found}, and ${acknowledged} increments were acknowledged${open ? ', one more was under way' : ''}`;
}
