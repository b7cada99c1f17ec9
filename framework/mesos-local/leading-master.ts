import { setTimeout as sleep } from 'node:timers/promises';
import type { MasterInfo } from '../mesos-http-client/types.js';
import { enter, followLeader, parseZooKeeperUrl, ZooKeeper, type ZooKeeperUrl } from '../zookeeper/index.js';

/** Which master leads, by ZooKeeper, as Apache Mesos' masters, agents and frameworks agree on it. */

const PREFIX = 'json.info_';
const NEXT_SESSION_MS = 500;

export interface LeadingMaster {
  info: MasterInfo;
  /** It is the candidate of this object. */
  own: boolean;
}

export interface LeadingMasterOptions {
  /** `zk://host:port,host:port/path` */
  url: string;
  sessionTimeoutMs: number;
  /** Null: nobody leads, or it is not known. */
  told(leader: LeadingMaster | null): void;
  /** Given: a candidate. */
  candidate?: MasterInfo;
}

/** Follows the leader from session to session until `stop`. */
export class LeadingMasters {
  readonly #options: LeadingMasterOptions;
  readonly #place: ZooKeeperUrl;
  #session: ZooKeeper | null = null;
  #stopped = false;

  /** @throws Error if the URL is none */
  constructor(options: LeadingMasterOptions) {
    this.#options = options;
    this.#place = parseZooKeeperUrl(options.url);
  }

  /** Of the current session; a leader keeps its registry over it. */
  get session(): ZooKeeper | null {
    return this.#session;
  }

  /** Where the candidates are. */
  get directory(): string {
    return this.#place.path;
  }

  start(): void {
    void this.#run();
  }

  stop(): void {
    this.#stopped = true;
    this.#session?.close();
  }

  async #run(): Promise<void> {
    const { sessionTimeoutMs, told } = this.#options;
    while (!this.#stopped) {
      const session = new ZooKeeper({ servers: this.#place.servers, timeoutMs: sessionTimeoutMs });
      this.#session = session;
      await this.#follow(session).catch(() => {});
      session.close();
      if (this.#stopped) return;
      told(null);
      await sleep(NEXT_SESSION_MS);
    }
  }

  /** Until the session is over. */
  async #follow(session: ZooKeeper): Promise<void> {
    const { candidate, told } = this.#options;
    const group = { directory: this.directory, prefix: PREFIX };
    const name = candidate ? await enter(session, group, Buffer.from(JSON.stringify(candidate))) : null;
    await followLeader(session, group, (leader) => {
      if (this.#stopped) return;
      const info = leader && (JSON.parse(leader.data.toString('utf8')) as MasterInfo);
      told(info && { info, own: leader?.name === name });
    });
  }
}

/** Where its API is. */
export function masterUrl({ address, port, hostname }: MasterInfo): string {
  return `http://${address?.ip ?? hostname}:${address?.port ?? port}`;
}
