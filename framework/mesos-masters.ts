/** The leading Mesos master, as the masters say it in ZooKeeper: nodes `json.info_...` with their MasterInfo. */
import type { Logger } from 'pino';
import { hostText } from './ip-addresses.js';
import { followLeader, type Leader, ZooKeeper, type ZooKeeperUrl } from './zookeeper/index.js';

const sessionTimeoutMs = 10_000;
const retryMs = 1000;
const prefix = 'json.info_';

export class MasterDetector {
  readonly #url: ZooKeeperUrl;
  readonly #found: (address: string) => void;
  readonly #log: Logger;
  #session: ZooKeeper | null = null;
  #retrying: NodeJS.Timeout | null = null;
  #closed = false;

  /** `found` is called with `host:port` of the leader, now and whenever there is another one. */
  constructor(url: ZooKeeperUrl, log: Logger, found: (address: string) => void) {
    this.#url = url;
    this.#log = log;
    this.#found = found;
    void this.#follow();
  }

  close(): void {
    this.#closed = true;
    if (this.#retrying) clearTimeout(this.#retrying);
    this.#session?.close();
  }

  /** One session after the other. */
  async #follow(): Promise<void> {
    const { servers, path } = this.#url;
    const session = new ZooKeeper({ servers, timeoutMs: sessionTimeoutMs });
    this.#session = session;
    try {
      await followLeader(session, { directory: path || '/', prefix }, (leader) => this.#told(leader));
    } catch (error) {
      session.close();
      if (this.#closed) return;
      this.#log.warn({ cause: (error as Error).message, path }, 'the Mesos master cannot be looked up in ZooKeeper');
      this.#retrying = setTimeout(() => void this.#follow(), retryMs);
    }
  }

  #told(leader: Leader | null): void {
    if (this.#closed) return;
    const address = leader && masterAddress(leader.data);
    if (address) this.#found(address);
    else
      this.#log.warn({ path: this.#url.path, node: leader?.name ?? null }, 'no Mesos master leads that could be asked');
  }
}

/** `host:port`; null: it is no MasterInfo. */
export function masterAddress(data: Buffer): string | null {
  try {
    const { address, hostname, port } = JSON.parse(data.toString('utf8'));
    const host = address?.ip ?? address?.hostname ?? hostname;
    const number = address?.port ?? port;
    if (typeof host !== 'string' || !Number.isInteger(number)) return null;
    return `${hostText(host)}:${number}`;
  } catch {
    return null;
  }
}
