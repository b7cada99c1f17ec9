/** The most memory that a process may have on a small cluster, as docs/operations.md says it. */
import type { Kind } from './census.js';

const megabyte = 2 ** 20;

/** Without what belongs to files. Of a replica and of what is behind a gateway that is the program's as well. */
export const ceilings: Partial<Record<Kind, number>> = {
  framework: 192 * megabyte,
  executor: 96 * megabyte,
  replica: 256 * megabyte,
  gateway: 64 * megabyte,
};

export function above(peaks: ReadonlyMap<Kind, number>): string[] {
  return [...peaks].flatMap(([kind, bytes]) => {
    const ceiling = ceilings[kind] ?? Number.POSITIVE_INFINITY;
    return bytes > ceiling ? [`${kind}: ${bytes} bytes of memory, and at most ${ceiling} are promised`] : [];
  });
}
