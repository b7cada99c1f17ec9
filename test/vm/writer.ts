/** A client of redis whose every write is checked. */
import assert from 'node:assert/strict';
import type { RespConnection } from '../resp.js';

/** Increments its own counter, one after the other, and checks each answer. */
export class Writer {
  acknowledged = 0;
  stopped = false;
  /** Rejects with what was wrong: a lost connection, an answer that is not the next number. */
  readonly ended: Promise<void>;

  constructor(
    private readonly client: RespConnection,
    readonly key: string,
    private readonly onAcknowledged: () => void = () => {},
  ) {
    this.ended = this.write();
    this.ended.catch(() => {});
  }

  private async write(): Promise<void> {
    while (!this.stopped) {
      assert.equal(await this.client.call('INCR', this.key), String(this.acknowledged + 1), this.key);
      this.acknowledged++;
      this.onAcknowledged();
    }
  }
}
