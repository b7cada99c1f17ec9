import { readdirSync, readFileSync } from 'node:fs';

/** Processor time of all threads of a process so far (first field of schedstat, in nanoseconds). */
export function processorUs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.reduce(
    (sum, thread) => sum + Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1000,
    0,
  );
}
