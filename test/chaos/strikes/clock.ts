/** Clocks that jump, ahead or back, and are set right again. */
import type { Arena, Begin, Struck } from './arena.js';

/** Seconds; negative: back. */
const jumps = [1, 20, 3600, 86_400 * 30, -1, -20, -3600];

/** Of an agent and the executors there, a master or a scheduler; programs have their group's clock. */
function jumpClock(arena: Arena, pick: number): Struck {
  const { agentHosts, masterHosts, schedulerHosts, clocks } = arena.machines;
  const named = (what: string, hosts: readonly unknown[]) => hosts.map((_, at) => `${what}-${at + 1}`);
  const names = [...named('agent', agentHosts), ...named('master', masterHosts), ...named('scheduler', schedulerHosts)];
  const name = arena.pick(names, pick, 'machine');
  const seconds = jumps[Math.floor(pick / names.length) % jumps.length] as number;
  const release = arena.hold(`clock of ${name}`);
  clocks.set(name, seconds);
  return {
    target: `${name}, by ${seconds} s`,
    end: () => {
      clocks.set(name, 0);
      return release();
    },
  };
}

export const clockStrikes = { 'jump-clock': jumpClock } satisfies Record<string, Begin>;
