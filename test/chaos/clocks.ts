/** Clocks of machines that can be set: Debian's libfaketime, preloaded, reads how far each is off. Monotonic clocks stay true. */
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const library = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1';

export class Clocks {
  constructor(private readonly directory: string) {
    mkdirSync(join(directory, 'clocks'), { recursive: true });
  }

  /** Of a machine, at first not off. */
  fileOf(name: string): string {
    const file = join(this.directory, 'clocks', name);
    writeFileSync(file, textOf(0), { flag: 'a' });
    return file;
  }

  /** In place and in one piece: it may be read at any moment, and where it is mounted it stays the same file. */
  set(name: string, seconds: number): void {
    const descriptor = openSync(join(this.directory, 'clocks', name), 'r+');
    writeSync(descriptor, textOf(seconds));
    closeSync(descriptor);
  }
}

/** All as long as each other. */
const textOf = (seconds: number): string => `${seconds < 0 ? '-' : '+'}${`${Math.abs(seconds)}`.padStart(9, '0')}\n`;

/** Starts a program with the clock of `file`. */
export function withClock(file: string): string[] {
  return [
    ...['env', `LD_PRELOAD=${library}`, `FAKETIME_TIMESTAMP_FILE=${file}`],
    ...['FAKETIME_CACHE_DURATION=1', 'FAKETIME_DONT_FAKE_MONOTONIC=1', 'DONT_FAKE_MONOTONIC=1'],
  ];
}
