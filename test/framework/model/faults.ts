/** What happens to the scheduler of the model test, and how often. */
import fc from 'fast-check';

const weights: Record<string, number> = {
  deliver: 20,
  deliverTogether: 10,
  tick: 20,
  progress: 15,
  reports: 10,
  fail: 4,
  duplicate: 3,
  lose: 3,
  crash: 2,
  crashAtWrite: 4,
  down: 2,
  up: 3,
  reconnect: 1,
  scale: 1,
  scalePlain: 1,
  change: 1,
  scaleKeep: 1,
  changeKeep: 1,
  deleteKeep: 1,
  restart: 1,
  kill: 2,
  drain: 2,
  endDrain: 1,
  rebalance: 1,
  vip: 3,
  sicken: 3,
  cure: 1,
};
export const kinds = fc.oneof(
  ...Object.entries(weights).map(([kind, weight]) => ({ arbitrary: fc.constant(kind), weight })),
);
