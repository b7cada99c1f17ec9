/** What the primary of a replicated guest may have reported. */
import type { GuestMetrics, GuestReport } from '../executor/assignment.js';

export const covered: GuestReport = { standing: 'covered', relayPort: 0, epoch: 2, primary: 1, backup: 2, synced: 0 };

export const guestMetrics: GuestMetrics = {
  rounds: {
    ...{ dirtyPages: 1000, unchangedPages: 100, zeroPages: 200, equalPages: 300, sentPages: 400 },
    ...{ wholePages: 150, streamBytes: 4_096_000, toBackupBytes: 300_000 },
  },
  triggers: { seed: 1, time: 80, mismatch: 19 },
  pauseUs: {
    count: 100,
    sum: 500_000,
    buckets: [
      [1983, 60],
      [9983, 39],
      [81_919, 1],
    ],
  },
  recent: {
    pausesUs: [1900, 1800, 9000],
    spanMs: 400,
    last: {
      ...{ number: 100, trigger: 'mismatch', dirtyPages: 50, unchangedPages: 10, zeroPages: 0, equalPages: 25 },
      ...{ sentPages: 15, wholePages: 12, streamBytes: 250_000, toBackupBytes: 20_000, pauseUs: 9000, sleeps: true },
    },
  },
  frames: { inputs: 500, outputs: 700, lost: 0, equalOutputs: 650, mismatches: 19, heldBytes: 3000, unheardMs: 0 },
  takeover: { epoch: 2, suspectedMs: 150, electedMs: 161, primaryMs: 164, outputMs: 1170 },
};
