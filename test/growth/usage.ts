/** What processes use, as proc(5) tells it. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export type Usage = {
  /** Of its own, which is in no file; without the rings, whose size is fixed but which are filled little by little. */
  memoryBytes: number;
  /** Without files of the journal, which grows with the log. */
  descriptors: number;
  threads: number;
};

/** Null when there is no such process any more. */
function orGone<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}

const isJournal = (link: string) => orGone(() => readlinkSync(link))?.endsWith('.journal') ?? false;

export function usageOf(pid: number): Usage | null {
  return orGone(() => {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    // A zombie has none of them.
    const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
    return {
      memoryBytes: 1024 * field('RssAnon'),
      descriptors: readdirSync(`/proc/${pid}/fd`).filter((fd) => !isJournal(`/proc/${pid}/fd/${fd}`)).length,
      threads: field('Threads'),
    };
  });
}

/** The process and those that it, and they, have started: names by process ids. */
export function processTree(pid: number): Map<number, string> {
  const found = new Map<number, string>();
  const name = orGone(() => readFileSync(`/proc/${pid}/comm`, 'latin1').trim());
  if (name === null) return found;
  found.set(pid, name);
  for (const thread of orGone(() => readdirSync(`/proc/${pid}/task`)) ?? []) {
    const children = orGone(() => readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1')) ?? '';
    for (const child of children.split(' ').filter((word) => word !== ''))
      for (const [below, of] of processTree(Number(child))) found.set(below, of);
  }
  return found;
}
