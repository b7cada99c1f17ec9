/** Histories of an object that is linearizable: each call takes effect at a random moment between its call and its return. */
import { type Random, randomFrom } from '../../random.js';
import type { Call, Model, Value } from './index.js';

export interface Generated {
  calls: number;
  processes: number;
  objects?: number;
  /** Of the calls are not answered; half of these have an effect. */
  unknownShare?: number;
  seed: number;
}

/** Says what call number `n` asks for. */
export type Asking<Operation> = (random: Random, n: number) => Operation;

export function generated<Operation, Result extends Value>(
  model: Model<Operation, Result>,
  asking: Asking<Operation>,
  { calls, processes, objects = 1, unknownShare = 0, seed }: Generated,
): Call<Operation, Result>[] {
  const random = randomFrom(seed);
  const freeAtNs = Array.from({ length: processes }, () => 0);
  const planned = Array.from({ length: calls }, (_, n) => {
    const process = n % processes;
    const callNs = (freeAtNs[process] as number) + random() * 20;
    const returnNs = callNs + 1 + random() * 100;
    freeAtNs[process] = returnNs;
    const object = `k${Math.floor(random() * objects)}`;
    return {
      process,
      object,
      operation: asking(random, n),
      callNs,
      returnNs,
      effectNs: callNs + random() * (returnNs - callNs),
    };
  });
  const states = new Map<string, Value>();
  return planned
    .sort((a, b) => a.effectNs - b.effectNs)
    .map(({ effectNs, returnNs, ...call }) => {
      const applied = model.apply(states.get(call.object) ?? model.initial, call.operation);
      const isUnknown = random() < unknownShare;
      if (!isUnknown || random() < 0.5) states.set(call.object, applied.state);
      if (isUnknown) return { ...call, process: `${call.process} ${effectNs}`, outcome: 'unknown' as const };
      return { ...call, outcome: 'returned' as const, returnNs, result: applied.result };
    });
}
