/** The leading Mesos master, as the masters say it in ZooKeeper: nodes `json.info_...` with their MasterInfo. */
import type { Logger } from 'pino';
import { hostText } from './ip-addresses.js';
import { followLeader, type Leader, Sessions, type ZooKeeperUrl } from './zookeeper/index.js';

const sessionTimeoutMs = 10_000;
const pauseMs = 1000;
const prefix = 'json.info_';

export class MasterDetector {
  readonly #path: string;
  readonly #secure: boolean;
  readonly #found: (address: string) => void;
  readonly #log: Logger;
  readonly #sessions: Sessions;

  /** `found` is called with `host:port` of the leader, now and whenever there is another one. `secure`: to be asked over TLS. */
  constructor({ servers, path }: ZooKeeperUrl, secure: boolean, log: Logger, found: (address: string) => void) {
    this.#path = path;
    this.#secure = secure;
    this.#log = log;
    this.#found = found;
    this.#sessions = new Sessions({
      session: { servers, timeoutMs: sessionTimeoutMs },
      pauseMs,
      use: (session) => followLeader(session, { directory: path, prefix }, (leader) => this.#told(leader)),
      ended: ({ message: cause }) => log.warn({ cause, path }, 'the Mesos master cannot be looked up in ZooKeeper'),
    });
    this.#sessions.start();
  }

  close(): void {
    this.#sessions.stop();
  }

  #told(leader: Leader | null): void {
    if (this.#sessions.stopped) return;
    const address = leader && masterAddress(leader.data, this.#secure);
    if (address) this.#found(address);
    else this.#log.warn({ path: this.#path, node: leader?.name ?? null }, 'no Mesos master leads that could be asked');
  }
}

/** `host:port`; null: it is no MasterInfo. Over TLS by its name, if it has one: that is what certificates name, and where redirections lead. */
export function masterAddress(data: Buffer, secure: boolean): string | null {
  try {
    const { address, hostname, port } = JSON.parse(data.toString('utf8'));
    const name = address?.hostname ?? hostname;
    const ip = address?.ip;
    const host = secure ? (name ?? ip) : (ip ?? name);
    const number = address?.port ?? port;
    if (typeof host !== 'string' || !Number.isInteger(number)) return null;
    return `${hostText(host)}:${number}`;
  } catch {
    return null;
  }
}
