/** What is no growth: of programs of others in ten minutes, and of GAIA itself in an hour. */
import type { Reading, Rule } from './growth.js';

const megabyte = 1 << 20;

/**
 * A program of the catalogue, its interposer or gateway. The leader is lost at a tenth of the time, and another replica has
 * joined by half of it. Allocators keep what a large value took, and clients have connections open just then. What a program is told
 * to keep must be as much in all windows: soaks see to that.
 */
export const ofPrograms: Rule = {
  judgedFromMs: 240_000,
  before: [1 / 2, 5 / 8],
  after: [7 / 8, 1],
  amounts: { memoryBytes: 8 * megabyte, descriptors: 4, threads: 2 },
  shares: { memoryBytes: 0.1 },
};

/** Of programs whose memory holds what clients have said. */
export const ofKeepers: Rule = {
  ...ofPrograms,
  amounts: { ...ofPrograms.amounts, memoryBytes: Number.POSITIVE_INFINITY },
};

const tenth = 3 / 40;

/**
 * All processes of a system. The first quarter fills caches, and the framework's plots of a quarter of an hour; then the first
 * and the last tenth are compared. A heap comes in pages. Connections that rest are closed after a while: at times there are
 * more of them.
 */
export const ofSystem: Rule = {
  judgedFromMs: 20 * 60_000,
  before: [1 / 4, 1 / 4 + tenth],
  after: [1 - tenth, 1],
  amounts: { memoryBytes: megabyte, liveBytes: megabyte, descriptors: 8, timers: 1 },
  shares: { memoryBytes: 0.01, liveBytes: 0.01, descriptors: 0.01, threads: 0.01, sharedFiles: 0.01, timers: 0.01 },
};

const hour = 1 / 24;

/**
 * A day, or a time that stands for one: its second hour and its last one are compared. `breathes`: by how much more goes up and down
 * with each snapshot or change.
 */
export const ofDay = (names: readonly string[], breathes: Reading): Rule => ({
  judgedFromMs: 0,
  before: [hour, 2 * hour],
  after: [1 - hour, 1],
  amounts: breathes,
  shares: Object.fromEntries(names.map((name) => [name, 0.01])),
});
