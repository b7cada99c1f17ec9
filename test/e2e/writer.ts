import { setTimeout as sleep } from 'node:timers/promises';
import lodash from 'lodash';
import { RespConnection } from '../resp.js';
import { type Api, hostOf, portOf } from './system.js';

const KEYS_PER_CALL = 1000;
const CALL_TIMEOUT_MS = 2000;
const RETRY_MS = 10;
const PAUSE_BETWEEN_WRITES_MS = 2;

/** One client that writes key after key through any replica that answers, and remembers what was acknowledged. */
export class Writer {
  readonly acknowledged: string[] = [];
  longestPauseMs = 0;
  private stopped = false;
  private addresses: { address: string }[] = [];
  private readonly done: Promise<void>;

  constructor(
    /** Whom it asks for addresses. */
    public api: Api,
    private readonly appId: string,
    private readonly pauseMs = PAUSE_BETWEEN_WRITES_MS,
  ) {
    this.done = this.run();
  }

  /** Ends the writing; then gives the acknowledged keys that the group does not have. */
  async stop(): Promise<string[]> {
    this.stopped = true;
    await this.done;
    const client = await this.connect();
    const values: (string | null)[] = [];
    for (const keys of lodash.chunk(this.acknowledged, KEYS_PER_CALL))
      values.push(...((await client.call('MGET', ...keys)) as (string | null)[]));
    client.close();
    return this.acknowledged.filter((key, index) => values[index] !== key);
  }

  private async run(): Promise<void> {
    let lastMs = performance.now();
    let client: RespConnection | null = null;
    for (let number = 0; !this.stopped; ) {
      const key = `written-${number}`;
      try {
        client ??= await this.connect();
        await bounded(client.call('SET', key, key));
        this.acknowledged.push(key);
        this.longestPauseMs = Math.max(this.longestPauseMs, performance.now() - lastMs);
        lastMs = performance.now();
        number += 1;
        await sleep(this.pauseMs);
      } catch {
        client?.close();
        client = null;
        await sleep(RETRY_MS);
      }
    }
    client?.close();
  }

  /** Another address at every attempt; the addresses of today while the API answers. */
  private async connect(): Promise<RespConnection> {
    const group = await this.api.group(this.appId).catch(() => null);
    if (group !== null) this.addresses = [...group.replicas];
    const next = this.addresses[Math.floor(Math.random() * this.addresses.length)];
    if (!next) throw new Error('no address is known');
    return bounded(RespConnection.open(portOf(next), hostOf(next)));
  }
}

function bounded<T>(promise: Promise<T>): Promise<T> {
  const late = sleep(CALL_TIMEOUT_MS, undefined, { ref: false }).then(() =>
    Promise.reject(new Error('no answer in time')),
  );
  return Promise.race([promise, late]);
}
