/** A file of lines of JSON, of bounded size: a full one is FILE.1 from then on, the one before it FILE.2, and so on. */
import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger } from 'pino';

export interface AuditFileOptions {
  file: string;
  bytesMax: number;
  /** With the one that is written; at least 2. */
  filesMax: number;
  log: Logger;
}

/** Beyond that lines are lost, which the log says; each is in the log itself, too. */
const WAITING_MAX = 10_000;

/**
 * Lines are written in their order and synchronised to the disk, some at a time, while the framework goes on: moments after `write`,
 * not before. A file that cannot be written holds up nobody, which the log says.
 */
export class AuditFile {
  readonly #options: AuditFileOptions;
  #handle: FileHandle | null = null;
  #bytes = 0;
  #waiting: string[] = [];
  #lost = 0;
  #writing: Promise<void> | null = null;

  private constructor(options: AuditFileOptions) {
    this.#options = options;
  }

  /** Goes on with the file, or makes it, for its owner only. Rejects with a sentence if it cannot be written. */
  static async open(options: AuditFileOptions): Promise<AuditFile> {
    const made = new AuditFile(options);
    await made.#open().catch((error: Error) => {
      throw new Error(`--audit-file ${options.file} cannot be written: ${error.message}`);
    });
    return made;
  }

  write(record: object): void {
    if (this.#waiting.length >= WAITING_MAX) this.#lost += 1;
    else this.#waiting.push(`${asciiJson(record)}\n`);
    this.#writing ??= this.#drain();
  }

  /** When all has been written. */
  async close(): Promise<void> {
    await this.#writing;
    await this.#handle?.close();
    this.#handle = null;
  }

  async #open(): Promise<void> {
    const { file } = this.#options;
    const handle = await open(file, 'a+', 0o600);
    this.#handle = handle;
    this.#bytes = (await handle.stat()).size;
    const last = Buffer.alloc(1);
    if (this.#bytes > 0) await handle.read(last, 0, 1, this.#bytes - 1);
    // The machine may have failed in the middle of a line: the next one begins anew.
    if (this.#bytes > 0 && last.toString() !== '\n') this.#bytes += (await handle.write('\n')).bytesWritten;
  }

  /** Never rejects. */
  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const lines = this.#waiting.length;
      try {
        await this.#append();
      } catch (error) {
        this.#waiting.splice(0, lines);
        await this.#handle?.close().catch(() => undefined);
        this.#handle = null;
        this.#tell(lines, (error as Error).message);
      }
    }
    if (this.#lost > 0) this.#tell(this.#lost, 'too many lines waited for the disk');
    this.#lost = 0;
    this.#writing = null;
  }

  #tell(lines: number, cause: string): void {
    const { file, log } = this.#options;
    log.error({ file, lines, cause }, 'lines of the audit are in this log only: the file cannot be written');
  }

  /** As many lines as the file takes, at least one. */
  async #append(): Promise<void> {
    if (this.#handle === null) await this.#open();
    if (this.#bytes > 0 && this.#bytes + (this.#waiting[0] as string).length > this.#options.bytesMax)
      await this.#rotate();
    let count = 0;
    let bytes = 0;
    for (const { length } of this.#waiting) {
      if (count > 0 && this.#bytes + bytes + length > this.#options.bytesMax) break;
      count += 1;
      bytes += length;
    }
    await this.#handle?.appendFile(this.#waiting.slice(0, count).join(''));
    await this.#handle?.datasync();
    this.#bytes += bytes;
    this.#waiting.splice(0, count);
  }

  async #rotate(): Promise<void> {
    const { file, filesMax } = this.#options;
    await this.#handle?.close();
    this.#handle = null;
    for (let number = filesMax - 1; number > 0; number -= 1) {
      await rename(number === 1 ? file : `${file}.${number - 1}`, `${file}.${number}`).catch(ignoreMissing);
    }
    await this.#open();
    const directory = await open(dirname(file));
    await directory.sync().finally(() => directory.close());
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

/** Nothing in it can end a line, or steer the terminal of who reads it. */
function asciiJson(record: object): string {
  return JSON.stringify(record).replaceAll(/[\u007f-\uffff]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
