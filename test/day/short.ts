/** What stands for a day in tests: faults follow each other closely, so that much has come and gone between its two readings. */
import type { CoreOptions } from './core.js';

export const shortDay: CoreOptions = {
  minutes: 12,
  members: 3,
  durability: 'disk',
  loadPercent: 20,
  everySeconds: 5,
  seed: 4,
};

/** Cuts that last longer than anybody may wait for an answer. */
export const cutsDay: CoreOptions = {
  minutes: 15,
  members: 3,
  durability: 'memory',
  loadPercent: 1,
  everySeconds: 20,
  seed: 9,
};
