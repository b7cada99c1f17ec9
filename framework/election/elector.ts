/** Carries out what `Election` decides: sessions with ZooKeeper, the candidate's node, reigns. */
import type { Logger } from 'pino';
import { hostText } from '../ip-addresses.js';
import { candidates, type ZooKeeperAccess } from '../store/place.js';
import type { Store } from '../store/store.js';
import {
  type CandidateGroup,
  enter,
  followLeader,
  type Leader,
  ZooKeeper,
  type ZooKeeperError,
} from '../zookeeper/index.js';
import type { ZooKeeperUrl } from '../zookeeper/url.js';
import { Election, type ElectionAction, type ElectionEvent } from './election.js';
import { isLost, type Reign, type Standing } from './reign.js';

export interface ElectorOptions {
  /** The schedulers that share its path elect one of them. */
  url: ZooKeeperUrl;
  sessionTimeoutMs: number;
  access: ZooKeeperAccess;
  /** Takes the store. It may take its time, and changes nothing that others see but that. */
  open: (zooKeeper: ZooKeeper) => Promise<Store>;
  /** Begins to act. It closes the store with itself. */
  begin: (store: Store) => Reign;
  log: Logger;
}

/** A reign that has not ended by then ends with its process. */
const endMaxMs = 5000;
const silenceMs = 10_000;

export class Elector implements Standing {
  readonly failed: Promise<never>;
  readonly zooKeeper: NonNullable<Standing['zooKeeper']>;
  readonly #options: ElectorOptions;
  readonly #group: CandidateGroup;
  readonly #election = new Election();
  #address = '';
  #session: ZooKeeper | null = null;
  /** Of the present first candidate; null: unknown. */
  #firstAddress: string | null = null;
  #beginning: Promise<void> = Promise.resolve();
  #reign: Reign | null = null;
  #timer: NodeJS.Timeout | null = null;
  #fail!: (error: Error) => void;
  #stopped: () => void = () => {};

  constructor(options: ElectorOptions) {
    this.#options = options;
    this.zooKeeper = { url: textOf(options.url), sessionTimeoutMs: options.sessionTimeoutMs };
    this.#group = { directory: `${options.url.path}/${candidates.folder}`, prefix: candidates.prefix };
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => undefined);
  }

  /** A process that stood still may not have seen yet that its session is over: the lease tells. */
  get leading(): boolean {
    return this.#reign !== null && this.#election.reigns && (this.#session?.leaseLeftMs ?? 0) > 0;
  }

  get leader(): string | null {
    if (this.leading) return this.#address;
    return this.#firstAddress === this.#address ? null : this.#firstAddress;
  }

  abdicate(): boolean {
    if (!this.leading) return false;
    this.#step({ type: 'abdicate' });
    return true;
  }

  start(address: string): void {
    this.#address = address;
    this.#step({ type: 'start' });
  }

  async stop(): Promise<void> {
    const over = new Promise<void>((resolve) => {
      this.#stopped = resolve;
    });
    this.#step({ type: 'stop' });
    if (this.#timer) clearTimeout(this.#timer);
    await Promise.race([over, this.failed.catch(() => undefined)]);
  }

  #step(event: ElectionEvent): void {
    for (const action of this.#election.step(event)) this.#carryOut(action);
    if (this.#election.over) this.#stopped();
  }

  #carryOut(action: ElectionAction): void {
    switch (action.type) {
      case 'openSession':
        this.#openSession();
        return;
      case 'closeSession':
        this.#closeSession();
        return;
      case 'enter':
        this.#enter();
        return;
      case 'beginReign':
        this.#beginning = this.#begin();
        return;
      case 'endReign':
        void this.#end();
        return;
      case 'retryIn':
        this.#timer = setTimeout(() => this.#step({ type: 'retry' }), action.ms);
        return;
    }
  }

  #openSession(): void {
    const { url, sessionTimeoutMs, access, log } = this.#options;
    const zooKeeper = new ZooKeeper({ ...url, timeoutMs: sessionTimeoutMs, ...access });
    this.#session = zooKeeper;
    const silent = setTimeout(() => {
      log.warn({ servers: url.servers, cause: zooKeeper.lossCause }, 'no ZooKeeper server answers');
    }, silenceMs);
    const begun = zooKeeper.started().then(
      () => zooKeeper === this.#session && this.#step({ type: 'sessionBegan' }),
      () => undefined,
    );
    void begun.finally(() => clearTimeout(silent));
    void zooKeeper.ended.then((cause) => this.#sessionEnded(zooKeeper, cause));
  }

  #closeSession(): void {
    const zooKeeper = this.#session;
    this.#session = null;
    this.#firstAddress = null;
    zooKeeper?.close();
  }

  #sessionEnded(zooKeeper: ZooKeeper, cause: ZooKeeperError): void {
    if (zooKeeper !== this.#session) return;
    this.#closeSession();
    if (cause.code === 'authFailed') this.#fail(cause);
    this.#options.log.warn({ cause: cause.message }, 'the session with ZooKeeper is over');
    this.#step({ type: 'sessionEnded' });
  }

  #enter(): void {
    const zooKeeper = this.#session as ZooKeeper;
    const data = Buffer.from(JSON.stringify({ address: this.#address }));
    const ifPresent = (event: ElectionEvent) => {
      if (zooKeeper === this.#session) this.#step(event);
    };
    const failed = (error: ZooKeeperError) => {
      // The end of a session is told by itself.
      if (error.code !== 'sessionEnded') this.#fail(error);
    };
    enter(zooKeeper, this.#group, data).then((name) => ifPresent({ type: 'entered', name }), failed);
    followLeader(zooKeeper, this.#group, (first) => {
      if (zooKeeper === this.#session) this.#firstAddress = addressIn(first);
      ifPresent({ type: 'firstIs', name: first?.name ?? null });
    }).catch(failed);
  }

  async #begin(): Promise<void> {
    const { open, begin, log } = this.#options;
    try {
      const startedMs = performance.now();
      const store = await open(this.#session as ZooKeeper);
      if (!this.#election.reigns) {
        await store.close();
        return;
      }
      this.#reign = begin(store);
      this.#reign.failed.catch((error: Error) => this.#reignFailed(error));
      log.info({ address: this.#address, tookMs: Math.round(performance.now() - startedMs) }, 'this scheduler leads');
    } catch (error) {
      this.#reignFailed(error as Error);
    }
  }

  #reignFailed(error: Error): void {
    if (!this.#election.reigns) return;
    this.#options.log.warn({ cause: error.message }, 'this scheduler cannot lead any longer');
    if (!isLost(error)) this.#fail(error);
    this.#step({ type: 'reignFailed' });
  }

  async #end(): Promise<void> {
    // In this step: what has begun acts no more. What is about to begin sees that it must not.
    const closed = this.#reign?.close();
    this.#reign = null;
    const late = setTimeout(
      () => this.#fail(new Error(`what this scheduler did as the leader has not ended within ${endMaxMs} ms`)),
      endMaxMs,
    );
    await this.#beginning;
    await closed?.catch((error: Error) => this.#fail(error));
    clearTimeout(late);
    this.#options.log.info('this scheduler does not lead any more');
    this.#step({ type: 'reignEnded' });
  }
}

const textOf = ({ servers, path }: ZooKeeperUrl): string =>
  `zk://${servers.map(({ host, port }) => `${hostText(host)}:${port}`).join(',')}${path}`;

function addressIn(first: Leader | null): string | null {
  if (first === null) return null;
  try {
    const { address } = JSON.parse(first.data.toString('utf8')) as { address?: unknown };
    return typeof address === 'string' ? address : null;
  } catch {
    return null;
  }
}
