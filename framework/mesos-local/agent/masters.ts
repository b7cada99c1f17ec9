import { isZooKeeperUrl } from '../../zookeeper/index.js';
import { LeadingMasters, masterUrl } from '../leading-master.js';

/** Where an agent looks for its master. */
export interface Masters {
  /** Who is to be tried now; null: nobody is known. */
  next(): string | null;
  /** A master that does not lead said who does. */
  redirected(url: string): void;
  start(changed: () => void): void;
  stop(): void;
}

/** Those of a list in turn, and whom they point to. */
class ListedMasters implements Masters {
  readonly #urls: readonly string[];
  #turn = 0;
  #redirected: string | null = null;

  constructor(urls: readonly string[]) {
    this.#urls = urls;
  }

  next(): string {
    const redirected = this.#redirected;
    this.#redirected = null;
    return redirected ?? (this.#urls[this.#turn++ % this.#urls.length] as string);
  }

  redirected(url: string): void {
    this.#redirected = url;
  }

  start(): void {}

  stop(): void {}
}

/** The one that leads by ZooKeeper. */
class DetectedMasters implements Masters {
  readonly #url: string;
  readonly #sessionTimeoutMs: number;
  readonly #scheme: 'http' | 'https';
  #masters: LeadingMasters | null = null;
  #leader: string | null = null;

  constructor(url: string, sessionTimeoutMs: number, scheme: 'http' | 'https') {
    this.#url = url;
    this.#scheme = scheme;
    this.#sessionTimeoutMs = sessionTimeoutMs;
  }

  next(): string | null {
    return this.#leader;
  }

  redirected(): void {}

  start(changed: () => void): void {
    const told = (leader: string | null) => {
      if (leader === this.#leader) return;
      this.#leader = leader;
      changed();
    };
    this.#masters = new LeadingMasters({
      url: this.#url,
      sessionTimeoutMs: this.#sessionTimeoutMs,
      told: (leader) => told(leader && masterUrl(leader.info, this.#scheme)),
    });
    this.#masters.start();
  }

  stop(): void {
    this.#masters?.stop();
  }
}

/**
 * @param text URLs of masters, separated by commas, or `zk://host:port,host:port/path`
 * @param scheme what all masters speak
 */
export function mastersOf(text: string, sessionTimeoutMs: number, scheme: 'http' | 'https'): Masters {
  if (isZooKeeperUrl(text)) return new DetectedMasters(text, sessionTimeoutMs, scheme);
  const urls = text.split(',').map((part) => part.trim());
  const wrong = urls.find((url) => !URL.canParse(url) || !url.startsWith(`${scheme}://`));
  if (wrong !== undefined)
    throw new Error(`--master '${wrong}': expected ${scheme}://HOST:PORT, several with commas, or zk://...`);
  return new ListedMasters(urls);
}
