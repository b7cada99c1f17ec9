/** What the programs of the primary's machine take of its processor, by what their threads are for. */
import { readdirSync, readFileSync } from 'node:fs';

/** Process numbers. */
export interface PrimaryPrograms {
  qemu: number;
  /** `gaia-vm` or gaia-whole-pages; null: there is none. */
  beside: number | null;
}

/** In microseconds. */
export interface ProcessorTime {
  /** QEMU's threads that are the guest's processors. */
  guest: number;
  restOfQemu: number;
  /** The first thread of what runs beside QEMU; of `gaia-vm` its loop. */
  loop: number;
  /** The other ones: of `gaia-vm` consensus. */
  consensus: number;
}

/** As QEMU names it with debug-threads=on. */
const guestProcessor = /^CPU \d+\//;

/** Since these programs began. */
export function processorTime({ qemu, beside }: PrimaryPrograms): ProcessorTime {
  const ofQemu = threads(qemu);
  const ofBeside = beside === null ? [] : threads(beside);
  return {
    guest: sum(ofQemu.filter(({ name }) => guestProcessor.test(name))),
    restOfQemu: sum(ofQemu.filter(({ name }) => !guestProcessor.test(name))),
    loop: sum(ofBeside.filter(({ number }) => number === beside)),
    consensus: sum(ofBeside.filter(({ number }) => number !== beside)),
  };
}

/** Of each answer, from one look to the next. */
export function perAnswer(from: ProcessorTime, to: ProcessorTime, answers: number): ProcessorTime {
  const each = (part: keyof ProcessorTime) => (to[part] - from[part]) / answers;
  return {
    ...{ guest: each('guest'), restOfQemu: each('restOfQemu') },
    ...{ loop: each('loop'), consensus: each('consensus') },
  };
}

interface Thread {
  number: number;
  name: string;
  us: number;
}

const sum = (some: Thread[]): number => some.reduce((all, { us }) => all + us, 0);

function threads(pid: number): Thread[] {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).flatMap((number) => readThread(`${tasks}/${number}`, Number(number)));
}

/** Nothing of one that has ended meanwhile. Linux' Documentation/scheduler/sched-stats.rst: the first number of schedstat is nanoseconds on a processor. */
function readThread(directory: string, number: number): Thread[] {
  try {
    const [ns] = readFileSync(`${directory}/schedstat`, 'utf8').split(' ');
    return [{ number, name: readFileSync(`${directory}/comm`, 'utf8').trim(), us: Number(ns) / 1000 }];
  } catch {
    return [];
  }
}
