/** What the programs of the primary's machine take of its processor, by what their threads are for. */
import { sumUs, threadsOf } from '../processor.js';

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
  const ofQemu = threadsOf(qemu);
  const ofBeside = beside === null ? [] : threadsOf(beside);
  return {
    guest: sumUs(ofQemu.filter(({ name }) => guestProcessor.test(name))),
    restOfQemu: sumUs(ofQemu.filter(({ name }) => !guestProcessor.test(name))),
    loop: sumUs(ofBeside.filter(({ number }) => number === beside)),
    consensus: sumUs(ofBeside.filter(({ number }) => number !== beside)),
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
