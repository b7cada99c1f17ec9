/** What files hold, while the framework runs and they are renewed. */
import { stat } from 'node:fs/promises';
import type { Logger } from 'pino';

export interface RenewedOptions<T> {
  /** In the log: `WHAT read again`. */
  what: string;
  files: readonly string[];
  read: () => Promise<T>;
  log: Logger;
  /** How often they are looked at. */
  everyMs?: number;
}

const EVERY_MS = 10_000;

/**
 * Read again when the files change (also where links to them are moved), and on SIGHUP. With mistakes in them what was read last
 * stays, which the log says; a certificate and its key may be renewed one after the other.
 */
export class Renewed<T> {
  readonly #options: RenewedOptions<T>;
  readonly #told: ((value: T) => void)[] = [];
  #current: T;
  #seen: string;
  /** One after the other: the last to be read is the newest. */
  #reading: Promise<void> = Promise.resolve();

  private constructor(options: RenewedOptions<T>, current: T, seen: string) {
    this.#options = options;
    this.#current = current;
    this.#seen = seen;
    setInterval(() => void this.#look(), options.everyMs ?? EVERY_MS).unref();
    process.on('SIGHUP', () => this.#readAgain());
  }

  /** Rejects as `read` does. */
  static async open<T>(options: RenewedOptions<T>): Promise<Renewed<T>> {
    const seen = await signatureOf(options.files);
    return new Renewed(options, await options.read(), seen);
  }

  get current(): T {
    return this.#current;
  }

  /** `told` is called with what has been read again. */
  onChange(told: (value: T) => void): void {
    this.#told.push(told);
  }

  async #look(): Promise<void> {
    if ((await signatureOf(this.#options.files)) !== this.#seen) this.#readAgain();
  }

  #readAgain(): void {
    this.#reading = this.#reading.then(() => this.#read());
  }

  async #read(): Promise<void> {
    const { what, files, read, log } = this.#options;
    this.#seen = await signatureOf(files);
    try {
      const value = await read();
      this.#current = value;
      for (const told of this.#told) told(value);
      log.info({ files }, `${what} read again`);
    } catch (error) {
      log.error(`${what} not read again, what was read before holds: ${(error as Error).message}`);
    }
  }
}

/** Changes when one of them does. */
async function signatureOf(files: readonly string[]): Promise<string> {
  const each = files.map((file) =>
    stat(file, { bigint: true }).then(
      ({ ino, size, mtimeNs }) => `${ino} ${size} ${mtimeNs}`,
      () => 'none',
    ),
  );
  return (await Promise.all(each)).join('\n');
}
