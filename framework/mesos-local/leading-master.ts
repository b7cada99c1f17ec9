import type { MasterInfo } from '../mesos-http-client/types.js';
import { enter, followLeader, parseZooKeeperUrl, Sessions, type ZooKeeper } from '../zookeeper/index.js';

/** Which master leads, by ZooKeeper, as Apache Mesos' masters, agents and frameworks agree on it. */

const PREFIX = 'json.info_';
const PAUSE_MS = 500;

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
  /** Where the candidates are. */
  readonly directory: string;
  readonly #options: LeadingMasterOptions;
  readonly #sessions: Sessions;

  /** @throws Error if the URL is none */
  constructor(options: LeadingMasterOptions) {
    const { servers, path } = parseZooKeeperUrl(options.url);
    this.directory = path;
    this.#options = options;
    this.#sessions = new Sessions({
      session: { servers, timeoutMs: options.sessionTimeoutMs },
      pauseMs: PAUSE_MS,
      use: (session) => this.#follow(session),
      ended: () => options.told(null),
    });
  }

  /** Of the current session; a leader keeps its registry over it. */
  get session(): ZooKeeper | null {
    return this.#sessions.current;
  }

  start(): void {
    this.#sessions.start();
  }

  stop(): void {
    this.#sessions.stop();
  }

  /** Until the session is over. */
  async #follow(session: ZooKeeper): Promise<never> {
    const { candidate, told } = this.#options;
    const group = { directory: this.directory, prefix: PREFIX };
    const name = candidate ? await enter(session, group, Buffer.from(JSON.stringify(candidate))) : null;
    return followLeader(session, group, (leader) => {
      if (this.#sessions.stopped) return;
      const info = leader && (JSON.parse(leader.data.toString('utf8')) as MasterInfo);
      told(info && { info, own: leader?.name === name });
    });
  }
}

/** Where its API is; ZooKeeper does not say whether with TLS. */
export function masterUrl({ address, port, hostname }: MasterInfo, scheme: 'http' | 'https'): string {
  return `${scheme}://${address?.ip ?? hostname}:${address?.port ?? port}`;
}
